#include "server/domain/calendar.h"

#include <algorithm>
#include <chrono>

#include "server/base/clock.h"
#include "server/domain/refusal.h"

namespace carillon {

namespace {

constexpr std::string_view kBetween = ", \t\r\n";
constexpr std::string_view kRange = "..";

struct Range {
  std::int32_t first, last;
};

std::optional<Range> range_from(std::string_view word) {
  const auto dots = word.find(kRange);
  const auto first = day_from(word.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : day_from(word.substr(dots + kRange.size()));
  if (!first || !last || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

Error too_many(std::string_view pointer) {
  return {ErrorCode::too_large, "a calendar has at most " + std::to_string(kCalendarDaysMax) + " days",
          std::string(pointer)};
}

}  // namespace

std::optional<std::int32_t> day_from(std::string_view date) {
  if (date.size() != 10) return std::nullopt;
  const auto midnight = parse_rfc3339(std::string(date) + "T00:00:00Z");
  if (!midnight) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(midnight->time_since_epoch()).count());
}

std::string date_text(std::int32_t day) { return to_rfc3339(Instant{std::chrono::days{day}}).substr(0, 10); }

Days in_order(Days days) {
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  return days;
}

Result<Days> read_days(std::string_view text, std::string_view pointer) {
  Days days;
  while (true) {
    const auto begin = text.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) return in_order(std::move(days));
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    text.remove_prefix(word.size());
    const auto range = range_from(word);
    if (!range)
      return invalid(
          "\"" + std::string(word.substr(0, 40)) + "\" is no date; write 2026-12-25 or 2026-12-25..2027-01-01",
          std::string(pointer), std::string(word.substr(0, 100)));
    if (static_cast<std::size_t>(range->last - range->first) + days.size() >= kCalendarDaysMax)
      return too_many(pointer);
    for (auto day = range->first; day <= range->last; ++day) days.push_back(day);
  }
}

std::string reads(const Days& days) {
  std::string out;
  for (std::size_t i = 0; i < days.size();) {
    std::size_t end = i;
    while (end + 1 < days.size() && days[end + 1] == days[end] + 1) ++end;
    out += (out.empty() ? "" : ", ") + date_text(days[i]);
    if (end > i) out += (end == i + 1 ? ", " : std::string(kRange)) + date_text(days[end]);
    i = end + 1;
  }
  return out;
}

}  // namespace carillon
