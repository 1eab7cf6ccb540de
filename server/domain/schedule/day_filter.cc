#include "server/domain/schedule/day_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

namespace carillon {
namespace {

constexpr DayNumber kLastDay = 2'932'896;  // 9999-12-31
constexpr int kDaysOfEra = 146'097;        // 400 years: then the calendar, weekdays included, repeats

// Days of a month that fall on one of `weekdays`, when its first is weekday `first`.
std::uint32_t days_on(std::uint8_t weekdays, unsigned first, unsigned length) {
  // Turned so that bit 0 is the weekday of the first, then repeated every seven bits.
  const std::uint32_t turned = ((std::uint32_t{weekdays} >> first) | (std::uint32_t{weekdays} << (7 - first))) & 0x7FU;
  const std::uint64_t repeated = turned * 0x0000'0008'1020'4081ULL;  // bits 0, 7, 14, 21, 28, 35
  return static_cast<std::uint32_t>(repeated << 1U) & ((2U << length) - 2U);
}

std::uint32_t mirrored(std::uint32_t from_end, unsigned length) {
  std::uint32_t out = 0;
  for (; from_end != 0; from_end &= from_end - 1) {
    const auto nth = static_cast<unsigned>(std::countr_zero(from_end));
    if (nth <= length) out |= 1U << (length + 1 - nth);
  }
  return out;
}

unsigned nearest_weekday(unsigned day, unsigned first, unsigned length) {
  const unsigned weekday = (first + day - 1) % 7;
  if (weekday == 5) return day > 1 ? day - 1 : day + 2;
  if (weekday == 6) return day < length ? day + 1 : day - 2;
  return day;
}

std::uint32_t nearest_days(std::uint32_t wanted, unsigned first, unsigned length) {
  std::uint32_t out = 0;
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto day = static_cast<unsigned>(std::countr_zero(wanted));
    if (day == 0) {  // LW: the last weekday, never in the next month
      const unsigned weekday = (first + length - 1) % 7;
      out |= 1U << (weekday >= 5 ? length - (weekday - 4) : length);
    } else if (day <= length) {
      out |= 1U << nearest_weekday(day, first, length);
    }
  }
  return out;
}

// The day of the year (from 1) on which the nth such weekday falls; 0 when there is none.
int nth_in(int nth, unsigned weekday, unsigned first, int length) {
  const int to_first = static_cast<int>((weekday + 7 - first) % 7) + 1;
  const int how_many = (length - to_first) / 7 + 1;
  const int index = nth > 0 ? nth - 1 : how_many + nth;
  return index < 0 || index >= how_many ? 0 : to_first + 7 * index;
}

struct Month {
  int year;
  unsigned month;
  DayNumber begin;
  unsigned first;  // weekday of the first
  unsigned length;
};

std::uint32_t ordinal_days(const DayFilter& filter, const Month& month) {
  std::uint32_t out = 0;
  if (filter.ordinal_scope == DayFilter::OrdinalScope::month) {
    for (const auto& item : filter.ordinals)
      out |= 1U << nth_in(item.nth, item.weekday, month.first, static_cast<int>(month.length));
    return out & ~1U;
  }
  const DayNumber new_year = day_number({month.year, 1, 1});
  const int before = month.begin - new_year;
  for (const auto& item : filter.ordinals) {
    const int day = nth_in(item.nth, item.weekday, weekday_of(new_year), days_in_year(month.year)) - before;
    if (day >= 1 && day <= static_cast<int>(month.length)) out |= 1U << day;
  }
  return out;
}

std::uint32_t year_days_of(const DayFilter& filter, const Month& month) {
  const int before = month.begin - day_number({month.year, 1, 1});
  std::uint32_t out = 0;
  for (const int nth : filter.year_days) {
    const int day = (nth > 0 ? nth : days_in_year(month.year) + 1 + nth) - before;
    if (day >= 1 && day <= static_cast<int>(month.length)) out |= 1U << day;
  }
  return out;
}

}  // namespace

DayNumber day_number(CivilDay civil) {
  const std::chrono::year_month_day date{std::chrono::year{civil.year}, std::chrono::month{civil.month},
                                         std::chrono::day{civil.day}};
  return static_cast<DayNumber>(std::chrono::sys_days{date}.time_since_epoch().count());
}

CivilDay civil_day(DayNumber day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())};
}

unsigned days_in_month(int year, unsigned month) {
  constexpr std::array<unsigned, 13> kLengths{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 ? static_cast<unsigned>(days_in_year(year) - 337) : kLengths.at(month);
}

unsigned weekday_of(DayNumber day) {
  const int weekday = (day + 3) % 7;  // 1970-01-01 was a Thursday
  return static_cast<unsigned>(weekday < 0 ? weekday + 7 : weekday);
}

int days_in_year(int year) { return std::chrono::year{year}.is_leap() ? 366 : 365; }

std::uint32_t DayFilter::days_of(int year, unsigned month) const {
  if ((months >> month & 1U) == 0) return 0;
  const DayNumber begin = day_number({year, month, 1});
  const Month here{year, month, begin, weekday_of(begin), days_in_month(year, month)};
  const std::uint32_t whole = (2U << here.length) - 2U;

  std::uint32_t by_date = whole, by_weekday = whole;
  const bool has_date = (month_days | month_days_from_end | nearest_weekdays) != 0;
  if (has_date)
    by_date = (month_days & whole) | mirrored(month_days_from_end, here.length) |
              nearest_days(nearest_weekdays, here.first, here.length);
  const bool has_weekday = weekdays != 0 || !ordinals.empty();
  if (has_weekday) by_weekday = days_on(weekdays, here.first, here.length) | ordinal_days(*this, here);

  std::uint32_t days = by_date & by_weekday;
  if (day_parts == DayParts::either && has_date && has_weekday) days = by_date | by_weekday;
  if (!year_days.empty()) days &= year_days_of(*this, here);
  return days;
}

bool DayFilter::counts(DayNumber day) const {
  const CivilDay civil = civil_day(day);
  return (days_of(civil.year, civil.month) >> civil.day & 1U) != 0;
}

std::optional<DayNumber> DayFilter::first_from(DayNumber from, DayNumber limit) const {
  limit = std::min({limit, kLastDay, from + kDaysOfEra});
  if (from > limit) return std::nullopt;
  auto [year, month, day] = civil_day(from);
  std::uint32_t days = days_of(year, month) & ~((1U << day) - 1U);
  while (days == 0) {
    if (++month > 12) {
      month = 1;
      ++year;
    }
    const DayNumber begin = day_number({year, month, 1});
    if (begin > limit) return std::nullopt;
    days = days_of(year, month);
  }
  const DayNumber found = day_number({year, month, static_cast<unsigned>(std::countr_zero(days))});
  if (found > limit) return std::nullopt;
  return found;
}

}  // namespace carillon
