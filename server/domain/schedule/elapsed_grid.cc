#include "server/domain/schedule/elapsed_grid.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <map>
#include <numeric>

#include "server/domain/schedule/local_rule.h"
#include "server/domain/schedule/time_of_day.h"

namespace carillon {
namespace {

constexpr std::int64_t kEraSeconds = 146'097 * kDaySeconds;
constexpr std::int64_t kLastHistory = 4'102'444'800;  // 2100: from here on zones repeat with the calendar
constexpr int kPatience = 256;                        // misses before asking whether the span can match at all
constexpr int kStepsMax = 1'000'000;                  // of one search: beyond it the next slot is centuries away
constexpr std::int64_t kCountStepsMax = 200'000;      // steps that are taken to find the end of a COUNT

std::int64_t modulo(std::int64_t a, std::int64_t b) { return a - floor_div(a, b) * b; }

bool is_everything(const DayFilter& filter) {
  return filter.months == DayFilter{}.months && filter.weekdays == 0 && filter.ordinals.empty() &&
         filter.month_days == 0 && filter.month_days_from_end == 0 && filter.nearest_weekdays == 0 &&
         filter.year_days.empty();
}

}  // namespace

struct ElapsedGrid::Search {
  int steps = 0;
  DayNumber day = std::numeric_limits<DayNumber>::min();  // the day that was asked about last
  bool counts = false;
  std::vector<std::pair<std::int64_t, bool>> reachable{};  // by base modulo the common step
};

ElapsedGrid::ElapsedGrid(const RecurrenceRule& rule, UtcSeconds start, Zone zone)
    : zone_(zone),
      start_(start.time_since_epoch().count()),
      base_(start_),
      days_(day_filter_of(rule)),
      every_day_(is_everything(days_)),
      set_positions_(rule.by_set_position) {
  const std::int64_t local = zone_.to_local(start).time_since_epoch().count();
  const std::int64_t unit = rule.frequency == Frequency::hourly ? 3600 : rule.frequency == Frequency::minutely ? 60 : 1;
  step_ = unit * rule.interval;
  // A finer part that is given opens the window; a finer part that is not comes from DTSTART.
  if (rule.frequency == Frequency::hourly && !rule.by_minute.empty()) window_ = 3600;
  if (window_ == 1 && unit > 1 && !rule.by_second.empty()) window_ = 60;
  base_ = start_ - modulo(local, window_);
  times_.hours = rule.by_hour.empty() ? TimesOfDay::kAllHours : bits_of(rule.by_hour);
  times_.minutes = rule.by_minute.empty() ? TimesOfDay::kAllSixty : bits_of(rule.by_minute);
  times_.seconds = rule.by_second.empty() ? TimesOfDay::kAllSixty : bits_of(rule.by_second);
  if (window_ == 3600 && rule.by_second.empty()) times_.seconds = std::uint64_t{1} << modulo(local, 60);
}

ElapsedGrid::ElapsedGrid(const CronExpression& cron, Zone zone)
    : zone_(zone),
      start_(std::int64_t{day_number({1, 1, 1})} * kDaySeconds),
      base_(start_),
      days_(cron.days),
      every_day_(is_everything(days_)),
      times_{.hours = cron.hours, .minutes = cron.minutes, .seconds = cron.seconds} {}

std::optional<UtcSeconds> ElapsedGrid::first_from(UtcSeconds from, UtcSeconds limit) const {
  const std::int64_t last = std::min(limit.time_since_epoch().count(), kLastSecond);
  std::int64_t at = std::max(from.time_since_epoch().count(), start_);
  const auto answer = [&](std::optional<std::int64_t> found) -> std::optional<UtcSeconds> {
    if (!found || *found > last) return std::nullopt;
    return UtcSeconds{Seconds{*found}};
  };
  if (set_positions_.empty()) return answer(any_from(at, last));

  const std::int64_t largest = largest_window();
  if (std::none_of(set_positions_.begin(), set_positions_.end(), [&](int p) { return std::abs(p) <= largest; }))
    return std::nullopt;
  std::int64_t window = base_ + floor_div(at - base_, step_) * step_;
  for (int tries = 0; tries < kStepsMax / 10 && window <= last; ++tries) {
    if (const auto found = chosen_in(window, at)) return answer(found);
    const auto next = any_from(std::max(window + window_, start_), last);
    if (!next) return std::nullopt;
    window = base_ + floor_div(*next - base_, step_) * step_;
  }
  return std::nullopt;
}

ElapsedGrid::Nth ElapsedGrid::nth(std::int64_t n) const {
  const bool plain = every_day_ && window_ == 1 && set_positions_.empty() && times_.count() == kDaySeconds;
  if (plain) {
    if (n - 1 > (kLastSecond - start_) / step_) return {std::nullopt, false};
    return {UtcSeconds{Seconds{start_ + (n - 1) * step_}}, false};
  }
  if (!first_from(UtcSeconds{Seconds{start_}}, UtcSeconds{Seconds{kLastSecond}})) return {std::nullopt, false};
  if (set_positions_.empty()) return walk_to(n);
  if (n > kCountStepsMax / largest_window()) return {std::nullopt, true};
  std::optional<UtcSeconds> at;
  UtcSeconds from{Seconds{start_}};
  for (std::int64_t i = 0; i < n; ++i) {
    at = first_from(from, UtcSeconds{Seconds{kLastSecond}});
    if (!at) return {std::nullopt, false};
    from = *at + Seconds{1};
  }
  return {at, false};
}

// The most candidates that a window can have.
std::int64_t ElapsedGrid::largest_window() const {
  if (window_ == 1) return 1;
  return std::popcount(times_.seconds) * (window_ == 60 ? 1 : std::popcount(times_.minutes));
}

// Counts candidates one by one, but whole days at once where the number in a day is known: it depends only on where
// midnight lies in the step, as long as the offset does not change during the day.
ElapsedGrid::Nth ElapsedGrid::walk_to(std::int64_t n) const {
  Search search;
  std::map<std::int64_t, std::int64_t> in_a_day;  // by midnight modulo the step
  std::int64_t work = 0;
  for (std::int64_t from = start_; from <= kLastSecond;) {
    const OffsetSpan span = zone_.span_at(UtcSeconds{Seconds{from}});
    const std::int64_t offset = span.offset.count(), base = base_ + offset;
    const std::int64_t end = std::min(span.end.time_since_epoch().count(), kLastSecond + 1) + offset;
    for (std::int64_t at = from + offset; at < end;) {
      if (++work > kCountStepsMax) return {std::nullopt, true};
      const std::int64_t midnight = floor_div(at, kDaySeconds) * kDaySeconds, next_midnight = midnight + kDaySeconds;
      search.steps = 0;
      if (at == midnight && next_midnight <= end) {
        const auto day = static_cast<DayNumber>(midnight / kDaySeconds);
        if (!every_day_ && !days_.counts(day)) {
          const auto next = days_.first_from(day + 1, static_cast<DayNumber>(floor_div(end, kDaySeconds)));
          at = std::min(next ? *next * kDaySeconds : end, end);
          continue;
        }
        auto known = in_a_day.find(modulo(midnight - base, step_));
        if (known == in_a_day.end()) {
          const std::int64_t count = candidates_in(search, midnight, next_midnight, base);
          known = in_a_day.emplace(modulo(midnight - base, step_), count).first;
          work += count;
        }
        if (known->second < n) {
          n -= known->second;
          at = next_midnight;
          continue;
        }
      }
      const auto found = search_span(search, at, std::min(next_midnight, end), base);
      if (found && --n == 0) return {UtcSeconds{Seconds{*found - offset}}, false};
      at = found ? *found + 1 : std::min(next_midnight, end);
    }
    from = std::max(end - offset, from + 1);
  }
  return {std::nullopt, false};
}

std::int64_t ElapsedGrid::candidates_in(Search& search, std::int64_t from, std::int64_t end, std::int64_t base) const {
  std::int64_t count = 0;
  for (auto at = search_span(search, from, end, base); at; at = search_span(search, *at + 1, end, base)) ++count;
  return count;
}

// BYSETPOS left aside.
std::optional<std::int64_t> ElapsedGrid::any_from(std::int64_t from, std::int64_t limit) const {
  // Step, calendar and zone together repeat: what has not matched by then never will.
  const std::int64_t cycles = step_ / std::gcd(step_, kEraSeconds);
  const std::int64_t begin = std::max(from, kLastHistory);
  if (cycles <= (limit - begin) / kEraSeconds) limit = std::min(limit, begin + cycles * kEraSeconds);

  Search search;
  while (from <= limit) {
    const OffsetSpan span = zone_.span_at(UtcSeconds{Seconds{from}});
    const std::int64_t offset = span.offset.count();
    const std::int64_t end = std::min(span.end.time_since_epoch().count(), limit + 1);
    if (const auto found = search_span(search, from + offset, end + offset, base_ + offset)) return *found - offset;
    if (search.steps >= kStepsMax) return std::nullopt;
    from = std::max(end, from + 1);
  }
  return std::nullopt;
}

// Within one span, in local seconds: the first match at or after `at` and before `end`.
std::optional<std::int64_t> ElapsedGrid::search_span(Search& search, std::int64_t at, std::int64_t end,
                                                     std::int64_t base) const {
  for (int misses = 0; at < end; ++misses, ++search.steps) {
    if (search.steps >= kStepsMax) return std::nullopt;
    if (misses == kPatience) {
      const std::int64_t key = modulo(base, std::gcd(step_, kDaySeconds));
      auto known = std::find_if(search.reachable.begin(), search.reachable.end(),
                                [&](const auto& pair) { return pair.first == key; });
      if (known == search.reachable.end()) known = search.reachable.insert(known, {key, reachable(base)});
      if (!known->second) return std::nullopt;
    }
    const std::int64_t window = base + floor_div(at - base, step_) * step_;
    if (at - window >= window_) {
      at = window + step_;
      if (at >= end) return std::nullopt;
    }
    const std::int64_t next = after_mismatch(search, at, end);
    if (next == at) return at;
    at = next;
  }
  return std::nullopt;
}

// `at` when all its fields count, else the first second after it that may.
std::int64_t ElapsedGrid::after_mismatch(Search& search, std::int64_t at, std::int64_t end) const {
  const std::int64_t day = floor_div(at, kDaySeconds);
  const std::int64_t midnight = day * kDaySeconds;
  if (!every_day_) {
    if (search.day != day) {
      search.day = static_cast<DayNumber>(day);
      search.counts = days_.counts(search.day);
    }
    if (!search.counts) {
      const auto next = days_.first_from(search.day + 1, static_cast<DayNumber>(floor_div(end, kDaySeconds)));
      return next ? *next * kDaySeconds : end;
    }
  }
  const auto time = times_.first_from(at - midnight);
  return time ? midnight + *time : midnight + kDaySeconds;
}

// Can any window contain a time of day that counts? Windows move through the day in steps of the greatest common
// divisor.
bool ElapsedGrid::reachable(std::int64_t base) const {
  const std::int64_t common = std::gcd(step_, kDaySeconds);
  // Whole hours or minutes that count are taken as one block, so that few blocks are looked at.
  const bool whole_minutes = times_.seconds == TimesOfDay::kAllSixty;
  const bool whole_hours = whole_minutes && times_.minutes == TimesOfDay::kAllSixty;
  const std::uint64_t minutes = whole_hours ? 1 : times_.minutes, seconds = whole_minutes ? 1 : times_.seconds;
  const std::int64_t block = whole_hours ? 3600 : whole_minutes ? 60 : 1;
  for (auto hour = times_.hours; hour != 0; hour &= hour - 1)
    for (auto minute = minutes; minute != 0; minute &= minute - 1)
      for (auto second = seconds; second != 0; second &= second - 1) {
        const std::int64_t begin =
            std::countr_zero(hour) * 3600 + std::countr_zero(minute) * 60 + std::countr_zero(second);
        const std::int64_t into_step = modulo(begin - base, common);
        if (into_step < window_ || into_step + block > common) return true;
      }
  return false;
}

// The first candidate at or after `from` that BYSETPOS chooses in the window that begins at `window`.
std::optional<std::int64_t> ElapsedGrid::chosen_in(std::int64_t window, std::int64_t from) const {
  std::vector<std::int64_t> all;
  const std::int64_t last = window + window_ - 1;
  for (auto found = any_from(window, last); found; found = any_from(*found + 1, last)) all.push_back(*found);
  std::optional<std::int64_t> best;
  for (const int position : set_positions_) {
    const auto size = static_cast<std::int64_t>(all.size());
    const std::int64_t index = position > 0 ? position - 1 : size + position;
    if (index < 0 || index >= size) continue;
    const std::int64_t candidate = all[static_cast<std::size_t>(index)];
    if (candidate >= from && (!best || candidate < *best)) best = candidate;
  }
  return best;
}

}  // namespace carillon
