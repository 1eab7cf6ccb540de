#include <catch2/catch.hpp>

#include "server/domain/jmespath/jmespath.h"

namespace carillon::jmespath {
namespace {

const json kData{{"t", "2026-03-29T00:30:05.5Z"}, {"n", 1774744205}};

TEST_CASE("times are formatted and read in a zone", "[domain][jmespath][time]") {
  const auto [text, expected] = GENERATE(table<std::string, json>({
      {"format_time(t, '%Y-%m-%d %H:%M:%S %z')", "2026-03-29 00:30:05 +0000"},
      {"format_time(t, '%A %e %B, %I:%M %p', 'Europe/Berlin')", "Sunday 29 March, 01:30 AM"},
      {"format_time(n, '%a %b %y %j %u %R %T %F %s %%')", "Sun Mar 26 088 7 00:30 00:30:05 2026-03-29 1774744205 %"},
      {"format_time(t, '%F %z', 'America/New_York')", "2026-03-28 -0400"},
      {"date(t)", "2026-03-29"},
      {"date(t, 'America/New_York')", "2026-03-28"},
      {"to_unix(t)", 1774744205},
      {"to_unix('1969-12-31T23:59:59.5Z')", -1},
      {"to_unix('2026-03-29T02:30:05+02:00')", 1774744205},
      {"parse_time('2026-03-29T02:30:05+02:00')", "2026-03-29T00:30:05Z"},
      {"parse_time(n)", "2026-03-29T00:30:05Z"},
      {"format_time(`-1`, '%F %T')", "1969-12-31 23:59:59"},
  }));
  CAPTURE(text);
  const auto result = compile(text)->evaluate(kData);
  if (!result) FAIL(result.error().message);
  CHECK(*result == expected);
}

TEST_CASE("what is no time or zone or pattern is refused with what would be", "[domain][jmespath][time]") {
  const auto [text, fault, message] = GENERATE(table<std::string, std::string, std::string>({
      {"date('yesterday')", "invalid-value",
       "date() needs a time such as 2026-11-21T15:00:00Z or Unix seconds (at character 1)"},
      {"to_unix(`1e300`)", "invalid-value",
       "to_unix() needs a time such as 2026-11-21T15:00:00Z or Unix seconds (at character 1)"},
      {"to_unix(`true`)", "invalid-type",
       "argument 1 of to_unix() must be a number or a string, not a boolean (at character 1)"},
      {"format_time(t, '%Q')", "invalid-value",
       "format_time() knows %Y %y %m %d %e %H %I %M %S %p %A %a %B %b %j %u %F %T %R %s %z and %% (at character 1)"},
      {"format_time(t, '%')", "invalid-value",
       "format_time() knows %Y %y %m %d %e %H %I %M %S %p %A %a %B %b %j %u %F %T %R %s %z and %% (at character 1)"},
  }));
  const auto result = compile(text)->evaluate(kData);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().details.at("fault") == fault);
  CHECK(result.error().message == message);
  CHECK(compile("date(t, 'Europe/Berlinn')")->evaluate(kData).error().message.find("Europe/Berlin") !=
        std::string::npos);
  CHECK(compile("date()").error().message == "date() needs at least 1 argument, not 0 (at character 1)");
  CHECK(compile("date(a, b, c)").error().message == "date() takes at most 2 arguments, not 3 (at character 1)");
}

}  // namespace
}  // namespace carillon::jmespath
