#include "server/domain/schedule/zone_offsets.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::at;

namespace {

UtcSeconds seconds_at(const char* text) { return std::chrono::floor<Seconds>(at(text)); }

}  // namespace

TEST_CASE("what tzdata says of all zones is kept and read back", "[domain][schedule][zone_offsets]") {
  const ZoneOffsets offsets = zone_offsets_from_json(
      to_json(zone_offsets(seconds_at("2026-01-01T00:00:00Z"), seconds_at("2028-01-01T00:00:00Z"))));
  CHECK(offsets.at("Europe/Berlin", at("2026-03-29T00:59:59Z")) == Seconds{1h});
  CHECK(offsets.at("Europe/Berlin", at("2026-03-29T01:00:00Z")) == Seconds{2h});
  CHECK(offsets.at("Asia/Kolkata", at("2027-12-31T23:59:59Z")) == Seconds{5h + 30min});
  CHECK(offsets.at("UTC", at("2026-06-01T00:00:00Z")) == 0s);
  CHECK_FALSE(offsets.at("Europe/Berlin", at("2025-12-31T23:59:59Z")));
  CHECK_FALSE(offsets.at("Europe/Berlin", at("2028-01-01T00:00:00Z")));
  CHECK_FALSE(offsets.at("Middle/Earth", at("2026-06-01T00:00:00Z")));
  CHECK_FALSE(zone_offsets_from_json(json::parse("[1]")).at("UTC", at("2026-06-01T00:00:00Z")));
}

TEST_CASE("the same time on a wall whose clock was set otherwise", "[domain][schedule][zone_offsets]") {
  const Zone berlin = *Zone::named("Europe/Berlin");
  // 09:00 with the clock two hours ahead of UTC is 08:00 UTC where it is one hour ahead.
  CHECK(same_local_time(at("2026-11-20T07:00:00Z"), 2h, berlin) == at("2026-11-20T08:00:00Z"));
  CHECK(same_local_time(at("2026-11-20T07:00:00.25Z"), 1h, berlin) == at("2026-11-20T07:00:00.25Z"));
  // 02:30 in the gap is 03:30; of the two 02:30 of autumn the second stays the second.
  CHECK(same_local_time(at("2026-03-29T02:30:00Z"), 0h, berlin) == at("2026-03-29T01:30:00Z"));
  CHECK(same_local_time(at("2026-10-25T01:30:00Z"), 1h, berlin) == at("2026-10-25T01:30:00Z"));
  CHECK(same_local_time(at("2026-10-25T00:30:00Z"), 2h, berlin) == at("2026-10-25T00:30:00Z"));
}
