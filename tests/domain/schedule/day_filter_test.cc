#include "server/domain/schedule/day_filter.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("day numbers and civil days go both ways over the whole calendar", "[domain][schedule][day_filter]") {
  CHECK(day_number({1970, 1, 1}) == 0);
  CHECK(weekday_of(0) == 3);
  int previous_year = 1600;
  for (DayNumber day = day_number({1601, 1, 1}); day < day_number({2401, 1, 1}); ++day) {
    const CivilDay civil = civil_day(day);
    REQUIRE(day_number(civil) == day);
    if (civil.month == 1 && civil.day == 1) REQUIRE(civil.year == ++previous_year);
  }
}

TEST_CASE("a month of days is what asking day by day gives", "[domain][schedule][day_filter]") {
  DayFilter filter;
  filter.weekdays = 0b0010101;
  filter.month_days = 0b1110;
  filter.month_days_from_end = 0b10;
  filter.day_parts = GENERATE(DayFilter::DayParts::both, DayFilter::DayParts::either);
  for (DayNumber day = day_number({2024, 1, 1}); day < day_number({2029, 1, 1}); ++day) {
    const CivilDay civil = civil_day(day);
    const bool weekday = weekday_of(day) % 2 == 0 && weekday_of(day) < 5;
    const bool date = civil.day <= 3 || civil.day == days_in_month(civil.year, civil.month);
    const bool wanted = filter.day_parts == DayFilter::DayParts::both ? weekday && date : weekday || date;
    REQUIRE(filter.counts(day) == wanted);
  }
}

TEST_CASE("ordinals count in the month or in the year", "[domain][schedule][day_filter]") {
  DayFilter filter;
  filter.ordinals = {{-1, 4}};
  CHECK(filter.days_of(2026, 11) == 1U << 27U);
  filter.ordinal_scope = DayFilter::OrdinalScope::year;
  CHECK(filter.days_of(2026, 11) == 0);
  CHECK(filter.days_of(2026, 12) == 1U << 25U);
}

TEST_CASE("the search for a day ends at its limit and after one turn of the calendar",
          "[domain][schedule][day_filter]") {
  DayFilter never;
  never.months = 1U << 2U;
  never.month_days = 1U << 30U;
  CHECK_FALSE(never.first_from(0, 3'000'000));
  DayFilter leap_day;
  leap_day.months = 1U << 2U;
  leap_day.month_days = 1U << 29U;
  CHECK(leap_day.first_from(day_number({2097, 1, 1}), 3'000'000) == day_number({2104, 2, 29}));
  CHECK_FALSE(leap_day.first_from(day_number({2097, 1, 1}), day_number({2104, 2, 28})));
}
