#include "server/base/clock.h"

#include <catch2/catch.hpp>

namespace carillon {
namespace {

TEST_CASE("an instant is written and read back as RFC 3339", "[base][clock]") {
  const Instant instant{std::chrono::microseconds{1'795'183'500'123'456}};
  CHECK(to_rfc3339(instant) == "2026-11-20T14:05:00.123456Z");
  CHECK(parse_rfc3339(to_rfc3339(instant)) == instant);
}

TEST_CASE("RFC 3339 offsets are subtracted", "[base][clock]") {
  CHECK(parse_rfc3339("2026-11-20T15:05:00+01:00") == parse_rfc3339("2026-11-20T14:05:00Z"));
  CHECK(parse_rfc3339("2026-11-20T09:35:00-04:30") == parse_rfc3339("2026-11-20t14:05:00z"));
}

TEST_CASE("what is not an RFC 3339 date-time is refused", "[base][clock]") {
  const std::string_view text = GENERATE(as<std::string_view>{}, "", "2026-11-20", "2026-02-30T00:00:00Z",
                                         "2026-11-20T24:00:00Z", "2026-11-20T14:05:00", "2026-11-20T14:05:00+1:00",
                                         "2026-11-20T14:05:00.Z", "2026-11-20T14:05:00Zx", "2026-11-20 14:05:00Z");
  CAPTURE(text);
  CHECK_FALSE(parse_rfc3339(text));
}

TEST_CASE("a fixed clock moves only when it is told to", "[base][clock]") {
  FixedClock clock{Instant{}};
  clock.advance(std::chrono::seconds{5});
  CHECK(clock.now() == Instant{std::chrono::seconds{5}});
}

}  // namespace
}  // namespace carillon
