#include "server/domain/ics_days.h"

#include <catch2/catch.hpp>

namespace carillon {
namespace {

Result<Days> days_of(const std::string& lines) {
  std::string text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n";
  for (const char c : lines) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return days_of_ics(text + "END:VCALENDAR\r\n", *parse_rfc3339("2026-11-20T13:00:00Z"));
}

Result<Days> days_of_event(const std::string& lines) {
  return days_of("BEGIN:VEVENT\nUID:1\n" + lines + "\nEND:VEVENT\n");
}

std::string text_of(const Result<Days>& days) { return days.ok() ? reads(*days) : days.error().message; }

TEST_CASE("an event takes place on the days of its own local time", "[domain][ics_days]") {
  const auto [lines, wanted] = GENERATE(table<std::string, std::string>({
      {"DTSTART;VALUE=DATE:20261225", "2026-12-25"},
      {"DTSTART:20261225", "2026-12-25"},  // a date without saying so
      {"DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261228", "2026-12-25..2026-12-27"},
      {"DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225", "2026-12-25"},
      {"DTSTART;VALUE=DATE:20261225\nDURATION:P1W", "2026-12-25..2026-12-31"},
      {"DTSTART:20261225T220000\nDTEND:20261226T020000", "2026-12-25, 2026-12-26"},
      {"DTSTART:20261225T220000\nDURATION:PT2H", "2026-12-25"},
      {"DTSTART:20261225T220000\nDURATION:P1DT2H1M", "2026-12-25..2026-12-27"},
      {"DTSTART:20261225T220000Z\nDTEND:20261226T000000Z", "2026-12-25"},
      {"DTSTART;TZID=America/New_York:20261225T220000\nDTEND;TZID=America/New_York:20261225T230000", "2026-12-25"},
      // A flight: it lands the next day in Tokyo, on the same in New York.
      {"DTSTART;TZID=America/New_York:20261225T010000\nDTEND;TZID=Asia/Tokyo:20261226T050000", "2026-12-25"},
      {"DTSTART;TZID=America/New_York:20261225T220000\nDTEND:20261226T060000Z", "2026-12-25, 2026-12-26"},
      {"DTSTART;VALUE=DATE:20261225\nTRANSP:TRANSPARENT\nSTATUS:CONFIRMED", "2026-12-25"},
      {"DTSTART;VALUE=DATE:20261225\nBEGIN:VALARM\nDTSTART:nonsense\nEND:VALARM", "2026-12-25"},
  }));
  INFO(lines);
  CHECK(text_of(days_of_event(lines)) == wanted);
}

TEST_CASE("recurring events give and leave out days", "[domain][ics_days]") {
  const auto [lines, wanted] = GENERATE(table<std::string, std::string>({
      {"DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=3", "2026-12-25, 2027-12-25, 2028-12-25"},
      {"DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=3\nEXDATE;VALUE=DATE:20271225", "2026-12-25, 2028-12-25"},
      {"DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=4\nEXDATE;VALUE=DATE:20261225,20271225\nEXDATE;VALUE=DATE:"
       "20281225",
       "2029-12-25"},
      {"DTSTART;VALUE=DATE:20261225\nRDATE;VALUE=DATE:20270105,20270201\nRDATE;VALUE=DATE:20270301",
       "2026-12-25, 2027-01-05, 2027-02-01, 2027-03-01"},
      {"DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\nRRULE:FREQ=WEEKLY;COUNT=2",
       "2026-12-25, 2026-12-26, 2027-01-01, 2027-01-02"},
      {"DTSTART:20261225T220000\nDTEND:20261226T010000\nRDATE:20270105T220000\nRDATE;VALUE=PERIOD:20270201T090000/"
       "PT1H,20270301T090000/20270303T090000",
       "2026-12-25, 2026-12-26, 2027-01-05, 2027-01-06, 2027-02-01, 2027-03-01..2027-03-03"},
      {"DTSTART:20261225T230000\nDTEND:20261226T010000\nRDATE;VALUE=DATE:20270105",
       "2026-12-25, 2026-12-26, 2027-01-05, 2027-01-06"},
      {"DTSTART;VALUE=DATE:20261225\nRDATE;VALUE=DATE:20270105\nEXDATE;VALUE=DATE:20261225", "2027-01-05"},
      // Times are left out one by one, a date takes all of its day.
      {"DTSTART:20261225T080000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261226T080000", "2026-12-25, 2026-12-27"},
      {"DTSTART:20261225T080000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261226T090000", "2026-12-25..2026-12-27"},
      {"DTSTART:20261225T080000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261226", "2026-12-25, 2026-12-27"},
      // In UTC, of an event in New York: 01:00Z is 20:00 of the day before.
      {"DTSTART;TZID=America/New_York:20261201T200000\nRRULE:FREQ=DAILY;UNTIL=20261204T010000Z",
       "2026-12-01..2026-12-03"},
      {"DTSTART;TZID=America/New_York:20261201T200000\nRRULE:FREQ=DAILY;UNTIL=20261204T005959Z",
       "2026-12-01, 2026-12-02"},
      {"DTSTART;TZID=America/New_York:20261201T200000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261203T010000Z",
       "2026-12-01, 2026-12-03"},
      {"DTSTART:20261225T080000\nRRULE:FREQ=HOURLY;COUNT=40", "2026-12-25, 2026-12-26"},
  }));
  INFO(lines);
  CHECK(text_of(days_of_event(lines)) == wanted);
}

TEST_CASE("a rule without an end gives the days from a year back to ten years ahead", "[domain][ics_days]") {
  const auto yearly = days_of_event("DTSTART;VALUE=DATE:20000101\nRRULE:FREQ=YEARLY");
  REQUIRE(yearly.ok());
  CHECK(yearly->size() == 11);
  CHECK(date_text(yearly->front()) == "2026-01-01");
}

TEST_CASE("occurrences are moved and cancelled by events with their UID", "[domain][ics_days]") {
  const std::string weekly =
      "BEGIN:VEVENT\nUID:w\nDTSTART;TZID=Europe/Berlin:20261201T180000\nRRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT\n";
  CHECK(text_of(days_of(weekly + "BEGIN:VEVENT\nUID:w\nRECURRENCE-ID;TZID=Europe/"
                                 "Berlin:20261208T180000\nDTSTART;TZID=Europe/Berlin:20261210T180000\nEND:VEVENT\n")) ==
        "2026-12-01, 2026-12-10, 2026-12-15");
  CHECK(text_of(days_of("BEGIN:VEVENT\nUID:w\nRECURRENCE-ID:20261208T170000Z\nDTSTART:20261208T170000Z\nSTATUS:"
                        "CANCELLED\nEND:VEVENT\n" +
                        weekly)) == "2026-12-01, 2026-12-15");
  CHECK(text_of(days_of(
            weekly +
            "BEGIN:VEVENT\nUID:other\nRECURRENCE-ID;VALUE=DATE:20261208\nDTSTART;VALUE=DATE:20261210\nEND:VEVENT\n")) ==
        "2026-12-01, 2026-12-08, 2026-12-10, 2026-12-15");
  CHECK(text_of(
            days_of(weekly + "BEGIN:VEVENT\nUID:gone\nDTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED\nEND:VEVENT\n")) ==
        "2026-12-01, 2026-12-08, 2026-12-15");
}

TEST_CASE("calendars as people have them are read", "[domain][ics_days]") {
  SECTION("the holidays of a country, as a web calendar offers them") {
    CHECK(
        text_of(days_of(
            "CALSCALE:GREGORIAN\nMETHOD:PUBLISH\nX-WR-CALNAME:Feiertage in Deutschland\nX-WR-TIMEZONE:UTC\n"
            "X-WR-CALDESC:Feiertage und Gedenktage in Deutschland\n"
            "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226\nDTSTAMP:20260825T164209Z\n"
            "UID:20261225_abc@calendar.example\nCLASS:PUBLIC\nCREATED:20240517T120000Z\n"
            "DESCRIPTION:Gesetzlicher Feiertag\\nUm Gedenktage auszublenden\\, rufe die Einstellu\n"
            " ngen auf: Feiertage\nLAST-MODIFIED:20240517T120000Z\nSEQUENCE:0\nSTATUS:CONFIRMED\n"
            "SUMMARY:Erster Weihnachtstag\nTRANSP:TRANSPARENT\nEND:VEVENT\n"
            "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261226\nDTEND;VALUE=DATE:20261227\nUID:20261226_abc@calendar.example\n"
            "SUMMARY:Zweiter Weihnachtstag\nEND:VEVENT\n")) == "2026-12-25, 2026-12-26");
  }
  SECTION("a mail program's series with a zone of its own, one occurrence moved and one deleted") {
    CHECK(
        text_of(days_of(
            "METHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\n"
            "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL="
            "1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n"
            "BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;INTERVAL="
            "1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n"
            "END:VTIMEZONE\n"
            "BEGIN:VEVENT\nORGANIZER;CN=\"Doe, Jane: "
            "IT\":mailto:jane@example.com\nRRULE:FREQ=WEEKLY;UNTIL=20270331T220000Z;INTERVAL=2;BYDAY=TH;WKST=MO\n"
            "EXDATE;TZID=W. Europe Standard Time:20270304T000000\nUID:040000008200E0\n"
            "DTSTART;TZID=W. Europe Standard Time:20270204T000000\nDTEND;TZID=W. Europe Standard Time:20270205T000000\n"
            "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\nBEGIN:VALARM\nTRIGGER:-PT15M\nACTION:DISPLAY\nEND:VALARM\nEND:VEVENT\n"
            "BEGIN:VEVENT\nUID:040000008200E0\nRECURRENCE-ID;TZID=W. Europe Standard Time:20270218T000000\n"
            "DTSTART;TZID=W. Europe Standard Time:20270219T000000\nDTEND;TZID=W. Europe Standard "
            "Time:20270220T000000\nEND:VEVENT\n")) ==
        // UNTIL is 1 April 00:00 in Berlin by then, so that day counts.
        "2027-02-04, 2027-02-19, 2027-03-18, 2027-04-01");
  }
  SECTION("times in UTC are the calendar's own") {
    CHECK(text_of(
              days_of("X-WR-TIMEZONE:Europe/"
                      "Berlin\nBEGIN:VEVENT\nUID:1\nDTSTART:20261230T230000Z\nDTEND:20261231T230000Z\nEND:VEVENT\n")) ==
          "2026-12-31");
  }
  SECTION("other components are passed over") {
    CHECK(
        text_of(days_of("BEGIN:VTODO\nDUE:20261224\nEND:VTODO\nBEGIN:VEVENT\nUID:1\nDTSTART:20261225\nEND:VEVENT\n")) ==
        "2026-12-25");
  }
}

TEST_CASE("what cannot be read of an event is refused with its line and the cure", "[domain][ics_days]") {
  const auto [lines, line, words] = GENERATE(table<std::string, std::size_t, std::string>({
      {"SUMMARY:no day", 4, "write its day"},
      {"DTSTART:christmas", 6, "DTSTART is written 20261225"},
      {"DTSTART:20261325", 6, "DTSTART is written 20261225"},
      {"DTSTART;TZID=Nowhere:20261225T100000", 6, "VTIMEZONE"},
      {"DTSTART:20261225\nDTEND:20261224", 7, "DTEND lies before DTSTART"},
      {"DTSTART:20261225\nDURATION:-P1D", 7, "DURATION is written"},
      {"DTSTART:20261225\nDURATION:P1H", 7, "DURATION is written"},
      {"DTSTART:20261225\nRRULE:FREQ=SOMETIMES", 7, "FREQ is YEARLY"},
      {"DTSTART:20261225T000000\nRRULE:FREQ=MINUTELY", 7, "10000 times"},
      {"DTSTART:20261225\nEXDATE:20261225,never", 7, "EXDATE is written"},
      {"DTSTART:20261225\nRDATE:20261225/20261224", 7, "ends before it begins"},
      {"DTSTART:20261225\nEXRULE:FREQ=DAILY", 7, "write the days as EXDATE"},
      {"DTSTART:20261225\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261225", 7, "end the old event"},
      {"DTSTART:20261225\nSTATUS:CANCELLED", 1, "no event of this calendar takes place"},
  }));
  INFO(lines);
  const auto refused = days_of_event(lines);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::arguments_invalid);
  CHECK(refused.error().details.at("line") == line);
  CHECK_THAT(refused.error().message, Catch::Contains(words));
}

TEST_CASE("a calendar has not too many days", "[domain][ics_days]") {
  CHECK(days_of_event("DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20400101").error().code == ErrorCode::too_large);
  CHECK(days_of_event("DTSTART;VALUE=DATE:20260101\nDURATION:P2W\nRRULE:FREQ=WEEKLY").ok());
  CHECK(days_of("BEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:"
                "20000101\nDURATION:P2000D\nEND:VEVENT\n")
            .error()
            .code == ErrorCode::too_large);
}

TEST_CASE("texts whose parts multiply end soon", "[domain][ics_days]") {
  std::string events;
  for (int i = 0; i < 400; ++i)
    events +=
        "BEGIN:VEVENT\nUID:1\nDTSTART:20261225\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261226\nDTSTART:"
        "20261227\nEND:VEVENT\n";
  const auto days = days_of(events);
  CHECK(days.error().code == ErrorCode::too_large);
  CHECK_THAT(days.error().message, Catch::Contains("one UID"));

  std::string left_out = "DTSTART:20260101T000000\nRRULE:FREQ=DAILY\n";
  for (int i = 0; i < 20'000; ++i) left_out += "EXDATE:19" + std::to_string(10 + i % 90) + "0101T000000\n";
  CHECK(days_of_event(left_out + "EXDATE:20260102T000000").ok());
}

}  // namespace
}  // namespace carillon
