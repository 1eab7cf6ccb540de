// Rules that step in local time: YEARLY to DAILY recurrence rules and cron lines with fixed times.
//
// Answers are wall-clock times, as seconds since the local 1970-01-01; zones and changes are settled above
// (slot_source.h). first_from jumps to the period of `from`; a rule that never matches is known after one cycle of the
// calendar. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/domain/schedule/cron.h"
#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/rrule.h"
#include "server/domain/schedule/time_of_day.h"

namespace carillon {

class LocalRule {
 public:
  LocalRule(const RecurrenceRule& rule, std::int64_t start);
  explicit LocalRule(const CronExpression& cron);

  // The first candidate at or after `from` and not after `limit`, COUNT and UNTIL left aside.
  std::optional<std::int64_t> first_from(std::int64_t from, std::int64_t limit) const;
  // The n-th candidate (from 1) counted from the start.
  std::optional<std::int64_t> nth(std::int64_t n) const;

 private:
  // A period is one year, month, week or day; its index counts them.
  std::int64_t index_of(DayNumber day) const;
  std::int64_t aligned(std::int64_t index) const;  // the first index of the rule from here on
  std::int64_t skip_empty(std::int64_t index, std::int64_t last) const;
  void expand(std::int64_t index, std::vector<DayNumber>& days) const;
  void expand_weeks_of(int year, std::vector<DayNumber>& days) const;
  void add_month(int year, unsigned month, std::vector<DayNumber>& days) const;
  std::vector<std::int64_t> positions(std::int64_t total) const;
  std::int64_t most_in_a_period() const;
  std::int64_t candidates_in(const std::vector<DayNumber>& days) const;
  std::int64_t candidates_before_start(const std::vector<DayNumber>& days, std::int64_t total) const;
  std::int64_t candidate(const std::vector<DayNumber>& days, std::int64_t index) const;
  std::optional<std::int64_t> first_in(const std::vector<DayNumber>& days, std::int64_t from) const;

  Frequency frequency_ = Frequency::daily;
  std::int64_t interval_ = 1;
  unsigned week_start_ = 0;
  std::int64_t start_;
  std::int64_t first_index_ = 0;
  DayFilter days_;
  std::vector<int> weeks_;
  std::vector<int> set_positions_;
  TimesOfDay times_;
};

// The day parts of a rule, without what it leaves to DTSTART.
DayFilter day_filter_of(const RecurrenceRule& rule);
// A list as bits: bit n is set when n is in it.
std::uint64_t bits_of(const std::vector<int>& values);

inline constexpr std::int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59

}  // namespace carillon
