#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("two slots are skipped and the third comes next (E9)", "[engine][snooze]") {
  EngineFixture f;
  f.scheduled(R"({"name":"morning-brief","when":"weekdays at 07:30","message":"x"})");
  const auto snoozed = f.engine.snooze(f.caller(), {.task = "morning-brief", .skip = 2, .reason = "holiday"});
  REQUIRE(snoozed.ok());
  CHECK(*snoozed->was_next == f.at("2026-11-23T06:30:00Z"));
  CHECK(*snoozed->next == f.at("2026-11-25T06:30:00Z"));
  CHECK(snoozed->skipped == std::vector{f.at("2026-11-23T06:30:00Z"), f.at("2026-11-24T06:30:00Z")});
  CHECK(f.count("slot_override WHERE moved_to IS NULL AND reason = 'holiday'") == 2);
  CHECK(f.database.ask("SELECT next_fire_at AT TIME ZONE 'UTC' FROM carillon.schedule_state") == "2026-11-23 06:30:00");
  CHECK(f.count("outbox WHERE event_type = 'task.snoozed'") == 1);
  const auto more = f.engine.snooze(f.caller(), {.task = "morning-brief", .skip = 1});
  CHECK(*more->next == f.at("2026-11-26T06:30:00Z"));
  const auto restored = f.engine.snooze(f.caller(), {.task = "morning-brief", .skip = 0});
  CHECK(restored->restored == 3);
  CHECK(*restored->next == f.at("2026-11-23T06:30:00Z"));
}

TEST_CASE("the next slot is moved and the rhythm stays", "[engine][snooze]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  const auto moved = f.engine.snooze(f.caller(), {.task = "brief", .delay = std::chrono::minutes{45}});
  REQUIRE(moved.ok());
  CHECK(*moved->next == f.at("2026-11-21T07:15:00Z"));
  const auto again = f.engine.snooze(f.caller(), {.task = "brief", .delay = std::chrono::minutes{15}});
  CHECK(*again->next == f.at("2026-11-21T07:30:00Z"));
  const auto until = f.engine.snooze(f.caller(), {.task = "brief", .until = "tomorrow 10:00"});
  CHECK(*until->next == f.at("2026-11-21T09:00:00Z"));
  const auto task = f.engine.get_task(f.caller(), {.task = "brief"});
  CHECK(task->next[0].note.find("snoozed from") == 0);
  CHECK(task->next[1].at == f.at("2026-11-22T06:30:00Z"));
  CHECK(f.engine.snooze(f.caller(), {.task = "brief", .until = "today 20:00"}).error().pointer == "/until");
  CHECK(f.engine.snooze(f.caller(), {.task = "brief", .until = "yesterday"}).error().code == ErrorCode::when_in_past);
}

TEST_CASE("a delivered message is delivered again (E1)", "[engine][snooze]") {
  EngineFixture f;
  f.scheduled(R"({"name":"check-build","when":"manual","message":"Check the build"})");
  f.scheduled(R"({"name":"echo","when":"manual","tool":"everything.echo","arguments":{"message":"hi"}})");
  const auto run = f.ran("check-build");
  CHECK(f.engine.snooze(f.caller(), {.run = run.run, .delay = std::chrono::minutes{10}}).error().code ==
        ErrorCode::conflict);
  f.finish(run, "succeeded");
  f.worker.take();
  const auto snoozed = f.engine.snooze(f.caller(), {.run = run.run, .delay = std::chrono::minutes{10}});
  REQUIRE(snoozed.ok());
  CHECK(snoozed->run == "check-build#2");
  CHECK(*snoozed->next == f.at("2026-11-20T13:10:00Z"));
  CHECK(f.worker.take().ready.at(0).second == f.at("2026-11-20T13:10:00Z"));
  const auto later = f.engine.snooze(f.caller(), {.run = run.run, .until = "today 18:00"});
  CHECK(*later->next == f.at("2026-11-20T17:00:00Z"));
  const auto echo = f.ran("echo");
  f.finish(echo, "succeeded");
  CHECK(f.engine.snooze(f.caller(), {.run = echo.run, .delay = std::chrono::minutes{1}}).error().code ==
        ErrorCode::conflict);
  CHECK(f.engine.snooze(f.caller(), {.run = "none#1", .delay = std::chrono::minutes{1}}).error().code ==
        ErrorCode::unknown_name);
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "check-build"}).ok());
  CHECK(f.engine.snooze(f.caller(), {.run = run.run, .delay = std::chrono::minutes{1}}).error().code ==
        ErrorCode::conflict);
}

