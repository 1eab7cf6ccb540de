#include "server/domain/schedule/words.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("weekdays and months are known by name and by three letters or more", "[domain][schedule][words]") {
  for (unsigned day = 0; day < 7; ++day) {
    CHECK(weekday_from(weekday_name(day)) == day);
    CHECK(weekday_from(weekday_name(day).substr(0, 3)) == day);
    CHECK(weekday_from(std::string(weekday_name(day)) + "s") == day);
  }
  for (unsigned month = 1; month <= 12; ++month) CHECK(month_from(month_name(month).substr(0, 3)) == month);
  for (const auto* word : {"mo", "month", "weekday", "second", "", "mondayy"}) CHECK_FALSE(weekday_from(word));
}

TEST_CASE("ordinals go both ways", "[domain][schedule][words]") {
  for (int nth = 1; nth <= 31; ++nth) {
    CHECK(ordinal_from(date_ordinal(nth)) == nth);
    CHECK(ordinal_from(ordinal_name(nth)) == nth);
  }
  CHECK(date_ordinal(11) == "11th");
  CHECK(date_ordinal(22) == "22nd");
  CHECK(date_ordinal(-1) == "last day");
  CHECK(ordinal_name(-2) == "second to last");
  for (const auto* word : {"1nd", "0th", "99th", "st", "11st"}) CHECK_FALSE(ordinal_from(word));
}

TEST_CASE("units of time are known by letter and by name", "[domain][schedule][words]") {
  for (const auto unit : {TimeUnit::second, TimeUnit::minute, TimeUnit::hour, TimeUnit::day, TimeUnit::week,
                          TimeUnit::month, TimeUnit::year}) {
    CHECK(unit_from(unit_name(unit)) == unit);
    CHECK(unit_from(std::string(unit_name(unit)) + "s") == unit);
  }
  CHECK(unit_from("m") == TimeUnit::minute);
  CHECK(unit_from("MIN") == TimeUnit::minute);
  CHECK_FALSE(unit_from("fortnight"));
  CHECK(seconds_in(TimeUnit::week) == 604'800);
}

TEST_CASE("wall-clock times are written with seconds only where there are any", "[domain][schedule][words]") {
  const LocalSeconds time{std::chrono::local_days{std::chrono::November / 20 / 2026} + std::chrono::minutes{450}};
  CHECK(wall_date(time) == "2026-11-20");
  CHECK(wall_time(time) == "07:30");
  CHECK(wall_time(time + Seconds{5}) == "07:30:05");
}
