// Run handles: how people and agents name runs. `morning-brief#142`; a retry of it is `morning-brief#142.2`.
// A slot that did not run has a number too, so every row of list_runs can be opened. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carillon {

struct RunHandle {
  std::string task;         // the task's name
  std::int64_t number = 0;  // from 1
  int retry = 1;            // 1 for the first, 2 for `.2`
  friend bool operator==(const RunHandle&, const RunHandle&) = default;
};

std::string to_string(const RunHandle& handle);
std::optional<RunHandle> parse_run_handle(std::string_view text);

}  // namespace carillon
