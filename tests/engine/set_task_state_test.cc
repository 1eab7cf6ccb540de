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

TEST_CASE("what becomes of the slots of a pause is said when it begins or when it ends", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 1h","message":"x"})");
  f.scheduled(R"({"name":"b","when":"every 1h","message":"x"})");
  f.scheduled(R"({"name":"c","when":"every 1h","message":"x"})");
  REQUIRE(
      f.engine
          .set_task_state(
              f.caller(),
              {.state = TaskState::paused, .tasks = {"a", "b", "c"}, .until = "in 5h30m", .meanwhile = Meanwhile::once})
          .ok());
  f.clock.advance(std::chrono::minutes{200});
  const auto dropped =
      f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"b"}, .meanwhile = Meanwhile::drop});
  CHECK(dropped->tasks[0].caught_up.empty());
  CHECK(dropped->tasks[0].left_out == 3);
  const auto all =
      f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"c"}, .meanwhile = Meanwhile::all});
  CHECK(all->tasks[0].caught_up == std::vector<std::string>{"c#1", "c#2", "c#3"});
  CHECK(all->tasks[0].left_out == 0);
  CHECK(f.count("run_ready WHERE concurrency_key IS NOT NULL AND slot IS NOT NULL") == 3);

  f.clock.advance(std::chrono::minutes{130});
  f.engine.end_pauses();  // of a: five slots, the latest runs
  CHECK(f.count("run_ready") == 4);
  CHECK(f.count("run_history WHERE outcome = 'skipped' AND folded = 3") == 1);
  CHECK(f.database.ask("SELECT max(slot) - min(slot) FROM carillon.run_ready") == "04:00:00");
}

TEST_CASE("a pause that is said again goes on and keeps what becomes of its slots", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 1h","message":"x"})");
  REQUIRE(
      f.engine
          .set_task_state(f.caller(),
                          {.state = TaskState::paused, .tasks = {"a"}, .until = "in 2h", .meanwhile = Meanwhile::all})
          .ok());
  f.clock.advance(std::chrono::minutes{90});
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"a"}, .until = "in 2h"}).ok());
  CHECK(f.count("task WHERE paused_at = '2026-11-20T13:00:00Z' AND pause_meanwhile = 'all'") == 1);
  f.clock.advance(std::chrono::minutes{120});
  f.engine.end_pauses();
  CHECK(f.count("run_ready") == 3);
  CHECK(f.count("task WHERE paused_at IS NULL AND pause_meanwhile IS NULL") == 1);
  // They run for whom the task runs, not for whoever ended the pause.
  CHECK(f.count("run_ready WHERE agent_id = 'owner'") == 3);
}

TEST_CASE("what other tasks set off in a pause is made up for too", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"etl","when":"manual","message":"x"})");
  f.scheduled(R"({"name":"load","when":"after etl succeeds","message":"x"})");
  // As the scheduler writes them for a paused task.
  const auto skipped = [&](const std::string& slot) {
    f.database.run(
        "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
        "slot, "
        "folded, run_at, finished_at, origin, agent_id, correlation_id, outcome, reason) SELECT " +
        std::to_string(f.ids.next(f.clock.now()).number()) + ", tenant_id, task_id, 1, 50, 1, 0, 0, '" + slot +
        "', 0, '" + slot + "', '" + slot +
        "', 'schedule', 'owner', 'trace', 'skipped', 'paused' FROM carillon.task WHERE name = 'load'");
  };
  skipped("2026-11-20T12:00:00Z");  // before the pause, for another reason
  f.clock.advance(std::chrono::seconds{1});
  const auto pause = [&] {
    REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"load"}}).ok());
    f.clock.advance(std::chrono::minutes{10});
    skipped("2026-11-20T13:05:00Z");
    skipped("2026-11-20T13:06:00Z");
  };
  const auto resume = [&](Meanwhile meanwhile) {
    return f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"load"}, .meanwhile = meanwhile})
        ->tasks[0]
        .caught_up.size();
  };
  pause();
  CHECK(resume(Meanwhile::drop) == 0);
  pause();
  CHECK(resume(Meanwhile::once) == 1);
  CHECK(f.count("run_ready WHERE slot = '2026-11-20T13:06:00Z' AND reason = 'its slot fell into a pause'") == 1);
  f.database.run("DELETE FROM carillon.run_ready");
  f.database.run("DELETE FROM carillon.run_slot");
  pause();
  CHECK(resume(Meanwhile::all) == 2);
}

