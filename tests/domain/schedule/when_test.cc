// The `when` language: what each phrase means, what is refused and where, and that readings can be read back.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/domain/schedule/schedule.h"
#include "tests/domain/friday.h"

using namespace carillon;
using carillon::test::kNow;

namespace {

WhenContext berlin() { return {kNow, "Europe/Berlin"}; }

Schedule parsed(const std::string& text, const WhenContext& context = berlin()) {
  const auto schedule = parse_when(text, context);
  INFO(text << ": " << (schedule.ok() ? "" : to_answer(schedule.error()).dump()));
  REQUIRE(schedule.ok());
  return *schedule;
}

std::vector<std::string> next(const Schedule& schedule, std::size_t n = 3, Instant after = kNow) {
  std::vector<std::string> out;
  for (const auto& slot : next_slots(schedule, after, n))
    out.push_back(to_rfc3339_in(slot.at, schedule.zone).substr(0, 16));
  return out;
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("a when text means these kinds and times", "[domain][schedule][when]") {
  struct Row {
    std::string text, kind;
    Times next;
  };
  const auto row = GENERATE(values<Row>({
      {"in 20m", "once", {"2026-11-20T14:20"}},
      {"in 2 hours", "once", {"2026-11-20T16:00"}},
      {"in 1h30m", "once", {"2026-11-20T15:30"}},
      {"in an hour and 5 minutes", "once", {"2026-11-20T15:05"}},
      {"in 3 days at 09:00", "once", {"2026-11-23T09:00"}},
      {"in 2 weeks", "once", {"2026-12-04T14:00"}},
      {"in 3 months", "once", {"2027-02-20T14:00"}},
      {"2026-11-21 15:00", "once", {"2026-11-21T15:00"}},
      {"2026-11-21T15:00", "once", {"2026-11-21T15:00"}},
      {"2026-11-21T15:00+01:00", "once", {"2026-11-21T15:00"}},
      {"2026-11-21T15:00:00Z", "once", {"2026-11-21T16:00"}},
      {"today 18:00", "once", {"2026-11-20T18:00"}},
      {"tomorrow 9am", "once", {"2026-11-21T09:00"}},
      {"Tomorrow at 9:30 PM", "once", {"2026-11-21T21:30"}},
      {"friday 17:00", "once", {"2026-11-20T17:00"}},
      {"friday 13:00", "once", {"2026-11-27T13:00"}},
      {"next monday at 09:00", "once", {"2026-11-23T09:00"}},
      {"24 December 2026 at 15:00", "once", {"2026-12-24T15:00"}},
      {"dec 24 15:00", "once", {"2026-12-24T15:00"}},
      {"24th of december 2026 noon", "once", {"2026-12-24T12:00"}},
      {"1 march at 08:00", "once", {"2027-03-01T08:00"}},
      {"tomorrow 9am America/New_York", "once", {"2026-11-21T15:00"}},
      {"24.12.2026 15:00", "once", {"2026-12-24T15:00"}},
      {"24 Dezember 15:00", "once", {"2026-12-24T15:00"}},
      {"1 février 08:00", "once", {"2027-02-01T08:00"}},
      {"miércoles 10:00", "once", {"2026-11-25T10:00"}},
      {"MIÉRCOLES 10:00", "once", {"2026-11-25T10:00"}},
      {"lunes 10:00", "once", {"2026-11-23T10:00"}},
      {"28d, 14d and 7d before 2027-03-14 at 09:00",
       "once",
       {"2027-02-14T09:00", "2027-02-28T09:00", "2027-03-07T09:00"}},
      {"1 month, 2h before 2026-12-01 at 09:00", "once", {"2026-12-01T07:00"}},
      {"15m after each run", "interval", {"2026-11-20T14:15"}},
      {"every 2 hours after every run, until 2026-12-24 18:00", "interval", {"2026-11-20T16:00"}},
      {"every 15m", "interval", {"2026-11-20T14:15", "2026-11-20T14:30", "2026-11-20T14:45"}},
      {"every hour", "interval", {"2026-11-20T15:00", "2026-11-20T16:00", "2026-11-20T17:00"}},
      {"every 6h until 2026-11-21 02:00", "interval", {"2026-11-20T20:00", "2026-11-21T02:00"}},
      {"every 2h from 08:00", "interval", {"2026-11-20T16:00", "2026-11-20T18:00", "2026-11-20T20:00"}},
      {"every 15m between 08:00 and 14:15 on weekdays",
       "interval",
       {"2026-11-20T14:15", "2026-11-23T08:00", "2026-11-23T08:15"}},
      {"every 3h between 22:00 and 05:00", "interval", {"2026-11-20T22:00", "2026-11-21T01:00", "2026-11-21T04:00"}},
      {"every 12h on weekends", "interval", {"2026-11-21T00:00", "2026-11-21T12:00", "2026-11-22T00:00"}},
      {"every day at 07:30", "calendar", {"2026-11-21T07:30", "2026-11-22T07:30", "2026-11-23T07:30"}},
      {"daily at 9am and 17:00", "calendar", {"2026-11-20T17:00", "2026-11-21T09:00", "2026-11-21T17:00"}},
      {"every day at 09:00 and 17:30", "calendar", {"2026-11-20T17:30", "2026-11-21T09:00", "2026-11-21T17:30"}},
      {"weekdays at 09:00", "calendar", {"2026-11-23T09:00", "2026-11-24T09:00", "2026-11-25T09:00"}},
      {"every weekday at 7:30am", "calendar", {"2026-11-23T07:30", "2026-11-24T07:30", "2026-11-25T07:30"}},
      {"mon,thu at 18:15", "calendar", {"2026-11-23T18:15", "2026-11-26T18:15", "2026-11-30T18:15"}},
      {"mondays and thursdays at 18:15", "calendar", {"2026-11-23T18:15", "2026-11-26T18:15", "2026-11-30T18:15"}},
      {"montag, donnerstag at 18:15", "calendar", {"2026-11-23T18:15", "2026-11-26T18:15", "2026-11-30T18:15"}},
      {"every mardi at 10:00", "calendar", {"2026-11-24T10:00", "2026-12-01T10:00", "2026-12-08T10:00"}},
      {"sábados at 10:00", "calendar", {"2026-11-21T10:00", "2026-11-28T10:00", "2026-12-05T10:00"}},
      {"1st of März and Juli at 08:00", "calendar", {"2027-03-01T08:00", "2027-07-01T08:00", "2028-03-01T08:00"}},
      {"mon-wed at 10:00", "calendar", {"2026-11-23T10:00", "2026-11-24T10:00", "2026-11-25T10:00"}},
      {"every 2 weeks on tue at 10:00", "calendar", {"2026-11-24T10:00", "2026-12-08T10:00", "2026-12-22T10:00"}},
      {"every second tuesday at 10:00 Europe/Berlin, starting 24 November 2026",
       "calendar",
       {"2026-11-24T10:00", "2026-12-08T10:00", "2026-12-22T10:00"}},
      {"every second tuesday at 10:00, starting 1 December 2026",
       "calendar",
       {"2026-12-01T10:00", "2026-12-15T10:00", "2026-12-29T10:00"}},
      {"every 2 weeks on fri at 09:00 and 17:30",
       "calendar",
       {"2026-11-20T17:30", "2026-12-04T09:00", "2026-12-04T17:30"}},
      {"every other day at 06:00", "calendar", {"2026-11-21T06:00", "2026-11-23T06:00", "2026-11-25T06:00"}},
      {"1st of month at 08:00", "calendar", {"2026-12-01T08:00", "2027-01-01T08:00", "2027-02-01T08:00"}},
      {"1st and 15th of every month at 08:00",
       "calendar",
       {"2026-12-01T08:00", "2026-12-15T08:00", "2027-01-01T08:00"}},
      {"last day of month at 17:00", "calendar", {"2026-11-30T17:00", "2026-12-31T17:00", "2027-01-31T17:00"}},
      {"last weekday of month at 17:00", "calendar", {"2026-11-30T17:00", "2026-12-31T17:00", "2027-01-29T17:00"}},
      {"second tuesday of month at 10:00", "calendar", {"2026-12-08T10:00", "2027-01-12T10:00", "2027-02-09T10:00"}},
      {"every second tuesday of the month at 10:00",
       "calendar",
       {"2026-12-08T10:00", "2027-01-12T10:00", "2027-02-09T10:00"}},
      {"every 3 months on the 15th at 09:00", "calendar", {"2026-12-15T09:00", "2027-03-15T09:00", "2027-06-15T09:00"}},
      {"fourth thursday of november at 12:00",
       "calendar",
       {"2026-11-26T12:00", "2027-11-25T12:00", "2028-11-23T12:00"}},
      {"every year on 24 december at 18:00", "calendar", {"2026-12-24T18:00", "2027-12-24T18:00", "2028-12-24T18:00"}},
      {"every day at 07:30, 2 times", "calendar", {"2026-11-21T07:30", "2026-11-22T07:30"}},
      {"every day at 07:30 until 2026-11-22", "calendar", {"2026-11-21T07:30", "2026-11-22T07:30"}},
      {"cron 0 9 * * 1-5", "cron", {"2026-11-23T09:00", "2026-11-24T09:00", "2026-11-25T09:00"}},
      {"0 9 * * 1-5", "cron", {"2026-11-23T09:00", "2026-11-24T09:00", "2026-11-25T09:00"}},
      {"30 0 9 * * 1-5", "cron", {"2026-11-23T09:00", "2026-11-24T09:00", "2026-11-25T09:00"}},
      {"@daily", "cron", {"2026-11-21T00:00", "2026-11-22T00:00", "2026-11-23T00:00"}},
      {"CRON_TZ=America/New_York 0 9 * * 1-5", "cron", {"2026-11-20T15:00", "2026-11-23T15:00", "2026-11-24T15:00"}},
      {"rrule FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0",
       "rrule",
       {"2026-11-27T17:00", "2026-12-25T17:00", "2027-01-29T17:00"}},
      {"FREQ=DAILY;COUNT=2", "rrule", {"2026-11-20T14:01", "2026-11-21T14:01"}},
      {"RRULE:FREQ=DAILY;BYHOUR=7;BYMINUTE=0", "rrule", {"2026-11-21T07:00", "2026-11-22T07:00", "2026-11-23T07:00"}},
      {"rrule DTSTART;TZID=America/New_York:20261101T090000 FREQ=WEEKLY;BYDAY=MO EXDATE:20261123T090000 "
       "RDATE:20261121T100000",
       "rrule",
       {"2026-11-21T16:00", "2026-11-30T15:00", "2026-12-07T15:00"}},
      {"rrule DTSTART:20261101T090000Z RRULE:FREQ=WEEKLY;BYDAY=MO EXDATE;TZID=Asia/Tokyo:20261123T180000 "
       "RDATE;VALUE=DATE:20261128",
       "rrule",
       {"2026-11-28T01:00", "2026-11-30T10:00", "2026-12-07T10:00"}},
      {"weekdays at 09:00 or saturdays at 11:00",
       "calendar",
       {"2026-11-21T11:00", "2026-11-23T09:00", "2026-11-24T09:00"}},
      {"manual", "manual", {}},
      {"EVERY DAY AT 07:30", "calendar", {"2026-11-21T07:30", "2026-11-22T07:30", "2026-11-23T07:30"}},
  }));
  const Schedule schedule = parsed(row.text);
  INFO(row.text << " reads " << reads(schedule));
  CHECK(name_of(schedule.kind()) == row.kind);
  CHECK(next(schedule) == row.next);

  const Schedule again = parsed(reads(schedule));
  const Times slots = next(schedule, 40), slots_again = next(again, 40);
  CHECK(slots_again == slots);
  CHECK(reads(again) == reads(schedule));

  const auto stored = schedule_from_json(json::parse(to_json(schedule).dump()));
  REQUIRE(stored.ok());
  CHECK(to_json(*stored) == to_json(schedule));
  CHECK(next(*stored, 40) == slots);
}

TEST_CASE("readings are plain language", "[domain][schedule][when]") {
  const auto [text, reading] = GENERATE(table<std::string, std::string>({
      {"weekdays at 07:30", "weekdays at 07:30"},
      {"mon,thu at 18:15", "every Monday and Thursday at 18:15"},
      {"every 2 weeks on tue at 10:00", "every second Tuesday at 10:00, starting 24 November 2026"},
      {"1st of month at 08:00", "1st of every month at 08:00"},
      {"last weekday of month at 17:00", "last weekday of every month at 17:00"},
      {"every 15m", "every 15 minutes, starting 20 November 2026 at 14:15"},
      {"every 15m between 08:00 and 18:00 on weekdays", "every 15 minutes between 08:00 and 18:00 on weekdays"},
      {"in 20m", "once on Fri 2026-11-20 at 14:20"},
      {"cron 0 9 * * 1-5", "weekdays at 09:00 (cron 0 9 * * 1-5)"},
      {"cron */5 * * * *", "every 5 minutes (cron */5 * * * *)"},
      {"rrule FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0", "last Friday of every month at 17:00"},
      {"rrule DTSTART:20261121T080000 FREQ=HOURLY;INTERVAL=6",
       "every 6 hours, starting 21 November 2026 at 08:00 (rrule DTSTART:20261121T080000 FREQ=HOURLY;INTERVAL=6)"},
      {"28d, 14d, 7d before 2027-03-14 at 09:00", "28 days, 14 days, 7 days before 14 March 2027 at 09:00"},
      {"1h30m before 2027-03-14 at 09:00", "1 hour and 30 minutes before 14 March 2027 at 09:00"},
      {"15m after each run", "15 minutes after each run, starting 20 November 2026 at 14:15"},
  }));
  CHECK(reads(parsed(text)) == reading);
}

TEST_CASE("what could mean two things is refused with candidates that work", "[domain][schedule][when]") {
  const auto [text, candidates] = GENERATE(table<std::string, std::vector<std::string>>({
      {"30m", {"in 30m", "every 30m"}},
      {"9", {"tomorrow 09:00", "every day at 09:00", "in 9m", "every 9m"}},
      {"9am", {"tomorrow 9am", "every day at 9am"}},
      {"at 15:00", {"today 15:00", "tomorrow 15:00", "every day at 15:00"}},
      {"every day", {"every day at 09:00", "every day at 17:00"}},
      {"every day at 9", {"every day at 09:00", "every day at 21:00"}},
      {"friday", {"friday 09:00", "every friday at 09:00"}},
      {"tomorrow", {"tomorrow 09:00", "tomorrow 17:00"}},
      {"every month at 09:00", {"1st of month at 09:00", "last day of month at 09:00"}},
      {"next friday 17:00", {"2026-11-20 17:00", "2026-11-27 17:00", "2026-12-04 17:00"}},
      {"03/04/2027 10:00", {"2027-03-04 10:00", "2027-04-03 10:00"}},
      {"every mar at 10:00", {"every Tuesday at 10:00"}},
      {"15 jui at 10:00", {"15 June at 10:00", "15 July at 10:00"}},
      {"after nightly-etl", {"after nightly-etl succeeds", "after nightly-etl fails", "after nightly-etl finishes"}},
      {"when github.list_issues changes", {"when github.list_issues changes, every 5m"}},
  }));
  const auto schedule = parse_when(text, berlin());
  INFO(text);
  REQUIRE_FALSE(schedule.ok());
  const json answer = to_answer(schedule.error());
  INFO(answer.dump());
  CHECK(answer.at("error") == "when_ambiguous");
  CHECK(answer.at("pointer") == "/when");
  CHECK(answer.at("got") == text);
  CHECK(answer.at("now") == "Fri 2026-11-20 14:00 Europe/Berlin");
  for (const auto& wanted : candidates)
    CHECK_THAT(answer.at("try").get<std::vector<std::string>>(), Catch::VectorContains(wanted));
  // What is offered works, but for a time of today that has passed and a month where a weekday is wanted.
  for (const auto& offered : answer.at("try"))
    CHECK((offered == "today 9am" || offered == "every March at 10:00" ||
           parse_when(offered.get<std::string>(), berlin()).ok()));
}

TEST_CASE("times that have passed are refused with the current time", "[domain][schedule][when]") {
  const auto [text, instead] = GENERATE(table<std::string, std::string>({
      {"2025-11-21 09:00", "2026-11-21 09:00"},
      {"2025-11-20 09:00", "2027-11-20 09:00"},
      {"today 09:00", "tomorrow 09:00"},
      {"2026-11-19 15:00", "2027-11-19 15:00"},
      {"2025-11-21T09:00:00+01:00", "2026-11-21 09:00"},
      {"in 0 minutes", "in 1m"},
  }));
  const auto schedule = parse_when(text, berlin());
  INFO(text);
  REQUIRE_FALSE(schedule.ok());
  const json answer = to_answer(schedule.error());
  CHECK(answer.at("error") == "when_in_past");
  CHECK(answer.at("now") == "Fri 2026-11-20 14:00 Europe/Berlin");
  CHECK(answer.at("try").at(0) == instead);
}

TEST_CASE("other refusals name the code and the position", "[domain][schedule][when]") {
  const auto [text, code, position] = GENERATE(table<std::string, std::string, int>({
      {"", "arguments_invalid", 0},
      {"   ", "arguments_invalid", 3},
      {"wekdays at 09:00", "arguments_invalid", 0},
      {"weekdays at 25:00", "arguments_invalid", 12},
      {"weekdays at 09:00 or", "arguments_invalid", 18},
      {"weekdays at 09:00 or  or manual", "arguments_invalid", 21},
      {"every 15 bananas", "arguments_invalid", 6},
      {"every 0m", "arguments_invalid", 6},
      {"in 20m please", "arguments_invalid", 7},
      {"tomorrow 9am or so", "arguments_invalid", 16},
      {"tomorrow 9am every day", "arguments_invalid", 13},
      {"manual only", "arguments_invalid", 7},
      {"2026-02-30 10:00", "arguments_invalid", 0},
      {"sat 2026-11-20 10:00", "arguments_invalid", 0},
      {"cron 61 * * * *", "arguments_invalid", 5},
      {"cron * * *", "arguments_invalid", 5},
      {"rrule FREQ=DAILY;BYHOUR=24", "arguments_invalid", 24},
      {"rrule FREQ=DAILY;COUNT=0", "arguments_invalid", 23},
      {"rrule", "arguments_invalid", 5},
      {"tomorrow 9am Europe/Berln", "unknown_zone", 13},
      {"CRON_TZ=Mars/Base 0 9 * * *", "unknown_zone", 8},
      {"cron 0 0 30 2 *", "never_fires", 0},
      {"rrule FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never_fires", 0},
      {"30th of february at 09:00", "never_fires", 0},
      {"rrule FREQ=DAILY;UNTIL=20200101T000000Z", "never_fires", 0},
      {"rrule DTSTART:20190101T090000 FREQ=DAILY;UNTIL=20200101T000000Z", "when_in_past", 0},
      {"rrule FREQ=DAILY;COUNT=0 or manual", "arguments_invalid", 23},
      {"rrule DTSTART;TZID=Mars/Base:20261124T100000 FREQ=DAILY", "unknown_zone", 19},
      {"rrule DTSTART;TZID=UTC:20261124T100000Z FREQ=DAILY", "arguments_invalid", 19},
      {"rrule DTSTART:20261124T100000 DTSTART:20261124T100000 FREQ=DAILY", "arguments_invalid", 30},
      {"rrule FREQ=DAILY EXDATE;X=Y:20261124T100000", "arguments_invalid", 24},
      {"rrule FREQ=DAILY EXDATE:20261124T100000,2026", "arguments_invalid", 40},
      {"rrule RRULE;TZID=UTC:FREQ=DAILY", "arguments_invalid", 12},
      {"rrule FREQ=DAILY FREQ=WEEKLY", "arguments_invalid", 17},
      {"manual or every 15m", "arguments_invalid", 10},
      {"every 15m or manual", "arguments_invalid", 13},
      {"weekdays at 09:00 or 30th of february at 09:00", "never_fires", 21},
      {"weekdays at 09:00 or 2025-01-01 10:00", "when_in_past", 21},
      {"every 15m, until 2026-12-01, until 2026-12-02", "arguments_invalid", 29},
      {"1 month after each run", "arguments_invalid", 0},
      {"15m after nightly-etl succeeds", "arguments_invalid", 10},
      {"300y before 2027-03-14 at 09:00", "arguments_invalid", 0},
      {"32.12.2026 10:00", "arguments_invalid", 0},
      {"13/13/2026 10:00", "arguments_invalid", 0},
      {"30d, 20d before 2026-12-01 at 09:00", "when_in_past", 0},
      {"next blue moon", "arguments_invalid", 5},
      {"11/21/2026 10:00", "arguments_invalid", 0},
  }));
  const auto schedule = parse_when(text, berlin());
  INFO(text);
  REQUIRE_FALSE(schedule.ok());
  const json answer = to_answer(schedule.error());
  INFO(answer.dump());
  CHECK(answer.at("error") == code);
  CHECK(answer.at("position") == position);
  CHECK(answer.contains("now"));
}

TEST_CASE("an unknown zone is refused with the nearest names", "[domain][schedule][zone]") {
  const auto schedule = parse_when("every 15m", {kNow, "Europe/Berln"});
  REQUIRE_FALSE(schedule.ok());
  CHECK(schedule.error().code == ErrorCode::unknown_zone);
  CHECK(schedule.error().pointer == "/timezone");
  CHECK(schedule.error().try_instead.at(0) == "Europe/Berlin");
  CHECK(nearest_zones("tokyo").at(0) == "Asia/Tokyo");
  CHECK(is_zone("europe/berlin"));
  CHECK_FALSE(is_zone("../../etc/passwd"));
  CHECK_FALSE(is_zone("/etc/localtime"));
  CHECK_FALSE(is_zone(""));
  CHECK(tzdata_version().substr(0, 2) == "20");
}

TEST_CASE("a single time that does not exist or comes twice follows the policy", "[domain][schedule][when]") {
  WhenContext context = berlin();
  const auto once = [&](const char* text) {
    return to_rfc3339_in(next_slots(parsed(text, context), kNow, 1).at(0).at, "Europe/Berlin");
  };
  context.gap = DstGap::shift;
  CHECK(once("2027-03-28 02:30") == "2027-03-28T03:30:00+02:00");
  context.gap = DstGap::earliest_after;
  CHECK(once("2027-03-28 02:30") == "2027-03-28T03:00:00+02:00");
  context.gap = DstGap::skip;
  const auto skipped = parse_when("2027-03-28 02:30", context);
  REQUIRE_FALSE(skipped.ok());
  CHECK(skipped.error().message == "02:30 does not exist on 2027-03-28 (clocks go forward) and dst_gap is skip");
  context.overlap = DstOverlap::first;
  CHECK(once("2027-10-31 02:30") == "2027-10-31T02:30:00+02:00");
  context.overlap = DstOverlap::second;
  CHECK(once("2027-10-31 02:30") == "2027-10-31T02:30:00+01:00");
}

TEST_CASE("changes of the clock are followed and noted", "[domain][schedule][when]") {
  const Instant before = *parse_rfc3339("2027-03-27T00:00:00Z");
  const Schedule night = parsed("every day at 02:30");
  CHECK(next(night, 3, before) == Times{"2027-03-27T02:30", "2027-03-28T03:30", "2027-03-29T02:30"});
  const auto slots = next_slots(night, before, 2);
  CHECK(describe_note(slots[0], "Europe/Berlin").empty());
  CHECK(describe_note(slots[1], "Europe/Berlin") ==
        "02:30 does not exist on 2027-03-28 (clocks go forward): 03:30 instead");

  WhenContext context = berlin();
  context.gap = DstGap::skip;
  CHECK(next(parsed("every day at 02:30", context), 2, before) == Times{"2027-03-27T02:30", "2027-03-29T02:30"});
  context.gap = DstGap::earliest_after;
  CHECK(next(parsed("every day at 02:30", context), 2, before) == Times{"2027-03-27T02:30", "2027-03-28T03:00"});

  const Instant autumn = *parse_rfc3339("2027-10-30T12:00:00Z");
  context.overlap = DstOverlap::both;
  const auto both = next_slots(parsed("every day at 02:30", context), autumn, 3);
  CHECK(to_rfc3339_in(both[0].at, "Europe/Berlin") == "2027-10-31T02:30:00+02:00");
  CHECK(to_rfc3339_in(both[1].at, "Europe/Berlin") == "2027-10-31T02:30:00+01:00");
  CHECK(describe_note(both[1], "Europe/Berlin") ==
        "02:30 on 2027-10-31 comes twice (clocks go back): the second of the two");
  // A quarter-hour rhythm does not pause for the doubled hour.
  const auto quarters = next_slots(parsed("every 15m"), autumn, 100);
  for (std::size_t i = 1; i < quarters.size(); ++i)
    REQUIRE(quarters[i].at - quarters[i - 1].at == std::chrono::minutes{15});
}

TEST_CASE("instants are told in local time with their distance", "[domain][schedule][describe]") {
  CHECK(describe_instant(*parse_rfc3339("2026-11-23T06:30:00Z"), "Europe/Berlin", kNow) ==
        "Mon 2026-11-23 07:30 (in 2 d 17 h)");
  CHECK(describe_instant(*parse_rfc3339("2026-11-20T11:00:00Z"), "Europe/Berlin", kNow) ==
        "Fri 2026-11-20 12:00 (2 h ago)");
  CHECK(describe_distance(kNow, kNow) == "now");
  CHECK(describe_distance(kNow + std::chrono::seconds{90}, kNow) == "in 1 min 30 s");
  CHECK(describe_distance(kNow + std::chrono::minutes{20}, kNow) == "in 20 min");
  CHECK(describe_local(kNow, "local").ends_with(machine_zone()));
}

TEST_CASE("the long form maps onto the same schedules", "[domain][schedule][when]") {
  const auto [kind, expression, first] = GENERATE(table<std::string, std::string, std::string>({
      {"cron", "0 9 * * 1-5", "2026-11-23T09:00"},
      {"rrule", "FREQ=DAILY;BYHOUR=7;BYMINUTE=0", "2026-11-21T07:00"},
      {"once", "2026-11-21T15:00:00+01:00", "2026-11-21T15:00"},
      {"interval", "15m", "2026-11-20T14:15"},
      {"interval", "every 15m", "2026-11-20T14:15"},
      {"calendar", "weekdays at 09:00", "2026-11-23T09:00"},
      {"interval", "15m after each run", "2026-11-20T14:15"},
      {"once", "1h before 2026-11-21 15:00", "2026-11-21T14:00"},
  }));
  const auto schedule = parse_long_form(kind, expression, berlin());
  INFO(kind << " " << expression);
  REQUIRE(schedule.ok());
  CHECK(name_of(schedule->kind()) == kind);
  CHECK(next(*schedule, 1) == Times{first});
}

TEST_CASE("the long form has every kind", "[domain][schedule][when]") {
  const auto [kind, expression, reading] = GENERATE(table<std::string, std::string, std::string>({
      {"event", "deploy.finished", "on event deploy.finished"},
      {"event", "on event deploy.*", "on event deploy.*"},
      {"webhook", "", "on webhook"},
      {"chain", "nightly-etl fails", "after nightly-etl fails"},
      {"chain", "2h before task etl", "2 hours before task etl"},
      {"condition", "weather.current changes, every 5m",
       "when weather.current changes, every 5 minutes, starting 20 November 2026 at 14:05"},
      {"manual", "", "manual"},
      {"manual", "manual", "manual"},
  }));
  const auto schedule = parse_long_form(kind, expression, berlin());
  INFO(kind << " " << expression << " " << (schedule.ok() ? "" : to_answer(schedule.error()).dump()));
  REQUIRE(schedule.ok());
  CHECK(name_of(schedule->kind()) == kind);
  CHECK(reads(*schedule) == reading);
}

TEST_CASE("a long form that does not fit its kind is refused at the right argument", "[domain][schedule][when]") {
  const auto unknown = parse_long_form("sometimes", "x", berlin());
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().pointer == "/schedule_kind");
  const auto broken = parse_long_form("cron", "61 * * * *", berlin());
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().pointer == "/schedule_expr");
  CHECK(broken.error().details.at("position") == 0);
  const auto other = parse_long_form("once", "every 15m", berlin());
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().pointer == "/schedule_expr");
  const auto where = parse_long_form("event", "deploy.finished where [", berlin());
  REQUIRE_FALSE(where.ok());
  CHECK(where.error().details.at("position") == 23);
}

