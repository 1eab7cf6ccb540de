#include "server/engine/conflicts.h"

#include "server/engine/confirmation.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

Conflict only(EngineFixture& f, const std::string& task) {
  const auto previewed = f.engine.preview(f.caller(), {.task = task});
  REQUIRE(previewed.ok());
  REQUIRE(previewed->conflicts.size() == 1);
  return previewed->conflicts[0];
}

// Twenty runs that took so long.
void ran_for(EngineFixture& f, const std::string& task, const std::string& interval) {
  for (int i = 0; i < 20; ++i) f.finish(f.ran(task), "succeeded");
  f.database.run("UPDATE carillon.run_history SET finished_at = started_at + interval '" + interval + "'");
}

}  // namespace

TEST_CASE("a task whose runs take longer than its slots are apart overlaps itself (E10)", "[engine][preview]") {
  EngineFixture f;
  f.scheduled(R"({"name":"sync","when":"every 5m","message":"x"})");
  CHECK(f.engine.preview(f.caller(), {.task = "sync"})->conflicts.empty());
  ran_for(f, "sync", "7 min");
  const Conflict conflict = only(f, "sync");
  CHECK(conflict.kind == "overlaps_itself");
  CHECK(conflict.suggestion == "every 10m");
  CHECK(conflict.why.find("7m") != std::string::npos);
}

TEST_CASE("two tasks with one lock at one time are told with a way out (E10)", "[engine][preview]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every day at 09:00","message":"x","lock":"reports"})");
  f.scheduled(R"({"name":"b","when":"weekdays at 09:00","message":"y","lock":"reports"})");
  f.scheduled(R"({"name":"c","when":"every day at 10:00","message":"z","lock":"reports"})");
  const Conflict conflict = only(f, "a");
  CHECK(conflict.kind == "same_lock");
  CHECK(conflict.with == "b");
  CHECK(conflict.at == f.at("2026-11-23T08:00:00Z"));
  CHECK(conflict.suggestion == "move one of them by 1m");
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"b"}}).ok());
  CHECK(f.engine.preview(f.caller(), {.task = "a"})->conflicts.empty());
  // Runs that take an hour and a half reach into the next task's.
  ran_for(f, "a", "90 min");
  CHECK(only(f, "c").with == "a");
}

TEST_CASE("a task that does what another does at the same time is told as its duplicate", "[engine][preview]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every day at 09:00","message":"Stretch"})");
  f.scheduled(R"({"name":"b","when":"weekdays at 09:00","message":"Stretch"})");
  const Conflict conflict = only(f, "a");
  CHECK(conflict.kind == "duplicate");
  CHECK(conflict.with == "b");
}

TEST_CASE("slots in quiet hours are told with the time to which they are deferred", "[engine][preview]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 2h from 00:00","message":"x","options":{"quiet_hours":"22:00-07:00"}})");
  const auto previewed = f.engine.preview(f.caller(), {.task = "a", .to = "2026-11-21 12:00", .count = 10});
  REQUIRE(previewed->conflicts.size() == 1);
  CHECK(previewed->conflicts[0].kind == "quiet_hours");
  CHECK(previewed->conflicts[0].at == f.at("2026-11-20T21:00:00Z"));
  CHECK(previewed->conflicts[0].slots == 5);
  // One run stands for the night.
  std::string next;
  for (const auto& slot : previewed->next) next += to_rfc3339_in(slot.at, "Europe/Berlin").substr(11, 5) + " ";
  CHECK(next == "16:00 18:00 20:00 07:00 08:00 10:00 12:00 ");
  CHECK(previewed->next[3].note == "deferred from Fri 2026-11-20 22:00 Europe/Berlin by quiet hours 22:00-07:00");
}

TEST_CASE("a preview of a text follows the wished treatment of clock changes (E3)", "[engine][preview]") {
  EngineFixture f;
  const auto skipped = f.engine.preview(
      f.caller(), {.when = "every day at 02:30", .dst_gap = DstGap::skip, .from = "2027-03-28", .to = "2027-03-29"});
  CHECK(skipped->next.empty());
  const auto twice = f.engine.preview(
      f.caller(),
      {.when = "every day at 02:30", .dst_overlap = DstOverlap::both, .from = "2027-10-31", .to = "2027-11-01"});
  CHECK(twice->next.size() == 2);
  f.scheduled(R"({"name":"a","when":"every day at 09:00","message":"x"})");
  CHECK(f.engine.preview(f.caller(), {.dst_gap = DstGap::skip, .task = "a"}).error().pointer == "/dst_gap");
}

