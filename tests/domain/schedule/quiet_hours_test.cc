#include "server/domain/schedule/quiet_hours.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;

namespace {

QuietHours quiet(const std::string& text) {
  const auto parsed = parse_quiet_hours(text, "Europe/Berlin", "/options/quiet_hours");
  INFO(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

std::string allowed(const QuietHours& hours, const std::string& instant) {
  const auto found = next_allowed(hours, *parse_rfc3339(instant));
  return found ? to_rfc3339_in(*found, "Europe/Berlin") : "never";
}

}  // namespace

TEST_CASE("what falls into quiet hours waits for their end", "[domain][schedule][quiet_hours]") {
  const auto [text, wanted, given] = GENERATE(table<std::string, std::string, std::string>({
      {"22:00-07:00", "2026-11-20T23:30:00+01:00", "2026-11-21T07:00:00+01:00"},
      {"22:00-07:00", "2026-11-20T06:59:59+01:00", "2026-11-20T07:00:00+01:00"},
      {"22:00-07:00", "2026-11-20T07:00:00+01:00", "2026-11-20T07:00:00+01:00"},
      {"22:00-07:00", "2026-11-20T21:59:59+01:00", "2026-11-20T21:59:59+01:00"},
      {"22:00 - 07:00 on weekdays", "2026-11-21T23:30:00+01:00", "2026-11-21T23:30:00+01:00"},
      {"22:00 to 07:00 on weekdays", "2026-11-21T01:00:00+01:00", "2026-11-21T07:00:00+01:00"},
      {"22:00-24:00, 00:00-07:00", "2026-11-20T23:30:00+01:00", "2026-11-21T07:00:00+01:00"},
      {"00:00-24:00 on weekends", "2026-11-21T10:00:00+01:00", "2026-11-23T00:00:00+01:00"},
      {"12pm-1pm", "2026-11-20T12:30:00+01:00", "2026-11-20T13:00:00+01:00"},
      {"22:00-07:00", "2027-03-28T00:30:00+01:00", "2027-03-28T07:00:00+02:00"},
      {"00:00-24:00", "2026-11-21T10:00:00+01:00", "never"},
  }));
  INFO(text << " at " << wanted);
  CHECK(allowed(quiet(text), wanted) == given);
  CHECK(allowed(quiet(reads(quiet(text))), wanted) == given);
}

TEST_CASE("quiet hours that are not understood are refused", "[domain][schedule][quiet_hours]") {
  for (const auto* text :
       {"", "22:00", "22:00-", "22:00-25:00", "at night", "22:00-07:00 on blursday", "22:00-07:00,"}) {
    const auto parsed = parse_quiet_hours(text, "Europe/Berlin", "/options/quiet_hours");
    INFO(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == ErrorCode::arguments_invalid);
    CHECK(parsed.error().pointer == "/options/quiet_hours");
    CHECK(parsed.error().details.contains("position"));
  }
  CHECK(parse_quiet_hours("22:00-07:00", "Nowhere", "/options/quiet_hours").error().code == ErrorCode::unknown_zone);
}