TEST_CASE("stored schedules that we did not write are refused", "[domain][schedule][json]") {
  for (const auto* text : {"null", "{}", R"({"v":2,"text":"","zone":"UTC","triggers":[]})",
                           R"({"v":1,"text":"","zone":"UTC","triggers":[]})",
                           R"({"v":1,"text":"","zone":"UTC","triggers":[{"kind":"nope"}]})", "[1]"})
    CHECK_FALSE(schedule_from_json(json::parse(text)).ok());
}

TEST_CASE("the slots of a window are those after its begin up to its end", "[domain][schedule]") {
  const Schedule schedule = parsed("every day at 07:30");
  const auto slots =
      slots_between(schedule, *parse_rfc3339("2026-11-21T06:30:00Z"), *parse_rfc3339("2026-11-24T06:30:00Z"), 10);
  REQUIRE(slots.size() == 3);
  CHECK(slots.back().at == *parse_rfc3339("2026-11-24T06:30:00Z"));
}

TEST_CASE("bounds of a schedule hold for every trigger", "[domain][schedule]") {
  Schedule schedule = parsed("every day at 07:30 or every day at 08:00");
  schedule.start = *parse_rfc3339("2026-11-25T07:00:00Z");
  schedule.until = *parse_rfc3339("2026-11-26T06:30:00Z");
  CHECK(next(schedule, 9) == Times{"2026-11-25T08:00", "2026-11-26T07:30"});
}
