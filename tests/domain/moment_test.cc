#include "server/domain/moment.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using carillon::test::kNow;

namespace {}

TEST_CASE("moments are read in the words of a caller", "[domain][moment]") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"2026-11-21T15:00:00+01:00", "2026-11-21T14:00:00Z"},
      {"2026-11-21", "2026-11-20T23:00:00Z"},
      {"2026-11-21 15:00", "2026-11-21T14:00:00Z"},
      {"2026-11-21T15:00:30", "2026-11-21T14:00:30Z"},
      {"2025-01-01 00:00", "2024-12-31T23:00:00Z"},
      {" now ", "2026-11-20T13:00:00Z"},
      {"Today", "2026-11-19T23:00:00Z"},
      {"today 18:00", "2026-11-20T17:00:00Z"},
      {"today at 08:00", "2026-11-20T07:00:00Z"},
      {"yesterday", "2026-11-18T23:00:00Z"},
      {"tomorrow 09:00", "2026-11-21T08:00:00Z"},
      {"2h ago", "2026-11-20T11:00:00Z"},
      {"3 days ago", "2026-11-17T13:00:00Z"},
      {"in 20m", "2026-11-20T13:20:00Z"},
      {"tomorrow 9am", "2026-11-21T08:00:00Z"},
  }));
  CAPTURE(text);
  const auto moment = read_moment(text, {.now = kNow, .zone = "Europe/Berlin", .pointer = "/since"});
  REQUIRE(moment.ok());
  CHECK(to_rfc3339(*moment) == expected);
}

TEST_CASE("what is no moment is refused with examples", "[domain][moment]") {
  const std::string text =
      GENERATE("", "soon", "every 5m", "manual", "2026-13-01", "2026-02-30", "2026-11", "2026-11-21 25:00",
               "2026-11-21 10", "x ago", "ago", "todayish", "2026-11-21x10:00");
  CAPTURE(text);
  const auto moment = read_moment(text, {.now = kNow, .zone = "Europe/Berlin", .pointer = "/since"});
  REQUIRE_FALSE(moment.ok());
  CHECK(moment.error().code == ErrorCode::arguments_invalid);
  CHECK(moment.error().pointer == "/since");
  CHECK_FALSE(moment.error().try_instead.empty());
}

TEST_CASE("a moment in an unknown zone is refused", "[domain][moment]") {
  CHECK(read_moment("today", {.now = kNow, .zone = "Mars/Base", .pointer = ""}).error().code ==
        ErrorCode::unknown_zone);
}

TEST_CASE("a moment in the gap of a clock change is read with the offset before it", "[domain][moment]") {
  const auto moment = read_moment("2027-03-28 02:30", {.now = kNow, .zone = "Europe/Berlin", .pointer = "/since"});
  REQUIRE(moment.ok());
  CHECK(to_rfc3339(*moment) == "2027-03-28T01:30:00Z");
}

TEST_CASE("the examples in a refused moment are moments and an exact one needs no zone", "[domain][moment]") {
  const auto refused = read_moment("soon", {.now = kNow, .zone = "Europe/Berlin", .pointer = "/since"});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().received == "soon");
  for (const json& example : refused.error().try_instead)
    CHECK(read_moment(example.get<std::string>(), {.now = kNow, .zone = "Europe/Berlin", .pointer = ""}).ok());
  CHECK(read_moment("2026-11-21T09:00:00Z", {.now = kNow, .zone = "Mars/Base", .pointer = ""}).ok());
}

TEST_CASE("where only the past is meant a distance is a time ago", "[domain][moment]") {
  const MomentContext context{.now = kNow, .zone = "Europe/Berlin", .pointer = "/since"};
  for (const char* text : {"2h", " 2H ", "2h ago", "PT2H"})
    CHECK(to_rfc3339(*read_since(text, context)) == "2026-11-20T11:00:00Z");
  CHECK(to_rfc3339(*read_since("yesterday", context)) == "2026-11-18T23:00:00Z");
  CHECK(read_since("2 hourz", context).error().pointer == "/since");
}
