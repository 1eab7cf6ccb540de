// Random schedules and random texts, the same ones in every run: what must hold for all of them.
#include <catch2/catch.hpp>
#include <chrono>

#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_source.h"
#include "tests/domain/friday.h"
#include "tests/domain/schedule/dice.h"

using namespace carillon;
using carillon::test::Dice;
using carillon::test::kNow;

namespace {

std::string number_list(Dice& dice, int low, int high) {
  std::string out = std::to_string(dice.roll(low, high));
  while (dice.one_in(2)) out += "," + std::to_string(dice.roll(low, high));
  return out;
}

std::string random_rule(Dice& dice) {
  std::string rule = "FREQ=" + dice.pick(std::array<const char*, 7>{"YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY",
                                                                    "MINUTELY", "SECONDLY"});
  if (dice.one_in(2)) rule += ";INTERVAL=" + std::to_string(dice.roll(1, 90));
  if (dice.one_in(4)) rule += ";BYMONTH=" + number_list(dice, 1, 12);
  if (dice.one_in(4) && rule.find("WEEKLY") == std::string::npos) rule += ";BYMONTHDAY=" + number_list(dice, 1, 31);
  if (dice.one_in(3)) rule += ";BYDAY=" + dice.pick(std::array<const char*, 4>{"MO", "MO,WE,FR", "SA,SU", "TU"});
  if (dice.one_in(4)) rule += ";BYHOUR=" + number_list(dice, 0, 23);
  if (dice.one_in(4)) rule += ";BYMINUTE=" + number_list(dice, 0, 59);
  if (dice.one_in(5) && rule.find("BY") != std::string::npos)
    rule += ";BYSETPOS=" + dice.pick(std::array<const char*, 4>{"1", "-1", "2,-1", "3"});
  if (dice.one_in(5)) rule += ";COUNT=" + std::to_string(dice.roll(1, 200));
  return rule;
}

std::string random_cron(Dice& dice) {
  const auto field = [&](int low, int high) -> std::string {
    if (dice.one_in(3)) return "*";
    if (dice.one_in(4)) return "*/" + std::to_string(dice.roll(1, high));
    return number_list(dice, low, high);
  };
  return "cron " + field(0, 59) + " " + field(0, 23) + " " + field(1, 31) + " " + field(1, 12) + " " + field(0, 7);
}

std::string random_schedule(Dice& dice) {
  if (dice.one_in(3)) return random_cron(dice);
  return "rrule DTSTART:202" + std::to_string(dice.roll(0, 9)) + "0" + std::to_string(dice.roll(1, 9)) + "2" +
         std::to_string(dice.roll(0, 8)) + "T0" + std::to_string(dice.roll(0, 9)) + std::to_string(dice.roll(0, 5)) +
         "000 " + random_rule(dice);
}

constexpr std::array<const char*, 6> kZones{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                            "UTC",           "Pacific/Apia",     "America/Sao_Paulo"};

}  // namespace

TEST_CASE("slots ascend and do not depend on where one begins to ask", "[domain][schedule][random]") {
  Dice dice{20261120};
  int understood = 0;
  for (int i = 0; i < 1500; ++i) {
    const std::string text = random_schedule(dice);
    WhenContext context{kNow, dice.pick(kZones)};
    context.gap = static_cast<DstGap>(dice.roll(0, 2));
    context.overlap = static_cast<DstOverlap>(dice.roll(0, 2));
    const auto schedule = parse_when(text, context);
    if (!schedule.ok()) {
      INFO(text << " " << to_answer(schedule.error()).dump());
      const auto code = schedule.error().code;
      REQUIRE((code == ErrorCode::never_fires || code == ErrorCode::when_in_past));
      continue;
    }
    ++understood;
    INFO(text << " in " << context.zone << ", gap " << static_cast<int>(*context.gap) << ", overlap "
              << static_cast<int>(*context.overlap));
    // Begin near a change of the clock as often as not.
    const Instant after = *parse_rfc3339(dice.one_in(2) ? "2027-03-27T20:00:00Z" : "2026-10-24T20:00:00Z") +
                          std::chrono::hours{dice.roll(0, 200)};
    const auto slots = next_slots(*schedule, after, 12);
    for (std::size_t k = 0; k < slots.size(); ++k) {
      REQUIRE(slots[k].at > (k == 0 ? after : slots[k - 1].at));
      const auto next = next_slot(*schedule, k == 0 ? after : slots[k - 1].at);
      REQUIRE(next);
      REQUIRE(next->at == slots[k].at);
      const auto again = next_slot(*schedule, slots[k].at - Duration{1});
      REQUIRE(again->at == slots[k].at);
    }
    const auto stored = schedule_from_json(to_json(*schedule));
    REQUIRE(stored.ok());
    const auto from_store = next_slots(*stored, after, 12);
    REQUIRE(from_store.size() == slots.size());
    for (std::size_t k = 0; k < slots.size(); ++k) REQUIRE(from_store[k].at == slots[k].at);
  }
  CHECK(understood > 1000);
}

