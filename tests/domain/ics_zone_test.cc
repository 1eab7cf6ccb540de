#include "server/domain/ics_zone.h"

#include <catch2/catch.hpp>

namespace carillon {
namespace {

// As Outlook writes it: rules from 1601, a name that no zone database knows.
const std::string kOutlookZone =
    "BEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\n"
    "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n"
    "BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n";

Result<IcsZones> zones_of(const std::string& lines) {
  const auto calendars = parse_ics("BEGIN:VCALENDAR\n" + lines + "END:VCALENDAR\n");
  REQUIRE(calendars.ok());
  return IcsZones::of(calendars->front());
}

std::string local_at(const IcsZone& zone, const std::string& instant) {
  const auto local = zone.to_local(std::chrono::floor<Seconds>(*parse_rfc3339(instant)));
  return to_rfc3339(Instant{local.time_since_epoch()}).substr(0, 19);
}

std::string utc_of(const IcsZone& zone, const std::string& local) {
  const auto said = std::chrono::floor<Seconds>(*parse_rfc3339(local + "Z"));
  return to_rfc3339(Instant{zone.to_utc(LocalSeconds{said.time_since_epoch()})}).substr(0, 19);
}

TEST_CASE("a VTIMEZONE of its own says when its clocks change", "[domain][ics_zone]") {
  const auto zones = zones_of(kOutlookZone);
  REQUIRE(zones.ok());
  const auto zone = zones->named("W. Europe Standard Time", 1);
  REQUIRE(zone.ok());
  CHECK(local_at(*zone, "2026-01-15T11:00:00Z") == "2026-01-15T12:00:00");
  CHECK(local_at(*zone, "2026-07-15T10:00:00Z") == "2026-07-15T12:00:00");
  CHECK(local_at(*zone, "2026-10-25T00:59:59Z") == "2026-10-25T02:59:59");
  CHECK(local_at(*zone, "2026-10-25T01:00:00Z") == "2026-10-25T02:00:00");
  CHECK(utc_of(*zone, "2026-10-25T02:30:00") == "2026-10-25T00:30:00");  // the first of two
  CHECK(utc_of(*zone, "2026-03-29T02:30:00") == "2026-03-29T01:30:00");  // in the gap: with the offset before
  CHECK(utc_of(*zone, "2026-07-15T12:00:00") == "2026-07-15T10:00:00");
}

TEST_CASE("a VTIMEZONE agrees with the zone database on each hour around its changes", "[domain][ics_zone]") {
  const auto zones = zones_of(kOutlookZone);
  const auto own = zones->named("W. Europe Standard Time", 1), berlin = zones->named("Europe/Berlin", 1);
  REQUIRE((own.ok() && berlin.ok()));
  const auto year = std::chrono::floor<Seconds>(*parse_rfc3339("2026-01-01T00:00:00Z"));
  int differing = 0;
  for (int hour = 0; hour < 365 * 24; hour += 5) {
    const auto at = year + std::chrono::hours{hour};
    differing += own->to_local(at) == berlin->to_local(at) ? 0 : 1;
  }
  CHECK(differing == 0);
}

TEST_CASE("onsets that are listed and rules that have ended count as well", "[domain][ics_zone]") {
  const auto zones = zones_of(
      "BEGIN:VTIMEZONE\nTZID:Listed\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:-0330\n"
      "RDATE:20261101T000000,20271101T000000\nEND:STANDARD\n"
      "BEGIN:DAYLIGHT\nDTSTART:20260401T000000\nTZOFFSETFROM:-0330\nTZOFFSETTO:-023000\n"
      "RRULE:FREQ=YEARLY;UNTIL=20260501T000000Z\nEND:DAYLIGHT\nEND:VTIMEZONE\n");
  REQUIRE(zones.ok());
  const auto zone = zones->named("Listed", 1);
  CHECK(local_at(*zone, "2019-06-01T00:00:00Z") == "2019-06-01T00:00:00");
  CHECK(local_at(*zone, "2026-03-01T00:00:00Z") == "2026-02-28T20:30:00");
  CHECK(local_at(*zone, "2026-06-01T00:00:00Z") == "2026-05-31T21:30:00");
  CHECK(local_at(*zone, "2030-06-01T00:00:00Z") == "2030-05-31T20:30:00");
}

TEST_CASE("a TZID is found behind the path of a program and under the location of its VTIMEZONE",
          "[domain][ics_zone]") {
  const auto zones = zones_of(
      "X-WR-TIMEZONE:Asia/Tokyo\n"
      "BEGIN:VTIMEZONE\nTZID:Tokyo\nX-LIC-LOCATION:Asia/Tokyo\nEND:VTIMEZONE\n");
  REQUIRE(zones.ok());
  for (const auto* name : {"Tokyo", "Asia/Tokyo", "/freeassociation.sourceforge.net/Asia/Tokyo"}) {
    const auto zone = zones->named(name, 1);
    REQUIRE(zone.ok());
    CHECK(local_at(*zone, "2026-01-15T11:00:00Z") == "2026-01-15T20:00:00");
  }
  CHECK(local_at(zones->of_utc_times(), "2026-01-15T11:00:00Z") == "2026-01-15T20:00:00");
}

TEST_CASE("a zone that nothing defines is refused with its line", "[domain][ics_zone]") {
  const auto none = zones_of("");
  for (const auto* name : {"Romance Standard Time", "local", "/local"}) {
    const auto refused = none->named(name, 7);
    REQUIRE_FALSE(refused.ok());
    CHECK_THAT(refused.error().message, Catch::StartsWith("line 7: ") && Catch::Contains("VTIMEZONE"));
  }
  const auto [lines, line] = GENERATE(table<std::string, std::size_t>({
      {"BEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\n", 2},
      {"BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:"
       "VTIMEZONE\n",
       4},
      {"BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nTZOFFSETFROM:1\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n", 5},
      {"BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n",
       4},
      {"BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nDTSTART:soon\nEND:STANDARD\nEND:"
       "VTIMEZONE\n",
       7},
      {"BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nDTSTART:20200101T000000\nRRULE:"
       "often\nEND:STANDARD\nEND:VTIMEZONE\n",
       8},
  }));
  INFO(lines);
  const auto wrong = zones_of(lines);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().details.at("line") == line);
}

TEST_CASE("a VTIMEZONE whose clocks change all the time is refused with its line", "[domain][ics_zone]") {
  const auto zones = zones_of(
      "BEGIN:VTIMEZONE\nTZID:mine\nBEGIN:STANDARD\nDTSTART:20260101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n"
      "RRULE:FREQ=HOURLY\nEND:STANDARD\nEND:VTIMEZONE\n");
  REQUIRE_FALSE(zones.ok());
  CHECK(zones.error().details.at("line") == 2);
  CHECK_THAT(zones.error().message, Catch::Contains("more than 5000 times"));
}

}  // namespace
}  // namespace carillon
