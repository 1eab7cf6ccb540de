#include "tools/render.h"

#include <algorithm>

#include "server/base/json_text.h"
#include "server/domain/schedule/schedule.h"

namespace carillon::tools {
namespace {

constexpr std::string_view kBetween = " · ";

bool is_list_of_objects(const ordered_json& value) {
  return value.is_array() && std::any_of(value.begin(), value.end(), [](const auto& item) { return item.is_object(); });
}

// Text of several lines stands below its name, indented, so that it cannot be taken for facts of ours.
std::string indented(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += "\n  " + std::string(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

void append_member(std::string& out, const std::string& name, const ordered_json& value) {
  if (!out.empty()) out += '\n';
  out += name + ":";
  if (is_list_of_objects(value)) {
    for (const auto& item : value) out += "\n- " + render_inline(item);
    return;
  }
  const std::string text = render_inline(value);
  out += text.find('\n') == std::string::npos ? " " + text : indented(text);
}

}  // namespace

std::string render_inline(const ordered_json& fact) {
  if (fact.is_string()) return fact.get<std::string>();
  if (!fact.is_structured()) return dump(fact);
  std::string out;
  for (const auto& [name, value] : fact.items()) {
    if (!out.empty()) out += kBetween;
    if (fact.is_object()) out += name + " ";
    out += value.is_object() ? "(" + render_inline(value) + ")" : render_inline(value);
  }
  return out;
}

std::string render(const ordered_json& facts) {
  if (!facts.is_object()) return render_inline(facts);
  std::string out;
  for (const auto& [name, value] : facts.items())
    if (!value.is_structured() || !value.empty()) append_member(out, name, value);
  return out;
}

std::string render_row(const ordered_json& row, const std::vector<std::string_view>& bare) {
  std::string out;
  for (const auto& [name, value] : row.items()) {
    if (!out.empty()) out += kBetween;
    if (std::find(bare.begin(), bare.end(), name) == bare.end()) out += name + " ";
    out += render_inline(value);
  }
  return out;
}

Answer tell(const ordered_json& facts) { return {.structured = json(facts), .text = render(facts)}; }

std::string say_time(Instant at, const std::string& zone, Instant now) {
  return describe_local(at, zone) + ", " + describe_distance(at, now);
}

std::string say_duration(Duration duration) {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(duration).count();
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (ms < 60'000) return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
  const auto seconds = ms / 1000;
  if (seconds < 3600) return std::to_string(seconds / 60) + " m " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " m";
}

void add(ordered_json& facts, const char* name, const ordered_json& value) {
  const bool nothing = value.is_null() || (value.is_structured() && value.empty()) ||
                       (value.is_string() && value.get_ref<const std::string&>().empty());
  if (!nothing) facts[name] = value;
}

void add_time(ordered_json& facts, const char* name, std::optional<Instant> at, const std::string& zone, Instant now) {
  if (at) facts[name] = say_time(*at, zone, now);
}

Extract extract(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return {std::string(text), true};
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return {std::string(text.substr(0, end)), false};
}

}  // namespace carillon::tools
