#include "server/domain/schedule/local_rule.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

namespace carillon {
namespace {

// How many periods until the calendar, weekdays included, begins again: 400 years.
constexpr std::array<std::int64_t, 4> kPeriodsOfEra{400, 4800, 20871, 146097};

DayNumber day_of_second(std::int64_t seconds) { return static_cast<DayNumber>(floor_div(seconds, kDaySeconds)); }

DayNumber first_week_of(int year, unsigned week_start) {
  const DayNumber fourth = day_number({year, 1, 4});  // is always in week 1
  return fourth - static_cast<DayNumber>((weekday_of(fourth) + 7 - week_start) % 7);
}

// What the rule does not say is taken from DTSTART (RFC 5545 3.3.10).
DayFilter completed_filter(const RecurrenceRule& rule, DayNumber start) {
  DayFilter filter = day_filter_of(rule);
  const CivilDay civil = civil_day(start);
  const bool has_days = !rule.by_day.empty() || !rule.by_month_day.empty() || !rule.by_year_day.empty();
  const bool by_start_date = rule.frequency == Frequency::yearly || rule.frequency == Frequency::monthly;
  if (has_days || rule.frequency == Frequency::daily) return filter;
  if (rule.frequency == Frequency::weekly || !rule.by_week_number.empty()) {
    filter.weekdays = static_cast<std::uint8_t>(1U << weekday_of(start));
  } else if (by_start_date) {
    filter.month_days = 1U << civil.day;
    if (rule.frequency == Frequency::yearly && rule.by_month.empty())
      filter.months = static_cast<std::uint16_t>(1U << civil.month);
  }
  return filter;
}

}  // namespace

std::uint64_t bits_of(const std::vector<int>& values) {
  std::uint64_t bits = 0;
  for (const int value : values) bits |= std::uint64_t{1} << value;
  return bits;
}

DayFilter day_filter_of(const RecurrenceRule& rule) {
  DayFilter filter;
  if (!rule.by_month.empty()) filter.months = static_cast<std::uint16_t>(bits_of(rule.by_month));
  for (const int day : rule.by_month_day) {
    if (day > 0) filter.month_days |= 1U << day;
    if (day < 0) filter.month_days_from_end |= 1U << -day;
  }
  for (const auto& item : rule.by_day) {
    if (item.ordinal == 0) filter.weekdays |= static_cast<std::uint8_t>(1U << item.weekday);
    if (item.ordinal != 0) filter.ordinals.push_back({item.ordinal, item.weekday});
  }
  if (rule.frequency == Frequency::yearly && rule.by_month.empty())
    filter.ordinal_scope = DayFilter::OrdinalScope::year;
  filter.year_days = rule.by_year_day;
  return filter;
}

LocalRule::LocalRule(const RecurrenceRule& rule, std::int64_t start)
    : frequency_(rule.frequency),
      interval_(rule.interval),
      week_start_(rule.week_start),
      start_(start),
      days_(completed_filter(rule, day_of_second(start))),
      weeks_(rule.by_week_number),
      set_positions_(rule.by_set_position) {
  const std::int64_t time = start - day_of_second(start) * kDaySeconds;
  const auto one = [](std::int64_t n) { return std::uint64_t{1} << n; };
  times_.hours = rule.by_hour.empty() ? one(time / 3600) : bits_of(rule.by_hour);
  times_.minutes = rule.by_minute.empty() ? one(time / 60 % 60) : bits_of(rule.by_minute);
  times_.seconds = rule.by_second.empty() ? one(time % 60) : bits_of(rule.by_second);
  first_index_ = index_of(day_of_second(start));
  // The first days of January may lie in the last numbered week of the year before.
  if (!weeks_.empty() && interval_ == 1) --first_index_;
}

LocalRule::LocalRule(const CronExpression& cron)
    : start_(day_number({1, 1, 1}) * kDaySeconds),
      days_(cron.days),
      times_{.hours = cron.hours, .minutes = cron.minutes, .seconds = cron.seconds} {
  first_index_ = index_of(day_of_second(start_));
}

std::optional<std::int64_t> LocalRule::first_from(std::int64_t from, std::int64_t limit) const {
  from = std::max(from, start_);
  limit = std::min(limit, kLastSecond);
  if (from > limit) return std::nullopt;
  if (!set_positions_.empty() && positions(most_in_a_period()).empty()) return std::nullopt;
  const std::int64_t era = kPeriodsOfEra.at(static_cast<std::size_t>(frequency_));
  // A numbered week may reach into the year before and after, so begin one year early.
  std::int64_t index = aligned(index_of(day_of_second(from)) - (weeks_.empty() ? 0 : 1));
  const std::int64_t cycle_end = index + std::lcm(interval_, era) + 1;
  const std::int64_t last = std::min(cycle_end, index_of(day_of_second(limit)) + (weeks_.empty() ? 0 : 1));
  std::vector<DayNumber> days;
  for (; index <= last; index += interval_) {
    index = skip_empty(index, last);
    if (index > last) break;
    expand(index, days);
    if (days.empty()) continue;
    const auto found = first_in(days, from);
    if (found) return *found <= limit ? found : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::int64_t> LocalRule::nth(std::int64_t n) const {
  if (!first_from(start_, kLastSecond)) return std::nullopt;
  const std::int64_t last = index_of(day_of_second(kLastSecond)), start_index = index_of(day_of_second(start_));
  const std::int64_t cycle = std::lcm(interval_, kPeriodsOfEra.at(static_cast<std::size_t>(frequency_)));
  // Calendar and interval together repeat: once a whole cycle has been counted, the others are jumped over.
  struct Counted {
    std::int64_t begin, left;
  };
  std::optional<Counted> counted;
  std::vector<DayNumber> days;
  for (std::int64_t index = first_index_; index <= last; index += interval_) {
    index = skip_empty(index, last);
    if (index > last) break;
    if (counted && index >= counted->begin + cycle) {
      const std::int64_t in_cycle = counted->left - n;
      const std::int64_t cycles = in_cycle == 0 ? last : (n - 1) / in_cycle;
      if (cycles > (last - index) / cycle) return std::nullopt;
      n -= cycles * in_cycle;
      index += cycles * cycle;
      counted->begin = last + 1;  // never again
    }
    expand(index, days);
    const std::int64_t total = candidates_in(days), before = candidates_before_start(days, total);
    if (n <= total - before) return candidate(days, before + n - 1);
    n -= total - before;
    if (!counted && index >= start_index) counted = Counted{index + interval_, n};
  }
  return std::nullopt;
}

std::int64_t LocalRule::index_of(DayNumber day) const {
  const CivilDay civil = civil_day(day);
  switch (frequency_) {
    case Frequency::yearly:
      return civil.year;
    case Frequency::monthly:
      return std::int64_t{civil.year} * 12 + civil.month - 1;
    case Frequency::weekly:
      return floor_div(day + 3 - static_cast<DayNumber>(week_start_), 7);
    default:
      return day;
  }
}

std::int64_t LocalRule::aligned(std::int64_t index) const {
  if (index <= first_index_) return first_index_;
  const std::int64_t steps = (index - first_index_ + interval_ - 1) / interval_;
  return first_index_ + steps * interval_;
}

std::int64_t LocalRule::skip_empty(std::int64_t index, std::int64_t last) const {
  if (frequency_ != Frequency::daily) return index;
  while (index <= last) {
    const auto day = days_.first_from(static_cast<DayNumber>(index),
                                      static_cast<DayNumber>(std::min<std::int64_t>(last, 3'000'000)));
    if (!day) return last + 1;
    index = aligned(*day);
    if (index == *day) return index;
  }
  return last + 1;
}

void LocalRule::expand(std::int64_t index, std::vector<DayNumber>& days) const {
  days.clear();
  switch (frequency_) {
    case Frequency::yearly:
      if (!weeks_.empty()) return expand_weeks_of(static_cast<int>(index), days);
      for (unsigned month = 1; month <= 12; ++month) add_month(static_cast<int>(index), month, days);
      return;
    case Frequency::monthly:
      return add_month(static_cast<int>(floor_div(index, 12)),
                       static_cast<unsigned>(index - floor_div(index, 12) * 12) + 1, days);
    case Frequency::weekly: {
      const auto begin = static_cast<DayNumber>(index * 7 - 3) + static_cast<DayNumber>(week_start_);
      for (DayNumber day = begin; day < begin + 7; ++day) {
        const bool wanted = (days_.weekdays >> weekday_of(day) & 1U) != 0;
        if (wanted && (days_.months >> civil_day(day).month & 1U) != 0) days.push_back(day);
      }
      return;
    }
    default:
      days.push_back(static_cast<DayNumber>(index));  // skip_empty has chosen it
  }
}

void LocalRule::expand_weeks_of(int year, std::vector<DayNumber>& days) const {
  const DayNumber first = first_week_of(year, week_start_);
  const int weeks = (first_week_of(year + 1, week_start_) - first) / 7;
  std::uint64_t wanted = 0;
  for (const int week : weeks_) {
    const int number = week > 0 ? week : weeks + 1 + week;
    if (number >= 1 && number <= weeks) wanted |= std::uint64_t{1} << number;
  }
  for (; wanted != 0; wanted &= wanted - 1) {
    const DayNumber begin = first + 7 * (std::countr_zero(wanted) - 1);
    for (DayNumber day = begin; day < begin + 7; ++day)
      if (days_.counts(day)) days.push_back(day);
  }
}

void LocalRule::add_month(int year, unsigned month, std::vector<DayNumber>& days) const {
  std::uint32_t bits = days_.days_of(year, month);
  if (bits == 0) return;
  const DayNumber before = day_number({year, month, 1}) - 1;
  for (; bits != 0; bits &= bits - 1) days.push_back(before + std::countr_zero(bits));
}

// BYSETPOS as indexes into the candidates of a period, ascending.
std::vector<std::int64_t> LocalRule::positions(std::int64_t total) const {
  std::vector<std::int64_t> out;
  for (const int position : set_positions_) {
    const std::int64_t index = position > 0 ? position - 1 : total + position;
    if (index >= 0 && index < total) out.push_back(index);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::int64_t LocalRule::most_in_a_period() const {
  const std::array<std::int64_t, 4> days{371, 31, std::popcount(days_.weekdays), 1};
  return days.at(static_cast<std::size_t>(frequency_)) * times_.count();
}

std::int64_t LocalRule::candidates_in(const std::vector<DayNumber>& days) const {
  const std::int64_t total = static_cast<std::int64_t>(days.size()) * times_.count();
  return set_positions_.empty() ? total : static_cast<std::int64_t>(positions(total).size());
}

// How many of a period's candidates lie before the start: only the first period has any.
std::int64_t LocalRule::candidates_before_start(const std::vector<DayNumber>& days, std::int64_t total) const {
  if (total == 0 || candidate(days, 0) >= start_) return 0;
  std::int64_t low = 0, high = total;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (candidate(days, middle) < start_ ? low : high) = middle;
  }
  return high;
}

std::int64_t LocalRule::candidate(const std::vector<DayNumber>& days, std::int64_t index) const {
  const std::int64_t in_day = times_.count();
  if (!set_positions_.empty())
    index = positions(static_cast<std::int64_t>(days.size()) * in_day).at(static_cast<std::size_t>(index));
  return days.at(static_cast<std::size_t>(index / in_day)) * kDaySeconds + times_.at(index % in_day);
}

std::optional<std::int64_t> LocalRule::first_in(const std::vector<DayNumber>& days, std::int64_t from) const {
  if (!set_positions_.empty()) {
    const std::int64_t in_day = times_.count();
    for (const std::int64_t index : positions(static_cast<std::int64_t>(days.size()) * in_day)) {
      const std::int64_t found =
          days.at(static_cast<std::size_t>(index / in_day)) * kDaySeconds + times_.at(index % in_day);
      if (found >= from) return found;
    }
    return std::nullopt;
  }
  const DayNumber from_day = day_of_second(from);
  for (auto day = std::lower_bound(days.begin(), days.end(), from_day); day != days.end(); ++day) {
    const std::int64_t midnight = *day * kDaySeconds;
    if (const auto time = times_.first_from(std::max<std::int64_t>(0, from - midnight))) return midnight + *time;
  }
  return std::nullopt;
}

}  // namespace carillon
