// Readings: plain language for every schedule, and the round trip: what is read back is the same schedule. Over the
// corpora, over random schedules, and in words that people would use.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "server/domain/schedule/schedule.h"
#include "tests/domain/friday.h"
#include "tests/domain/schedule/dice.h"

using namespace carillon;
using carillon::test::Dice;
using carillon::test::kNow;

namespace {

std::string compact(std::string text) {
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

// The case in the words of the language: a rule with its start and its dates.
std::string text_of(const json& c) {
  if (c.contains("cron")) return "cron " + c.at("cron").get<std::string>();
  std::string text = "rrule DTSTART:" + compact(c.at("dtstart")) + " " + c.at("rrule").get<std::string>();
  for (const char* name : {"exdate", "rdate"}) {
    std::string dates;
    for (const auto& date : c.value(name, json::array())) dates += (dates.empty() ? "" : ",") + compact(date);
    if (!dates.empty()) text += std::string(name == std::string("exdate") ? " EXDATE:" : " RDATE:") + dates;
  }
  return text;
}

// Before everything that the case has, so that nothing has passed.
Instant before(const json& c) {
  const std::string begin = c.contains("cron") ? c.at("after") : json(c.at("dtstart").get<std::string>() + "Z");
  return *parse_rfc3339(begin) - std::chrono::days{40};
}

void check_same(const Schedule& one, const Schedule& other, Instant from) {
  // From the beginning, and far away from it.
  for (const auto days : {0, 400, 4000, 40'000}) {
    const Instant after = from + std::chrono::days{days};
    const auto slots = next_slots(one, after, 25), others = next_slots(other, after, 25);
    REQUIRE(slots.size() == others.size());
    for (std::size_t i = 0; i < slots.size(); ++i) REQUIRE(slots[i].at == others[i].at);
  }
}

void check_round_trip(const std::string& text, const WhenContext& context) {
  const auto schedule = parse_when(text, context);
  INFO(text << " in " << context.zone << " at " << to_rfc3339(context.now));
  if (!schedule) {
    INFO(to_answer(schedule.error()).dump());
    REQUIRE((schedule.error().code == ErrorCode::never_fires || schedule.error().code == ErrorCode::when_in_past));
    return;
  }
  const std::string reading = reads(*schedule);
  INFO("reads " << reading);
  const auto again = parse_when(reading, context);
  INFO((again ? "" : to_answer(again.error()).dump()));
  REQUIRE(again.ok());
  CHECK(reads(*again) == reading);
  check_same(*schedule, *again, context.now);
}

std::string two_digits(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

std::string time_of_day(Dice& dice) {
  const std::string seconds = dice.one_in(6) ? ":" + two_digits(dice.roll(0, 59)) : "";
  return two_digits(dice.roll(0, 23)) + ":" + two_digits(dice.roll(0, 59)) + seconds;
}

std::string times(Dice& dice) {
  std::string out = " at " + time_of_day(dice);
  while (dice.one_in(4)) out += " and " + time_of_day(dice);
  return out;
}

std::string date(Dice& dice) {
  if (dice.one_in(2)) return dice.pick({"2026-12-", "2027-03-", "2027-10-"}) + two_digits(dice.roll(1, 31) % 30 + 1);
  return dice.number(1, 28) + " " + dice.pick({"March", "octubre", "juillet", "Dezember", "mai"}) + " 2027";
}

std::string weekdays(Dice& dice) {
  return dice.pick(
      {"weekdays", "mondays", "tue,thu", "sat and sun", "weekends", "mon-wed", "freitags", "martes,jueves"});
}

std::string tail(Dice& dice) {
  std::string out;
  if (dice.one_in(4)) out += ", starting " + date(dice);
  if (dice.one_in(5)) return out + ", until " + date(dice) + (dice.one_in(2) ? " at " + time_of_day(dice) : "");
  return out;
}

std::string calendar_phrase(Dice& dice) {
  const std::string ordinal = dice.pick({"1st", "last", "third", "15th", "31st", "second to last", "1st and 15th"});
  std::string days;
  switch (dice.roll(0, 7)) {
    case 0:
      days = dice.one_in(2) ? "every day" : "every " + dice.number(2, 40) + " days";
      break;
    case 1:
      days = weekdays(dice);
      break;
    case 2:
      days = "every " + dice.number(1, 6) + " weeks on " + weekdays(dice);
      break;
    case 3:
      days = ordinal + " of month";
      break;
    case 4:
      days = dice.pick({"first", "last", "second", "fourth"}) + " " + dice.pick({"friday", "weekday", "samedi"}) +
             " of month";
      break;
    case 5:
      days = "every " + dice.number(1, 18) + " months on the " + ordinal;
      break;
    case 6:
      days = ordinal + " of " + dice.pick({"january and july", "februar", "décembre"});
      break;
    default:
      days = "every " + dice.number(1, 5) + " years on " + dice.number(1, 29) + " february";
  }
  if (dice.one_in(7)) return days + " at " + time_of_day(dice) + ", " + dice.number(1, 90) + " times";
  return days + times(dice) + tail(dice);
}

std::string interval_phrase(Dice& dice) {
  std::string text = "every " + dice.number(1, 400) + dice.pick({"s", "m", "h", " minutes", " hours"});
  if (dice.one_in(3))
    text += " between " + time_of_day(dice) + " and " + time_of_day(dice);
  else if (dice.one_in(4))
    text += " from " + time_of_day(dice);
  if (dice.one_in(3)) text += " on " + weekdays(dice);
  return text + tail(dice);
}

std::string once_phrase(Dice& dice) {
  switch (dice.roll(0, 4)) {
    case 0:
      return "in " + dice.number(1, 400) + dice.pick({"s", "m", "h", "d", " weeks", " months"});
    case 1:
      return date(dice) + " at " + time_of_day(dice);
    case 2:
      return dice.number(1, 20) + "d, " + dice.number(1, 90) + "m before " + date(dice) + " at " + time_of_day(dice);
    case 3:
      return dice.number(1, 90) + dice.pick({"m", "h", "d"}) + " after each run";
    default:
      return "2027-10-31T0" + dice.number(0, 3) + ":30:0" + dice.number(0, 9) +
             dice.pick({"+01:00", "+02:00", "Z", ".25Z", ""});
  }
}

std::string rule_phrase(Dice& dice) {
  std::string rule = "rrule ";
  if (!dice.one_in(3))
    rule += "DTSTART:2026" + two_digits(dice.roll(1, 12)) + two_digits(dice.roll(1, 28)) + "T" +
            two_digits(dice.roll(0, 23)) + two_digits(dice.roll(0, 59)) + "00" + (dice.one_in(6) ? "Z " : " ");
  rule += "FREQ=" + dice.pick({"YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"});
  const bool weekly = rule.ends_with("WEEKLY"), monthly = rule.ends_with("MONTHLY");
  if (dice.one_in(2)) rule += ";INTERVAL=" + dice.number(1, 40);
  if (dice.one_in(4)) rule += ";BYMONTH=" + dice.number(1, 12) + "," + dice.number(1, 12);
  if (dice.one_in(4) && !weekly) rule += ";BYMONTHDAY=" + dice.pick({"", "-"}) + dice.number(1, 31);
  if (dice.one_in(3))
    rule += ";BYDAY=" + (monthly ? dice.pick({"MO", "1MO", "-1FR,2TU", "MO,TU,WE,TH,FR"})
                                 : dice.pick({"MO", "SA,SU", "MO,TU,WE,TH,FR"}));
  if (dice.one_in(4)) rule += ";BYHOUR=" + dice.number(0, 23) + "," + dice.number(0, 23);
  if (dice.one_in(4)) rule += ";BYMINUTE=" + dice.number(0, 59) + "," + dice.number(0, 59);
  if (dice.one_in(5)) rule += ";WKST=SU";
  if (dice.one_in(5) && rule.find("BY") != std::string::npos) rule += ";BYSETPOS=" + dice.pick({"1", "-1", "2,-1"});
  if (dice.one_in(5))
    rule += ";COUNT=" + dice.number(1, 200);
  else if (dice.one_in(5))
    rule += ";UNTIL=20281031T0" + dice.number(0, 3) + "3000" + dice.pick({"", "Z"});
  if (dice.one_in(6)) rule += " EXDATE:20270105T100000,20271031T023000Z RDATE:20271031T0" + dice.number(0, 3) + "3000Z";
  return rule;
}

std::string phrase(Dice& dice) {
  switch (dice.roll(0, 4)) {
    case 0:
      return calendar_phrase(dice);
    case 1:
      return interval_phrase(dice);
    case 2:
      return once_phrase(dice);
    case 3:
      return rule_phrase(dice);
    default:
      return calendar_phrase(dice) + dice.pick({" America/New_York", " in Asia/Tokyo", " UTC", " local", ""});
  }
}

}  // namespace

TEST_CASE("every reading of the corpora is the same schedule", "[domain][schedule][reading]") {
  int cases = 0;
  for (const auto* file : {"rrule/rfc5545", "rrule/rules", "rrule/dst", "rrule/subdaily-dst", "rrule/window",
                           "rrule/misc", "cron/standard", "cron/dst", "cron/extensions"}) {
    std::ifstream stream(std::string("tests/corpora/") + file + ".json");
    const json corpus = json::parse(stream);
    for (const auto& c : corpus.at("cases")) {
      INFO(c.at("id"));
      check_round_trip(text_of(c), {before(c), c.at("tzid").get<std::string>()});
      ++cases;
    }
  }
  CHECK(cases == 653 + 321);
}

TEST_CASE("every reading of a random schedule is the same schedule", "[domain][schedule][reading]") {
  Dice dice{20261124};
  for (int i = 0; i < 4000; ++i) {
    std::string text = phrase(dice);
    while (dice.one_in(5)) text += " or " + phrase(dice);
    WhenContext context{kNow, dice.pick({"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"})};
    if (dice.one_in(3)) context.gap = static_cast<DstGap>(dice.roll(0, 2));
    if (dice.one_in(3)) context.overlap = static_cast<DstOverlap>(dice.roll(0, 2));
    check_round_trip(text, context);
  }
}

TEST_CASE("what English cannot say is told and ends with the line itself", "[domain][schedule][reading]") {
  const auto [text, reading] = GENERATE(table<std::string, std::string>({
      {"cron 0 9 * * *", "every day at 09:00 (cron 0 9 * * *)"},
      {"cron 0 9,17 * * 1-5", "weekdays at 09:00 and 17:00 (cron 0 9,17 * * 1-5)"},
      {"cron 0 9 1,15 * *", "at 09:00 on the 1st and the 15th (cron 0 9 1,15 * *)"},
      {"cron 0 9 13 * 5", "at 09:00 on the 13th and on Friday (cron 0 9 13 * 5)"},
      {"cron 0 9 */2 * 5",
       "at 09:00 on the 1st, the 3rd, the 5th, the 7th, the 9th, the 11th, the 13th, the 15th, the 17th, the 19th, the "
       "21st, the 23rd, the 25th, the 27th, the 29th and the 31st if on Friday (cron 0 9 */2 * 5)"},
      {"cron 0 9 L * *", "at 09:00 on the last day (cron 0 9 L * *)"},
      {"cron 0 9 LW 6 *", "at 09:00 on the last weekday in June (cron 0 9 LW 6 *)"},
      {"cron 0 9 15W * *", "at 09:00 on the weekday nearest the 15th (cron 0 9 15W * *)"},
      {"cron 0 9 * * 5L", "at 09:00 on the last Friday (cron 0 9 * * 5L)"},
      {"cron 0 9 * * 1#2", "at 09:00 on the second Monday (cron 0 9 * * 1#2)"},
      {"cron * * * * *", "every minute (cron * * * * *)"},
      {"cron 0 * * * *", "every hour (cron 0 * * * *)"},
      {"cron 30 * * * *", "at minute 30 of every hour (cron 30 * * * *)"},
      {"cron */15 8-17 * * 1-5", "every 15 minutes in hours 8 to 17 on weekdays (cron */15 8-17 * * 1-5)"},
      {"cron 0 */2 * * *", "every 2 hours (cron 0 */2 * * *)"},
      {"cron 0 8-18 * * *", "on the hour in hours 8 to 18 (cron 0 8-18 * * *)"},
      {"cron */7 * * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour (cron */7 * * * *)"},
      {"cron */10 * * * * *", "every 10 seconds (cron */10 * * * * *)"},
      {"cron 5,10 */20 * * * *", "at seconds 5 and 10 in minutes 0, 20 and 40 (cron 5,10 */20 * * * *)"},
      {"@daily", "every day at 00:00 (cron @daily)"},
      {"CRON_TZ=Asia/Tokyo 0 9 * * *", "every day at 09:00 (cron CRON_TZ=Asia/Tokyo 0 9 * * *)"},
      {"rrule DTSTART:20261124T100000 FREQ=DAILY;BYMONTH=1,2;BYDAY=MO",
       "every day, in January and February, on Monday, at 10:00, starting 24 November 2026 at 10:00 "
       "(rrule DTSTART:20261124T100000 FREQ=DAILY;BYMONTH=1,2;BYDAY=MO)"},
      {"rrule DTSTART:20261124T100000 FREQ=YEARLY;BYWEEKNO=1,20,-1;BYDAY=MO;COUNT=5",
       "every year, in weeks 1, 20 and the last, on Monday, at 10:00, starting 24 November 2026 at 10:00, 5 times "
       "(rrule DTSTART:20261124T100000 FREQ=YEARLY;COUNT=5;BYWEEKNO=-1,1,20;BYDAY=MO)"},
      {"rrule DTSTART:20261124T100000 FREQ=YEARLY;BYYEARDAY=1,100;UNTIL=20301231T225959Z",
       "every year, on days 1 and 100 of the year, at 10:00, starting 24 November 2026 at 10:00, until 31 December "
       "2030 "
       "(rrule DTSTART:20261124T100000 FREQ=YEARLY;UNTIL=20301231T225959Z;BYYEARDAY=1,100)"},
      {"rrule DTSTART:20261124T100000 FREQ=YEARLY;BYDAY=20MO",
       "every year, on the 20th Monday of the year, at 10:00, starting 24 November 2026 at 10:00 "
       "(rrule DTSTART:20261124T100000 FREQ=YEARLY;BYDAY=20MO)"},
      {"rrule DTSTART:20261124T100000 FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=1,-2",
       "every month, on Monday and Wednesday, at 10:00, of these only 1 and the second to last, starting 24 November "
       "2026 at 10:00 (rrule DTSTART:20261124T100000 FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=-2,1)"},
      {"rrule DTSTART:20261124T100000 FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,14",
       "every 20 minutes, in hours 9 to 11 and 14, starting 24 November 2026 at 10:00 "
       "(rrule DTSTART:20261124T100000 FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,14)"},
      {"rrule DTSTART:20261124T100000 FREQ=DAILY EXDATE:20261125T100000 RDATE:20261124T120000,20261125T120000",
       "every day, at 10:00, starting 24 November 2026 at 10:00, without 1 date, and on 2 dates (rrule "
       "DTSTART:20261124T100000 FREQ=DAILY EXDATE:20261125T100000 RDATE:20261124T120000,20261125T120000)"},
      {"every 300h 1s", "every 300 hours and 1 second, starting 3 December 2026 at 02:00:01"},
      {"2027-10-31T02:30:00+01:00", "once at 2027-10-31T02:30:00+01:00"},
      {"2027-10-30T02:30:00.25+02:00", "once at 2027-10-30T02:30:00.250000+02:00"},
  }));
  const auto schedule = parse_when(text, {kNow, "Europe/Berlin"});
  INFO(text);
  REQUIRE(schedule.ok());
  CHECK(reads(*schedule) == reading);
}
