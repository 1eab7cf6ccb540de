// Facts as text: the readable half of an answer, made from the structured half, so that both say the same.
//
// Objects become lines "name: value", lists of objects one line each. Times are local with zone and distance, so that
// nobody reads UTC as local time. Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "tools/tool.h"

namespace carillon::tools {

std::string render(const ordered_json& facts);
// One fact on one line, without its name: "a · b", "kind cron · reads every hour".
std::string render_inline(const ordered_json& fact);
// A row of a list: values with " · " between them; the names in `bare` are left out before their values.
std::string render_row(const ordered_json& row, const std::vector<std::string_view>& bare);

// Both halves from the same facts.
Answer tell(const ordered_json& facts);

// "Mon 2026-11-23 07:30 Europe/Berlin, in 2 d 17 h"
std::string say_time(Instant at, const std::string& zone, Instant now);
// "120 ms", "4.1 s", "2 m 5 s", "3 h 20 m"
std::string say_duration(Duration duration);

// Adds a member unless there is nothing to say: an empty text, list or object, or nothing at all.
void add(ordered_json& facts, const char* name, const ordered_json& value);
void add_time(ordered_json& facts, const char* name, std::optional<Instant> at, const std::string& zone, Instant now);

struct Extract {
  std::string text;
  bool whole;
};
// The first `bytes_max` bytes, cut between characters.
Extract extract(std::string_view text, std::size_t bytes_max);

}  // namespace carillon::tools
