#include "tools/calendar.h"

#include <catch2/catch.hpp>
#include <thread>

namespace carillon::tools {
namespace {

bool has(const std::string& text, const std::string& line) { return text.find(line + "\r\n") != std::string::npos; }

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
  CHECK(has(text, "VERSION:2.0"));
  CHECK(has(text, "UID:brief@1"));
  CHECK(has(text, "DTSTAMP:20261120T130000Z"));
  CHECK(has(text, "DTSTART:20261123T063000Z"));
  CHECK(has(text, "DTSTART:20270328T013000Z"));
  CHECK(has(text, "SUMMARY:a\\, b\\; c\\\\d"));
  CHECK(has(text, "DESCRIPTION:moved\\nby the clock"));
  CHECK(has(text, "END:VCALENDAR"));
}

TEST_CASE("nothing to show is an empty calendar", "[tools][calendar]") {
  const auto text = to_calendar({}, Instant{});
  CHECK(text.find("VEVENT") == std::string::npos);
  CHECK(has(text, "END:VCALENDAR"));
}

// An event of an iCalendar file from its lines.
Result<Days> days_of(const std::string& lines) {
  std::string text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n";
  for (const char c : lines) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return days_of_calendar(text + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", *parse_rfc3339("2026-11-20T13:00:00Z"));
}

std::string days_text(const std::string& lines) {
  const auto days = days_of(lines);
  INFO(lines);
  REQUIRE(days.ok());
  return reads(*days);
}

TEST_CASE("an iCalendar file gives the days on which its events take place", "[tools][calendar]") {
  CHECK(days_text("DTSTART;VALUE=DATE:20261225") == "2026-12-25");
  CHECK(days_text("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261228") == "2026-12-25..2026-12-27");
  CHECK(days_text("DTSTART:20261225T220000\nDTEND:20261226T020000") == "2026-12-25, 2026-12-26");
  CHECK(days_text("DTSTART:20261225T220000Z\nDTEND:20261226T000000Z") == "2026-12-25");
  CHECK(days_text("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=3") == "2026-12-25, 2027-12-25, 2028-12-25");
  CHECK(days_text("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=3\nEXDATE;VALUE=DATE:20271225") ==
        "2026-12-25, 2028-12-25");
  // A rule without an end: from a year back to ten years ahead.
  const auto yearly = days_of("DTSTART;VALUE=DATE:20000101\nRRULE:FREQ=YEARLY");
  REQUIRE(yearly.ok());
  CHECK(yearly->size() == 11);
  CHECK(date_text(yearly->front()) == "2026-01-01");
}

TEST_CASE("what is no calendar is refused with what is wrong", "[tools][calendar]") {
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  for (const auto* text : {"", "holidays", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"}) {
    INFO(text);
    CHECK(days_of_calendar(text, now).error().code == ErrorCode::arguments_invalid);
  }
  CHECK(days_of("SUMMARY:no day").error().code == ErrorCode::arguments_invalid);
  CHECK(days_of("DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20400101").error().code == ErrorCode::too_large);
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