TEST_CASE("what is made up for stays snoozed away and waits for the end of quiet hours", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 1h","message":"x","options":{"quiet_hours":"17:00-18:00"}})");
  REQUIRE(f.engine.snooze(f.caller(), {.task = "a", .skip = 1, .reason = "busy"}).ok());
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"a"}}).ok());
  f.clock.advance(std::chrono::minutes{200});  // 17:20
  const auto resumed =
      f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"a"}, .meanwhile = Meanwhile::all});
  CHECK(resumed->tasks[0].caught_up.size() == 2);
  CHECK(f.count("run_history WHERE slot = '2026-11-20T14:00:00Z' AND reason = 'snoozed: busy'") == 1);
  CHECK(f.count("run_ready WHERE run_at = '2026-11-20T17:00:00Z' AND reason LIKE '%deferred by quiet hours%'") == 2);

  f.scheduled(
      R"({"name":"b","when":"every 1h","message":"x","options":{"quiet_hours":{"during":"17:00-20:00","policy":"skip"}}})");
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"b"}}).ok());
  f.clock.advance(std::chrono::minutes{60});
  CHECK(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"b"}, .meanwhile = Meanwhile::all})
            ->tasks[0]
            .caught_up.empty());
  CHECK(f.count("run_history WHERE slot = '2026-11-20T17:20:00Z' AND reason = 'quiet hours 17:00-20:00'") == 1);
}

TEST_CASE("after a pause of seconds once runs one slot too", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 1s","message":"x"})");
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"a"}}).ok());
  f.clock.advance(std::chrono::seconds{5});
  const auto resumed =
      f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"a"}, .meanwhile = Meanwhile::once});
  CHECK(resumed->tasks[0].caught_up.size() == 1);
  CHECK(resumed->tasks[0].left_out == 4);
}

TEST_CASE("runs that are held after an outage wait until somebody decides", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 1h","message":"x","options":{"misfire":"hold","overlap":"allow"}})");
  const auto held = [&] {
    f.database.run("DELETE FROM carillon.run_ready");
    for (int i = 0; i < 3; ++i) REQUIRE(f.engine.run_now(f.caller(), {.task = "a"}).ok());
    f.database.run("UPDATE carillon.run_ready SET run_at = '9999-12-31Z', slot = now() WHERE run_at < '9000-01-01'");
  };
  const auto decide = [&](Meanwhile meanwhile) {
    return f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"a"}, .meanwhile = meanwhile});
  };
  held();
  const auto status = f.engine.get_status(f.caller());
  REQUIRE(status->held.size() == 1);
  CHECK(status->held[0].task == "a");
  CHECK(status->held[0].runs == 3);
  CHECK(f.engine.get_run(f.caller(), {.run = "a#1"})->waits_for[0].find("it is held after an outage") == 0);
  f.worker.take();

  const auto all = decide(Meanwhile::all);
  CHECK(all->tasks[0].caught_up == std::vector<std::string>{"a#1", "a#2", "a#3"});
  CHECK(f.worker.take().ready.size() == 3);
  CHECK(f.count("run_ready WHERE run_at < '9999-12-31Z' AND concurrency_key LIKE 'task:%'") == 3);
  CHECK(decide(Meanwhile::all)->unchanged == 1);

  held();
  const auto once = decide(Meanwhile::once);
  CHECK(once->tasks[0].caught_up == std::vector<std::string>{"a#6"});
  CHECK(once->tasks[0].left_out == 2);
  held();
  CHECK(decide(Meanwhile::drop)->tasks[0].left_out == 3);
  CHECK(f.count("run_history WHERE outcome = 'cancelled' AND reason LIKE 'dropped%'") == 5);
  CHECK(f.engine.get_status(f.caller())->held.empty());
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
