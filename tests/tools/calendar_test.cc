#include "tools/calendar.h"

#include <catch2/catch.hpp>
#include <thread>

namespace carillon::tools {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return text.find(line + "\r\n") != std::string::npos;
}

TEST_CASE("times become a calendar that calendar programs read", "[tools][calendar]") {
  const Instant made = *parse_rfc3339("2026-11-20T13:00:00Z");
  const auto text = to_calendar({{.uid = "brief@1", .at = *parse_rfc3339("2026-11-23T06:30:00Z"), .summary = "brief"},
                                 {.uid = "brief@2",
                                  .at = *parse_rfc3339("2027-03-28T01:30:00Z"),
                                  .summary = "a, b; c\\d",
                                  .description = "moved\nby the clock"}},
                                made);
  INFO(text);
  CHECK(text.rfind("BEGIN:VCALENDAR\r\n", 0) == 0);
  CHECK(has_line(text, "VERSION:2.0"));
  CHECK(has_line(text, "UID:brief@1"));
  CHECK(has_line(text, "DTSTAMP:20261120T130000Z"));
  CHECK(has_line(text, "DTSTART:20261123T063000Z"));
  CHECK(has_line(text, "DTSTART:20270328T013000Z"));
  CHECK(has_line(text, "SUMMARY:a\\, b\\; c\\\\d"));
  CHECK(has_line(text, "DESCRIPTION:moved\\nby the clock"));
  CHECK(has_line(text, "END:VCALENDAR"));
}

TEST_CASE("nothing to show is an empty calendar", "[tools][calendar]") {
  const auto text = to_calendar({}, Instant{});
  CHECK(text.find("VEVENT") == std::string::npos);
  CHECK(has_line(text, "END:VCALENDAR"));
}

TEST_CASE("calendars are made by many threads at once", "[tools][calendar]") {
  const std::vector<CalendarEvent> events(50, {.uid = "x", .at = Instant{}, .summary = std::string(200, 's')});
  const std::string wanted = to_calendar(events, Instant{});
  std::atomic<int> same = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) same += to_calendar(events, Instant{}) == wanted ? 1 : 0;
      });
  }
  CHECK(same == 200);
}

}  // namespace
}  // namespace carillon::tools