TEST_CASE("what a preview showed is saved exactly or refused with what differs", "[engine][preview]") {
  EngineFixture f;
  const auto shown = f.engine.preview(f.caller(), {.when = "in 20m"});
  f.clock.advance(std::chrono::minutes{3});
  const ScheduleTask command{
      .name = "tea", .draft = *read_draft({{"when", "in 20m"}, {"message", "x"}}), .confirm = shown->confirm};
  const auto saved = f.engine.schedule_task(f.caller(), command);
  REQUIRE(saved.ok());
  CHECK(saved->next.at(0).at == f.at("2026-11-20T13:20:00Z"));

  const auto refused = [&](const json& draft, const std::string& confirm) {
    const auto answer =
        f.engine.schedule_task(f.caller(), {.name = "other", .draft = *read_draft(draft), .confirm = confirm});
    REQUIRE_FALSE(answer.ok());
    return answer.error();
  };
  const Error text = refused({{"when", "in 25m"}, {"message", "x"}}, shown->confirm);
  CHECK(text.code == ErrorCode::conflict);
  CHECK(text.details["differs_in"] == json::array({"when", "next"}));
  CHECK(refused({{"when", "in 20m"}, {"timezone", "Asia/Tokyo"}, {"message", "x"}}, shown->confirm)
            .details["differs_in"] == json::array({"timezone"}));
  CHECK(refused({{"when", "in 20m"}, {"message", "x"}}, "abc").pointer == "/confirm");
  f.clock.advance(std::chrono::minutes{30});
  CHECK(refused({{"when", "in 20m"}, {"message", "x"}}, shown->confirm).code == ErrorCode::when_in_past);
  f.clock.advance(std::chrono::hours{24});
  CHECK(refused({{"when", "in 20m"}, {"message", "x"}}, shown->confirm).pointer == "/confirm");
  CHECK(f.count("task") == 1);
}

TEST_CASE("a preview of a reminder is not saved after its task has moved", "[engine][preview]") {
  EngineFixture f;
  f.scheduled(R"({"name":"standup","when":"every day at 09:00","message":"x"})");
  const auto shown = f.engine.preview(f.caller(), {.when = "2h before task standup"});
  REQUIRE(shown.ok());
  REQUIRE_FALSE(shown->next.empty());
  const ScheduleTask command{.name = "early",
                             .draft = *read_draft({{"when", "2h before task standup"}, {"message", "x"}}),
                             .confirm = shown->confirm};
  REQUIRE(f.update("standup", R"({"when":"every day at 10:00"})").ok());
  const auto refused = f.engine.schedule_task(f.caller(), command);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().details["differs_in"] == json::array({"next"}));
  CHECK(refused.error().details["next"][0] == "2026-11-21T08:00:00+01:00");
  REQUIRE(f.update("standup", R"({"when":"every day at 09:00"})").ok());
  CHECK(f.engine.schedule_task(f.caller(), command).ok());
}

TEST_CASE("a preview of a text asks the database only where it names other tasks", "[engine][preview]") {
  EngineFixture f;
  Store store{f.database.urls(), PoolOptions{}};
  Engine engine{{store, f.clock, f.tools, f.worker, f.ids}, {.zone = "Europe/Berlin"}};
  REQUIRE(engine.preview(f.caller(), {.when = "weekdays at 09:00"}).ok());
  CHECK(store.app_pool().open == 0);
  REQUIRE(engine.preview(f.caller(), {.when = "after etl succeeds"}).ok());
  CHECK(store.app_pool().open == 1);
}

TEST_CASE("a preview of a text follows the quiet hours of the agent and tells of them", "[engine][preview]") {
  EngineFixture f;
  QuietSettings quiet;
  quiet.agents = {"scout 22:00-07:00"};
  quiet.notify = "00:00-23:59";  // nobody has said that it will be a message
  Engine engine{{f.store, f.clock, f.tools, f.worker, f.ids}, {.zone = "Europe/Berlin", .quiet = quiet}};
  const auto owner = engine.preview(f.caller(), {.when = "every day at 06:00", .count = 1});
  CHECK(owner->conflicts.empty());
  const auto scout = engine.preview(f.caller("scout"), {.when = "every day at 06:00", .count = 1});
  CHECK(scout->next.at(0).at == f.at("2026-11-21T06:00:00Z"));
  REQUIRE(scout->conflicts.size() == 1);
  CHECK(scout->conflicts[0].kind == "quiet_hours");
  CHECK(scout->conflicts[0].suggestion == "choose Sat 2026-11-21 07:00 Europe/Berlin or later");
}

TEST_CASE("who saves a task is warned of what it will meet within a week", "[engine][preview]") {
  EngineFixture f;
  CHECK(f.scheduled(R"({"name":"a","when":"every day at 09:00","message":"x","lock":"reports"})").warnings.empty());
  const auto b = f.scheduled(R"({"name":"b","when":"weekdays at 09:00","message":"y","lock":"reports"})");
  CHECK(b.warnings == std::vector<std::string>{
                          "same_lock with a at Mon 2026-11-23 09:00 Europe/Berlin: both have the lock reports, so one "
                          "waits for the other; move one of them by 1m"});
  f.scheduled(R"({"name":"sync","when":"every 15m","message":"x"})");
  ran_for(f, "sync", "7 min");
  const auto faster = f.update("sync", R"({"when":"every 5m"})");
  REQUIRE(faster.ok());
  REQUIRE(faster->warnings.size() == 1);
  CHECK(faster->warnings[0].find("overlaps_itself at ") == 0);
}