TEST_CASE("the end of a COUNT is where counting one by one ends", "[domain][schedule][random]") {
  Dice dice{2027};
  int checked = 0;
  for (int i = 0; i < 400; ++i) {
    std::string text = random_rule(dice);
    text = text.substr(0, text.find(";COUNT"));
    auto rule = parse_rrule(text);
    if (!rule) continue;
    const std::string name = dice.pick(kZones);
    const Zone zone = *Zone::named(name);
    const LocalSeconds start{parse_ical_time("2026092" + std::to_string(dice.roll(0, 9)) + "T013000")->since_epoch};
    const Schedule endless{
        "", name, {{RuleTrigger{ScheduleKind::rrule, *rule, start}, name, DstGap::shift, DstOverlap::first}}, {}, {}};
    const auto slots = next_slots(endless, *parse_rfc3339("2026-01-01T00:00:00Z"), 3000);
    if (slots.empty()) continue;
    rule->count = dice.roll(1, static_cast<int>(slots.size()));
    INFO(text << " x " << *rule->count << " in " << name);
    const auto end = counted_end(*rule, start, zone);
    REQUIRE_FALSE(end.too_many);
    REQUIRE(end.last);
    RuleTrigger counted{ScheduleKind::rrule, *rule, start};
    counted.last = end.last;
    const auto all = next_slots({"", name, {{counted, name, DstGap::shift, DstOverlap::first}}, {}, {}},
                                slots.front().at - Duration{1}, 3001);
    // Local candidates count, and two of them can be one instant after a gap.
    const bool merged = !rule->below_a_day();
    REQUIRE((merged ? all.size() <= static_cast<std::size_t>(*rule->count)
                    : all.size() == static_cast<std::size_t>(*rule->count)));
    REQUIRE(all.size() + 3 > static_cast<std::size_t>(*rule->count));
    for (std::size_t k = 0; k < all.size(); ++k) REQUIRE(all[k].at == slots[k].at);
    ++checked;
  }
  CHECK(checked > 200);
}

TEST_CASE("a COUNT beyond all counting is found at once or refused", "[domain][schedule][random]") {
  const auto begin = std::chrono::steady_clock::now();
  for (const auto* text :
       {"FREQ=DAILY;COUNT=9999999999", "FREQ=DAILY;COUNT=1000000", "FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=500000",
        "FREQ=MINUTELY;COUNT=9999999999", "FREQ=MINUTELY;BYHOUR=9;COUNT=1000000",
        "FREQ=SECONDLY;INTERVAL=7;BYHOUR=9;BYDAY=MO;COUNT=1000000",
        "FREQ=SECONDLY;BYSECOND=1,2;BYMINUTE=7;COUNT=9999999999", "FREQ=HOURLY;INTERVAL=9999;BYHOUR=9;COUNT=100000",
        "FREQ=YEARLY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYMONTHDAY=1,2,3,4,5,6,7,8;COUNT=9999999"})
    static_cast<void>(parse_when(std::string("rrule DTSTART:20261124T100000 ") + text, {kNow, "Europe/Berlin"}));
  // 50 ms each where it counts: this build is not optimised.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{9 * 1});
}

