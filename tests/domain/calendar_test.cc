#include "server/domain/calendar.h"

#include <catch2/catch.hpp>

#include "server/domain/schedule/schedule.h"

using namespace carillon;

namespace {

Days days(const std::string& text) { return *read_days(text, ""); }

Schedule with(const std::string& when, std::vector<CalendarDays> calendars) {
  Schedule schedule = *parse_when(when, {.now = *parse_rfc3339("2026-11-20T13:00:00Z"), .zone = "Europe/Berlin"});
  schedule.calendars = std::move(calendars);
  return schedule;
}

std::string slots(const Schedule& schedule, const std::string& after, std::size_t n) {
  std::string text;
  for (const Slot& slot : next_slots(schedule, *parse_rfc3339(after), n))
    text += (text.empty() ? "" : " ") + to_rfc3339_in(slot.at, "Europe/Berlin").substr(0, 16);
  return text;
}

}  // namespace

TEST_CASE("days are read as dates and ranges and written the same way", "[domain][calendar]") {
  CHECK(reads(days("2026-12-25")) == "2026-12-25");
  CHECK(reads(days("2027-01-01, 2026-12-28..2026-12-31\n2026-12-25 2026-12-25")) ==
        "2026-12-25, 2026-12-28..2027-01-01");
  CHECK(reads(days("2026-12-25 2026-12-26")) == "2026-12-25, 2026-12-26");
  CHECK(days(" \n").empty());
  for (const auto* text : {"25.12.2026", "2026-02-30", "2026-12-26..2026-12-25", "2026-12-25..", "..", "christmas"}) {
    INFO(text);
    const auto read = read_days(text, "/dates");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == ErrorCode::arguments_invalid);
    CHECK(read.error().pointer == "/dates");
  }
  CHECK(read_days("1970-01-01..2026-01-01", "").error().code == ErrorCode::too_large);
}

TEST_CASE("a schedule leaves out the days of a calendar in its own zone", "[domain][calendar]") {
  const CalendarDays holidays{CalendarDays::Use::exclude, "holidays", days("2026-12-25, 2026-12-28..2027-01-01")};
  CHECK(slots(with("weekdays at 09:00", {holidays}), "2026-12-23T12:00:00Z", 3) ==
        "2026-12-24T09:00 2027-01-04T09:00 2027-01-05T09:00");
  // Half past midnight in Berlin is the day before in UTC.
  CHECK(slots(with("every day at 00:30", {holidays}), "2026-12-24T12:00:00Z", 2) ==
        "2026-12-26T00:30 2026-12-27T00:30");
  CHECK(slots(with("every 8h from 00:00", {holidays}), "2026-12-24T14:00:00Z", 3) ==
        "2026-12-24T16:00 2026-12-26T00:00 2026-12-26T08:00");
}

TEST_CASE("a schedule keeps to the days of calendars that say only", "[domain][calendar]") {
  const CalendarDays trading{CalendarDays::Use::only, "trading", days("2026-12-01, 2026-12-03")};
  const CalendarDays extra{CalendarDays::Use::only, "extra", days("2026-12-10")};
  const CalendarDays closed{CalendarDays::Use::exclude, "closed", days("2026-12-03")};
  CHECK(slots(with("every day at 09:00", {trading, extra}), "2026-11-20T12:00:00Z", 9) ==
        "2026-12-01T09:00 2026-12-03T09:00 2026-12-10T09:00");
  CHECK(slots(with("every day at 09:00", {trading, closed}), "2026-11-20T12:00:00Z", 9) == "2026-12-01T09:00");
}

TEST_CASE("several triggers leave out the same days and a rule of seconds does not walk through them",
          "[domain][calendar]") {
  const CalendarDays away{CalendarDays::Use::exclude, "away", days("2026-11-21..2030-12-31")};
  CHECK(slots(with("every 1s or every day at 09:00", {away}), "2026-11-20T22:59:58Z", 3) ==
        "2026-11-20T23:59 2031-01-01T00:00 2031-01-01T00:00");
}

TEST_CASE("the days of calendars are kept with the schedule", "[domain][calendar]") {
  const Schedule schedule = with("every day at 09:00", {{CalendarDays::Use::only, "trading", days("2026-12-01")}});
  const auto read = schedule_from_json(to_json(schedule));
  REQUIRE(read.ok());
  CHECK(to_json(*read) == to_json(schedule));
  CHECK(slots(*read, "2026-11-20T12:00:00Z", 2) == "2026-12-01T09:00");
}
