#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("a tag is paused until a time and resumes by itself without catch-up (E9)", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"morning-brief","when":"weekdays at 07:30","message":"x","tags":["work"]})");
  f.scheduled(R"({"name":"poll","when":"every 15m","message":"x","tags":["work"]})");
  f.scheduled(R"({"name":"home","when":"every day at 20:00","message":"x"})");
  const auto paused = f.engine.set_task_state(
      f.caller(), {.state = TaskState::paused, .tag = "work", .until = "2026-12-07 06:00", .reason = "holiday"});
  REQUIRE(paused.ok());
  REQUIRE(paused->tasks.size() == 2);
  CHECK(paused->tasks[0].task == "morning-brief");
  CHECK(paused->tasks[0].was == "active");
  CHECK(paused->tasks[0].left_out == 10);  // two working weeks
  CHECK(*paused->tasks[0].next == f.at("2026-12-07T06:30:00Z"));
  CHECK(paused->tasks[1].left_out == 16 * 96 + 64);
  CHECK_FALSE(paused->dispatch_paused);
  CHECK(f.count("schedule_state WHERE next_fire_at IS NULL") == 2);

  f.set_now("2026-12-07T04:59:59Z");
  f.engine.end_pauses();
  CHECK(f.count("task WHERE state = 'paused'") == 2);
  f.set_now("2026-12-07T05:00:00Z");
  f.engine.end_pauses();
  CHECK(f.count("task WHERE state = 'active'") == 3);
  CHECK(f.count("run_ready") == 0);
  CHECK(f.count("run_history WHERE outcome = 'skipped' AND reason = 'paused: holiday'") == 2);
  CHECK(f.database.ask("SELECT folded FROM carillon.run_history ORDER BY folded LIMIT 1") == "9");
  CHECK(f.count("outbox WHERE event_type = 'task.resumed' AND agent_id = 'carillon'") == 2);
  CHECK(f.count("outbox WHERE event_type = 'task.run.skipped'") == 2);
  const auto task = f.engine.get_task(f.caller(), {.task = "morning-brief"});
  CHECK(task->next[0].at == f.at("2026-12-07T06:30:00Z"));
  REQUIRE(task->last.size() == 1);
  CHECK(task->last[0].run == "morning-brief#1");
  CHECK(*task->last[0].slot == f.at("2026-11-23T06:30:00Z"));
  CHECK(*task->last[0].slot_until == f.at("2026-12-04T06:30:00Z"));
  f.engine.end_pauses();
  CHECK(f.count("run_history") == 2);
}

TEST_CASE("tasks are paused and resumed by name", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every day at 07:30","message":"x"})");
  f.scheduled(R"({"name":"b","when":"in 10m","message":"x"})");
  const auto run = f.ran("a");
  f.start(run);
  REQUIRE(f.engine.run_now(f.caller(), {.task = "a", .overlap = Overlap::allow}).ok());
  const auto paused =
      f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"b", "a", "a"}, .reason = "r"});
  REQUIRE(paused.ok());
  CHECK(paused->tasks.size() == 2);
  CHECK(paused->still_running == 1);
  CHECK(paused->queued == 1);
  CHECK(f.engine.get_task(f.caller(), {.task = "a"})->pause_reason == "r");
  CHECK(f.engine.get_task(f.caller(), {.task = "a"})->next.empty());
  // A second pause with nothing new changes nothing; with a reason it says the new one.
  CHECK(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"a"}})->unchanged == 1);
  CHECK(
      f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"a"}, .reason = "s"})->tasks.size() ==
      1);
  f.clock.advance(std::chrono::hours{1});
  const auto resumed = f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"a", "b"}});
  REQUIRE(resumed.ok());
  CHECK(resumed->tasks[0].state == "active");
  CHECK(resumed->tasks[0].left_out == 0);
  CHECK(resumed->tasks[1].state == "done");  // its time fell into the pause
  CHECK(resumed->tasks[1].left_out == 1);
  CHECK(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"a", "b"}})->unchanged == 2);
}

TEST_CASE("pausing everything is the kill switch", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 15m","message":"x"})");
  f.scheduled(R"({"name":"b","when":"manual","message":"x"})");
  const auto run = f.ran("b");
  f.start(run);
  f.worker.take();
  const auto paused = f.engine.set_task_state(
      f.caller(), {.state = TaskState::paused, .all = true, .until = "in 2h", .reason = "stop"});
  REQUIRE(paused.ok());
  CHECK(paused->dispatch_paused);
  CHECK(paused->still_running == 1);
  CHECK(f.worker.take().dispatch == 1);
  CHECK(f.count("dispatch_pause WHERE reason = 'stop' AND paused_by = 'owner'") == 1);
  const auto status = f.engine.get_status(f.caller());
  REQUIRE(status->dispatch_pause.has_value());
  CHECK(status->dispatch_pause->reason == "stop");
  const auto started = f.engine.run_now(f.caller(), {.task = "b", .overlap = Overlap::allow});
  CHECK(started->task_state == "paused");
  CHECK(started->reason == "dispatch is paused for all tasks");
  CHECK(f.engine.get_run(f.caller(), {.run = started->run})->waits_for[0] == "dispatch is paused by owner: stop");
  f.clock.advance(std::chrono::hours{2});
  f.engine.end_pauses();
  CHECK(f.count("dispatch_pause") == 0);
  CHECK(f.count("task WHERE state = 'active'") == 2);
  CHECK(f.worker.take().dispatch == 1);
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .all = true}).ok());
  const auto resumed = f.engine.set_task_state(f.caller(), {.state = TaskState::active, .all = true});
  CHECK_FALSE(resumed->dispatch_paused);
  CHECK(resumed->tasks.size() == 2);
}

TEST_CASE("set_task_state says what it needs", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 15m","message":"x"})");
  const auto error = [&](const SetTaskState& command) { return f.engine.set_task_state(f.caller(), command).error(); };
  CHECK(error({.state = TaskState::paused}).pointer == "/tasks");
  CHECK(error({.state = TaskState::paused, .tasks = {"a"}, .all = true}).pointer == "/tasks");
  CHECK(error({.state = TaskState::done, .all = true}).pointer == "/state");
  CHECK(error({.state = TaskState::active, .all = true, .until = "in 5m"}).pointer == "/until");
  CHECK(error({.state = TaskState::paused, .all = true, .until = "soon"}).pointer == "/until");
  CHECK(error({.state = TaskState::paused, .all = true, .until = "yesterday"}).code == ErrorCode::when_in_past);
  CHECK(error({.state = TaskState::paused, .tag = "none"}).code == ErrorCode::unknown_name);
  CHECK(error({.state = TaskState::paused, .tasks = {"a", "b"}}).pointer == "/tasks/1");
}

TEST_CASE("a pause over too many slots says so", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"fast","when":"every 1s","message":"x"})");
  const auto paused =
      f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"fast"}, .until = "in 2 days"});
  CHECK_FALSE(paused->tasks[0].left_out_counted);
  f.clock.advance(std::chrono::hours{10});
  const auto resumed = f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"fast"}});
  CHECK_FALSE(resumed->tasks[0].left_out_counted);
  CHECK(f.count(
            "run_history WHERE reason LIKE '%more slots than were counted%' AND slot_until = '2026-11-20T23:00:00Z'") ==
        1);
}
