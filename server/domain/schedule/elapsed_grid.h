// Rules that step in elapsed time: HOURLY, MINUTELY and SECONDLY recurrence rules, and cron lines that follow the
// clock.
//
// A grid of windows (a second, minute or hour long) goes on through every change of the clock; inside them, the
// wall-clock fields choose. The search works on stretches of constant offset, where local time is plain arithmetic, and
// jumps over days, hours and minutes that do not count. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/domain/schedule/cron.h"
#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/rrule.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/zone.h"

namespace carillon {

class ElapsedGrid {
 public:
  ElapsedGrid(const RecurrenceRule& rule, UtcSeconds start, Zone zone);
  ElapsedGrid(const CronExpression& cron, Zone zone);

  // The first candidate at or after `from` and not after `limit`, COUNT and UNTIL left aside.
  std::optional<UtcSeconds> first_from(UtcSeconds from, UtcSeconds limit) const;
  // The n-th candidate (from 1) counted from the start; too_many when counting would take too long.
  struct Nth {
    std::optional<UtcSeconds> at;
    bool too_many;
  };
  Nth nth(std::int64_t n) const;

 private:
  struct Search;  // one question's scratch
  std::int64_t largest_window() const;
  Nth walk_to(std::int64_t n) const;
  std::int64_t candidates_in(Search& search, std::int64_t from, std::int64_t end, std::int64_t base) const;
  std::optional<std::int64_t> any_from(std::int64_t from, std::int64_t limit) const;
  std::optional<std::int64_t> search_span(Search& search, std::int64_t from, std::int64_t end, std::int64_t base) const;
  std::int64_t after_mismatch(Search& search, std::int64_t at, std::int64_t end) const;
  bool reachable(std::int64_t base) const;
  std::optional<std::int64_t> chosen_in(std::int64_t window, std::int64_t from) const;

  Zone zone_;
  std::int64_t start_, base_;  // UTC seconds: nothing before start_; windows begin at base_ + n * step_
  std::int64_t step_ = 1, window_ = 1;
  DayFilter days_;
  bool every_day_ = true;
  TimesOfDay times_;
  std::vector<int> set_positions_;
};

}  // namespace carillon