TEST_CASE("the next attempt of a run comes earlier or later", "[engine][snooze]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","steps":[{"id":"a","wait":"1h"},{"id":"b","wait":"1h"}]})");
  const auto run = f.ran("job");
  const bool rests = GENERATE(false, true);
  if (rests) f.wait(run);
  f.database.run(
      "UPDATE carillon.run_ready SET attempt = 2, run_at = '2026-11-20 13:30Z'; "
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, not_before) "
      "SELECT " +
      std::to_string(run.run_id) +
      ", path, n, 'default', state, now(), at::timestamptz FROM (VALUES ('a', 1, 'retrying', '2026-11-20 13:30Z'), "
      "('b', 1, 'retrying', '2026-11-20 12:00Z'), ('b', 2, 'retrying', '2026-11-20 13:40Z'), "
      "('c', 1, 'waiting', '2026-11-20 15:00Z')) AS s(path, n, state, at)");
  const auto times = [&] {
    return f.database.ask(
        "SELECT string_agg(to_char(not_before AT TIME ZONE 'UTC', 'HH24:MI'), ' ' ORDER BY step_path, attempt) "
        "FROM carillon.step_journal");
  };
  f.worker.take();
  const auto later = f.engine.snooze(f.caller(), {.run = run.run, .delay = std::chrono::minutes{10}});
  REQUIRE(later.ok());
  CHECK(later->run == run.run);
  CHECK(later->was_next == f.at("2026-11-20T13:30:00Z"));
  CHECK(later->next == f.at("2026-11-20T13:40:00Z"));
  CHECK(times() == "13:40 12:00 13:50 15:00");
  const auto told = f.worker.take();
  CHECK(told.ready.size() == (rests ? 0 : 1));
  CHECK(told.told.size() == (rests ? 1 : 0));
  const auto earlier = f.engine.snooze(f.caller(), {.run = run.run, .until = "today 14:05"});
  REQUIRE(earlier.ok());
  CHECK(earlier->was_next == f.at("2026-11-20T13:40:00Z"));
  CHECK(times() == "13:05 12:00 13:05 15:00");
  CHECK(f.count(rests ? "run_live WHERE wake_at = '-infinity'" : "run_ready WHERE run_at = '2026-11-20 13:05Z'") == 1);
}

TEST_CASE("a run that waits for no other attempt is not moved and says what it does", "[engine][snooze]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","steps":[{"id":"a","wait":"1h"}]})");
  const auto run = f.ran("job");
  const auto [state, words] = GENERATE(table<std::string, std::string>(
      {{"queued", "has not begun"}, {"running", "is running"}, {"waiting", "is waiting"}}));
  if (state == "running") f.start(run);
  if (state == "waiting") f.wait(run);
  const auto refused = f.engine.snooze(f.caller(), {.run = run.run, .delay = std::chrono::minutes{10}}).error();
  CHECK(refused.code == ErrorCode::conflict);
  CHECK(refused.pointer == "/run");
  CHECK(refused.message.find(words) != std::string::npos);
  CHECK(refused.details["state"] == state);
  CHECK(f.count("run_live WHERE wake_at = '-infinity'") == 0);
}

TEST_CASE("snooze says what it needs", "[engine][snooze]") {
  EngineFixture f;
  f.scheduled(R"({"name":"manual","when":"manual","message":"x"})");
  const auto error = [&](const Snooze& command) { return f.engine.snooze(f.caller(), command).error(); };
  CHECK(error({.skip = 1}).pointer == "/task");
  CHECK(error({.task = "a", .run = "a#1", .skip = 1}).pointer == "/task");
  CHECK(error({.task = "a"}).pointer == "/for");
  CHECK(error({.task = "a", .delay = Duration{1}, .skip = 1}).pointer == "/for");
  CHECK(error({.task = "a", .delay = Duration{0}}).pointer == "/for");
  CHECK(error({.task = "a", .skip = -1}).pointer == "/skip");
  CHECK(error({.task = "a", .skip = 5000}).pointer == "/skip");
  CHECK(error({.run = "a#1", .skip = 1}).pointer == "/skip");
  CHECK(error({.task = "a", .until = "soon"}).pointer == "/until");
  CHECK(error({.task = "a", .skip = 1}).code == ErrorCode::unknown_name);
  CHECK(error({.task = "manual", .skip = 1}).code == ErrorCode::conflict);
  CHECK(error({.task = "manual", .delay = std::chrono::minutes{1}}).code == ErrorCode::conflict);
}