TEST_CASE("the reading of a random rule is the same schedule", "[domain][schedule][random]") {
  Dice dice{5545};
  for (int i = 0; i < 600; ++i) {
    const std::string text = random_schedule(dice);
    const WhenContext context{kNow, dice.pick(kZones)};
    const auto schedule = parse_when(text, context);
    if (!schedule.ok()) continue;
    const std::string reading = reads(*schedule);
    INFO(text << " reads " << reading);
    const auto again = parse_when(reading, context);
    REQUIRE(again.ok());
    const auto slots = next_slots(*schedule, kNow, 20), slots_again = next_slots(*again, kNow, 20);
    REQUIRE(slots_again.size() == slots.size());
    for (std::size_t k = 0; k < slots.size(); ++k) REQUIRE(slots_again[k].at == slots[k].at);
  }
}

TEST_CASE("no text of words breaks the parser or keeps it busy", "[domain][schedule][random]") {
  constexpr std::array<const char*, 64> kWords{"in",
                                               "every",
                                               "at",
                                               "on",
                                               "from",
                                               "between",
                                               "and",
                                               "weekdays",
                                               "weekends",
                                               "daily",
                                               "month",
                                               "of",
                                               "last",
                                               "first",
                                               "1st",
                                               "31st",
                                               "day",
                                               "days",
                                               "20m",
                                               "2",
                                               "9",
                                               "09:00",
                                               "25:61",
                                               "9am",
                                               "13pm",
                                               "today",
                                               "next",
                                               "monday",
                                               "mon",
                                               ",",
                                               "thu",
                                               "february",
                                               "2026-11-21",
                                               "2025-02-30",
                                               "or",
                                               "cron",
                                               "*",
                                               "*/5",
                                               "0",
                                               "1-5",
                                               "rrule",
                                               "manual",
                                               "FREQ=DAILY",
                                               "COUNT=3",
                                               "starting",
                                               "until",
                                               "times",
                                               "Europe/Berlin",
                                               "Mars/X",
                                               "second",
                                               "to",
                                               "weekday",
                                               "once",
                                               "noon",
                                               "999999",
                                               "-1",
                                               "(rrule",
                                               ")",
                                               "DTSTART:20260101T000000",
                                               "@daily",
                                               "L",
                                               "5#3",
                                               "\xC3\xA9",
                                               "after"};
  Dice dice{42};
  for (int i = 0; i < 4000; ++i) {
    std::string text;
    for (int words = dice.roll(0, 9); words > 0; --words) text += dice.pick(kWords) + (dice.one_in(9) ? "" : " ");
    INFO(text);
    const auto begin = std::chrono::steady_clock::now();
    const auto schedule = parse_when(text, {kNow, "Europe/Berlin"});
    CHECK(std::chrono::steady_clock::now() - begin <
          std::chrono::milliseconds{500});  // 100 ms where it counts: this build is not optimised
    if (schedule.ok()) {
      CHECK_FALSE(reads(*schedule).empty());
    } else {
      REQUIRE(schedule.error().details.at("position").get<std::size_t>() <= text.size());
    }
  }
}

TEST_CASE("no bytes break the parsers", "[domain][schedule][random]") {
  constexpr std::array<const char*, 8> kSeeds{
      "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0",
      "0 9 1,15 * 1-5",
      "*/5 8-18/2 L * 5L",
      "every 15m between 08:00 and 18:00 on weekdays",
      "2026-11-21T15:00:00+01:00",
      "rrule DTSTART;TZID=Europe/Berlin:20261124T100000 FREQ=DAILY EXDATE:20261125T100000",
      "last weekday of every month at 17:00, starting 24 November 2026",
      "in 1h30m"};
  Dice dice{7};
  for (int i = 0; i < 4000; ++i) {
    std::string text = dice.pick(kSeeds);
    for (int changes = dice.roll(1, 6); changes > 0 && !text.empty(); --changes) {
      const auto at = static_cast<std::size_t>(dice.roll(0, static_cast<int>(text.size()) - 1));
      if (dice.one_in(3))
        text.erase(at, 1);
      else if (dice.one_in(2))
        text.insert(at, 1, static_cast<char>(dice.roll(0, 255)));
      else
        text[at] = static_cast<char>(dice.roll(32, 126));
    }
    const auto when = parse_when(text, {kNow, "Europe/Berlin"});
    if (!when.ok()) CHECK(when.error().details.contains("position"));
    const auto rule = parse_rrule(text);
    if (rule.ok()) CHECK(parse_rrule(to_text(*rule)).ok());
    const auto cron = parse_cron(text);
    if (cron.ok()) CHECK(parse_cron(cron->text).ok());
  }
}
