#include "server/domain/schedule/misfire.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::at;
using carillon::test::kNow;

namespace {

Schedule schedule_of(const std::string& text) {
  const auto schedule = parse_when(text, {kNow, "Europe/Berlin"});
  REQUIRE(schedule.ok());
  return *schedule;
}

}  // namespace

TEST_CASE("the default misfire policy follows the rhythm", "[domain][schedule][misfire]") {
  const auto [text, misfire, grace] = GENERATE(table<std::string, Misfire, std::optional<Duration>>({
      {"in 20m", Misfire::once, 24h},
      {"weekdays at 07:30", Misfire::once, 12h},
      {"every 2 weeks on tue at 10:00", Misfire::once, 24h},
      {"1st of month at 08:00", Misfire::once, 24h},
      {"every day at 02:30", Misfire::once, 12h},
      {"every 2h", Misfire::once, 1h},
      {"every 1h", Misfire::once, 30min},
      {"every 15m", Misfire::skip, std::nullopt},
      {"every 15m between 08:00 and 18:00 on weekdays", Misfire::skip, std::nullopt},
      {"cron */5 * * * *", Misfire::skip, std::nullopt},
  }));
  const MisfirePolicy policy = default_misfire(schedule_of(text), kNow);
  INFO(text);
  CHECK(policy.misfire == misfire);
  CHECK(policy.grace == grace);
}

TEST_CASE("a laptop that slept over the morning runs once and says how late", "[domain][schedule][misfire]") {
  const Schedule brief = schedule_of("weekdays at 07:30");
  const Instant woke = at("2026-11-23T08:10:00Z");  // Monday 09:10
  const auto decision = decide_misfire(brief, default_misfire(brief, woke), kNow, woke);
  REQUIRE(decision.fire.size() == 1);
  CHECK(decision.fire[0].at == at("2026-11-23T06:30:00Z"));
  CHECK(decision.missed.empty());
  CHECK(decision.next->at == at("2026-11-24T06:30:00Z"));
}

TEST_CASE("three days asleep are still one run and one folded range", "[domain][schedule][misfire]") {
  const Schedule daily = schedule_of("every day at 07:30");
  const auto decision = decide_misfire(daily, {Misfire::once, 12h}, kNow, at("2026-11-23T07:00:00Z"));
  REQUIRE(decision.fire.size() == 1);
  CHECK(decision.fire[0].at == at("2026-11-23T06:30:00Z"));
  REQUIRE(decision.missed.size() == 1);
  CHECK(decision.missed[0].first == at("2026-11-21T06:30:00Z"));
  CHECK(decision.missed[0].last == at("2026-11-22T06:30:00Z"));
  CHECK(decision.missed[0].slots == 2);
}

TEST_CASE("later than the grace is missed and not run", "[domain][schedule][misfire]") {
  const Schedule daily = schedule_of("every day at 07:30");
  const auto decision = decide_misfire(daily, {Misfire::once, 1h}, kNow, at("2026-11-21T08:00:00Z"));
  CHECK(decision.fire.empty());
  REQUIRE(decision.missed.size() == 1);
  CHECK(decision.missed[0].reason == "later than the grace allows");
}

TEST_CASE("fast rhythms catch up nothing and fold what was missed", "[domain][schedule][misfire]") {
  const Schedule poll = schedule_of("every 15m");
  const Instant woke = at("2026-11-20T16:07:00Z");
  const auto decision = decide_misfire(poll, default_misfire(poll, woke), kNow, woke);
  CHECK(decision.fire.empty());
  REQUIRE(decision.missed.size() == 1);
  CHECK(decision.missed[0].slots == 12);
  CHECK(decision.missed[0].counted_in_full);
  CHECK(decision.next->at == at("2026-11-20T16:15:00Z"));
}

TEST_CASE("a slot that has just come is fired under every policy", "[domain][schedule][misfire]") {
  const Schedule poll = schedule_of("every 15m");
  const Instant due = at("2026-11-20T13:15:00Z");
  for (const auto misfire : {Misfire::once, Misfire::skip, Misfire::all}) {
    const auto decision = decide_misfire(poll, {misfire, 1min, 5}, kNow, due + 2s);
    REQUIRE(decision.fire.size() == 1);
    CHECK(decision.fire[0].at == due);
    CHECK(decision.missed.empty());
  }
}

TEST_CASE("catching up all takes the latest ones up to the limit and oldest first", "[domain][schedule][misfire]") {
  const Schedule hourly = schedule_of("every 1h");
  const auto decision = decide_misfire(hourly, {Misfire::all, std::nullopt, 3}, kNow, at("2026-11-20T23:30:00Z"));
  REQUIRE(decision.fire.size() == 3);
  CHECK(decision.fire[0].at == at("2026-11-20T21:00:00Z"));
  CHECK(decision.fire[2].at == at("2026-11-20T23:00:00Z"));
  REQUIRE(decision.missed.size() == 1);
  CHECK(decision.missed[0].slots == 7);
  CHECK(decision.missed[0].reason == "more missed slots than max_catch_up");
}

TEST_CASE("a long outage of a fast task is decided without counting every slot", "[domain][schedule][misfire]") {
  const Schedule fast = schedule_of("every 1s");
  const Instant woke = kNow + std::chrono::days{30} + 500ms;
  const auto decision = decide_misfire(fast, {Misfire::once, std::nullopt}, kNow, woke);
  REQUIRE_FALSE(decision.fire.empty());
  CHECK(decision.fire.back().at == kNow + std::chrono::days{30});
  REQUIRE(decision.missed.size() == 1);
  CHECK_FALSE(decision.missed[0].counted_in_full);
  CHECK(decision.missed[0].first == kNow + 1s);
}

TEST_CASE("a one-off that was slept over runs on return and not after a day", "[domain][schedule][misfire]") {
  const Schedule once = schedule_of("in 20m");
  CHECK(decide_misfire(once, default_misfire(once, kNow), kNow, kNow + 5h).fire.size() == 1);
  const auto late = decide_misfire(once, default_misfire(once, kNow), kNow, kNow + 25h);
  CHECK(late.fire.empty());
  CHECK(late.missed.size() == 1);
  CHECK_FALSE(late.next);
}

TEST_CASE("names of misfire policies go both ways", "[domain][schedule][misfire]") {
  for (const auto misfire : {Misfire::once, Misfire::skip, Misfire::all})
    CHECK(misfire_named(name_of(misfire)) == misfire);
  CHECK_FALSE(misfire_named("twice"));
}

TEST_CASE("after a long outage catch-ups are held and after a short one they run", "[domain][schedule][misfire]") {
  const Schedule hourly = schedule_of("cron 0 * * * *");
  const MisfirePolicy policy{.misfire = Misfire::hold, .max_catch_up = 3};
  const auto lengthy = decide_misfire(hourly, policy, at("2026-11-20T07:00:00Z"), at("2026-11-20T13:00:10Z"));
  CHECK(lengthy.held.size() == 3);
  CHECK(lengthy.held.front().at == at("2026-11-20T10:00:00Z"));
  REQUIRE(lengthy.fire.size() == 1);  // the one that is due just now
  CHECK(lengthy.fire[0].at == at("2026-11-20T13:00:00Z"));
  REQUIRE(lengthy.missed.size() == 1);
  CHECK(lengthy.missed[0].slots == 2);
  const auto brief = decide_misfire(hourly, policy, at("2026-11-20T12:00:00Z"), at("2026-11-20T13:40:00Z"));
  CHECK(brief.held.empty());
  CHECK(brief.fire.size() == 1);
}
