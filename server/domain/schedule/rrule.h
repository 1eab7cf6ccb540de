// RFC 5545 recurrence rules: the value, its parser and its canonical text.
//
// Everything 3.3.10 forbids is refused with its position; what RFC 7529 adds (RSCALE, SKIP, leap months) is refused.
// Expansion is in recurrence.h. Values; thread-safe as such.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace carillon {

enum class Frequency { yearly, monthly, weekly, daily, hourly, minutely, secondly };

struct WeekdayItem {
  int ordinal;       // 0: every one; 2: the second; -1: the last
  unsigned weekday;  // 0 is Monday
  friend bool operator==(const WeekdayItem&, const WeekdayItem&) = default;
};

// UNTIL as written: with Z an instant, else local time; a bare date covers that local day.
struct RuleEnd {
  std::chrono::seconds since_epoch;
  enum class Form { utc, local } form;
  friend bool operator==(const RuleEnd&, const RuleEnd&) = default;
};

// Lists are sorted and without duplicates; empty means the part is absent.
struct RecurrenceRule {
  Frequency frequency = Frequency::daily;
  std::int64_t interval = 1;
  std::optional<std::int64_t> count{};
  std::optional<RuleEnd> until{};
  std::vector<int> by_month{}, by_week_number{}, by_year_day{}, by_month_day{};
  std::vector<WeekdayItem> by_day{};
  std::vector<int> by_hour{}, by_minute{}, by_second{}, by_set_position{};
  unsigned week_start = 0;
  friend bool operator==(const RecurrenceRule&, const RecurrenceRule&) = default;

  bool below_a_day() const { return frequency >= Frequency::hourly; }
};

// Refusals are arguments_invalid with details {"position": byte offset}.
Result<RecurrenceRule> parse_rrule(std::string_view text);
// "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"
std::string to_text(const RecurrenceRule& rule);

// iCalendar's way to write a time: 20261124T100000, with Z for UTC; a bare date is its midnight.
struct IcalTime {
  std::chrono::seconds since_epoch;
  RuleEnd::Form form;
};
std::optional<IcalTime> parse_ical_time(std::string_view text);
std::string to_ical(const IcalTime& time);

}  // namespace carillon
