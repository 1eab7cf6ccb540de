#include "server/engine/queries.h"

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("runs are paged without loss or repetition while new ones come", "[engine][list_runs]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x","options":{"overlap":"allow"}})");
  std::vector<RunStarted> runs;
  for (int i = 0; i < 25; ++i) runs.push_back(f.ran("job"));
  f.start(runs[3]);
  f.finish(runs[4], "succeeded");
  f.finish(runs[5], "failed", "timeout");
  std::vector<std::string> seen;
  std::optional<std::string> cursor;
  do {
    const auto page = f.engine.list_runs(f.caller(), {.limit = 7, .cursor = cursor});
    REQUIRE(page.ok());
    for (const RunRow& row : page->runs) seen.push_back(row.run);
    cursor = page->next_cursor;
    f.ran("job");  // newer than the first page: on no later one
  } while (cursor);
  REQUIRE(seen.size() == 25);
  for (int i = 0; i < 25; ++i) CHECK(seen[static_cast<std::size_t>(i)] == "job#" + std::to_string(25 - i));
  CHECK(f.engine.list_runs(f.caller(), {})->total == 29);
}

TEST_CASE("runs are filtered by everything that they have", "[engine][list_runs]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"manual","message":"x","tags":["work"],"options":{"overlap":"allow"}})");
  f.scheduled(R"({"name":"b","when":"manual","message":"x"})");
  f.finish(f.ran("a"), "failed", "timeout");
  f.clock.advance(std::chrono::hours{1});
  f.finish(f.ran("a"), "succeeded");
  f.start(f.ran("b"));
  f.ran("a");
  REQUIRE(f.engine.run_now(f.caller("scout"), {.task = "b", .overlap = Overlap::allow}).ok());
  const auto total = [&](const ListRuns& query) { return f.engine.list_runs(f.caller(), query)->total; };
  CHECK(total({}) == 5);
  CHECK(total({.task = "a"}) == 3);
  CHECK(total({.states = {RunState::failed}}) == 1);
  CHECK(total({.states = {RunState::queued, RunState::running}}) == 3);
  CHECK(total({.tag = "work"}) == 3);
  CHECK(total({.agent = "scout"}) == 1);
  CHECK(total({.error_class = "timeout"}) == 1);
  CHECK(total({.since = "30m ago"}) == 4);
  CHECK(total({.until = "30m ago"}) == 1);
  CHECK(total({.task = "a", .states = {RunState::succeeded}, .since = "today"}) == 1);
  const auto failed = f.engine.list_runs(f.caller(), {.error_class = "timeout"});
  REQUIRE(failed->runs.size() == 1);
  CHECK(failed->runs[0].error_message == "it went wrong");
  CHECK(*failed->runs[0].duration == std::chrono::seconds{2});
  CHECK(*failed->runs[0].late_by == std::chrono::seconds{1});
  CHECK(f.engine.list_runs(f.caller("x", "other"), {})->total == 0);
}

TEST_CASE("list_runs says what it needs", "[engine][list_runs]") {
  EngineFixture f;
  const auto pointer = [&](const ListRuns& query) { return f.engine.list_runs(f.caller(), query).error().pointer; };
  CHECK(pointer({.task = "none"}) == "/task");
  CHECK(pointer({.error_class = "time_out"}) == "/error_class");
  CHECK(pointer({.since = "soon"}) == "/since");
  CHECK(pointer({.until = "soon"}) == "/until");
  CHECK(pointer({.limit = 0}) == "/limit");
  CHECK(pointer({.limit = 101}) == "/limit");
  for (const char* cursor : {"x", "r0", "r0g", "t61", "r61", "r00"}) CHECK(pointer({.cursor = cursor}) == "/cursor");
}

TEST_CASE("a failed run says why and what to do", "[engine][get_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"echo","when":"manual","tool":"everything.echo","arguments":{"message":"hi"}})");
  auto first = f.ran("echo");
  f.finish(first, "failed", "tool_error");
  CHECK(f.engine.get_run(f.caller(), {.run = "echo#1"})->diagnosis->changed_since_success[0] ==
        "the task has not succeeded before");
  f.finish(f.ran("echo"), "succeeded");
  f.clock.advance(std::chrono::hours{2});
  REQUIRE(f.update("echo", R"({"arguments":{"message":"ho"}})").ok());
  const auto run = f.ran("echo");
  f.finish(run, "failed", "timeout");
  f.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, error_class, "
      "output, output_bytes) VALUES (" +
      std::to_string(run.run_id) +
      ", 'fetch', 1, 'default', 'failed', now(), 'timeout', convert_to('{\"a\":1}', 'UTF8'), 7)");
  const auto detail = f.engine.get_run(f.caller(), {.run = run.run});
  REQUIRE(detail.ok());
  REQUIRE(detail->diagnosis.has_value());
  CHECK(detail->diagnosis->failing_step == "fetch");
  CHECK(detail->diagnosis->transient);
  REQUIRE(detail->diagnosis->changed_since_success.size() == 2);
  CHECK(detail->diagnosis->changed_since_success[1] == "version 1 → 2: arguments");
  CHECK(detail->diagnosis->next_call["tool"] == "retry_run");
  REQUIRE(detail->steps.size() == 1);
  CHECK(detail->steps[0].output == json{{"a", 1}});
  CHECK(detail->output == json{{"text", "done"}});
  CHECK(detail->waits_for.empty());
}

TEST_CASE("every error class has advice", "[engine][get_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  for (const auto& info : kErrorClasses) {
    CAPTURE(info.name);
    const auto run = f.ran("job");
    f.finish(run, info.error_class == ErrorClass::unknown_outcome ? "unknown" : "failed", std::string(info.name));
    const auto detail = f.engine.get_run(f.caller(), {.run = run.run});
    CHECK_FALSE(detail->diagnosis->explanation.empty());
    CHECK(detail->diagnosis->next_call.contains("tool"));
    CHECK(detail->diagnosis->transient == info.transient);
  }
}

TEST_CASE("a run whose definition or output is gone can still be read", "[engine][get_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  f.finish(run, "failed", "timeout");
  f.database.run("UPDATE carillon.run_history SET output = NULL; UPDATE carillon.task_version SET definition = 'x'");
  const auto detail = f.engine.get_run(f.caller(), {.run = run.run});
  REQUIRE(detail.ok());
  CHECK(detail->output_cut);
  CHECK(detail->output == nullptr);
  CHECK(detail->action == nullptr);
  CHECK(f.engine.get_task(f.caller(), {.task = "job"}).error().code == ErrorCode::conflict);
  CHECK(f.engine.run_now(f.caller(), {.task = "job"}).error().code == ErrorCode::conflict);
  CHECK(f.engine.list_tasks(f.caller(), {})->tasks[0].reads == "its definition cannot be read");
  CHECK(f.engine.get_status(f.caller()).ok());
  f.database.run("DELETE FROM carillon.run_history");
  CHECK(f.engine.get_run(f.caller(), {.run = run.run}).error().code == ErrorCode::unknown_name);
}

TEST_CASE("tasks are found by what they are", "[engine][list_tasks]") {
  EngineFixture f;
  f.scheduled(R"({"name":"morning-brief","when":"weekdays at 07:30","message":"x","tags":["work"],"priority":2})");
  f.scheduled(R"({"name":"poll","when":"every 15m","message":"x","description":"looks at the Brief"})");
  f.scheduled(R"({"name":"once","when":"in 5m","message":"x","paused":true})");
  f.scheduled(R"({"name":"bad","when":"manual","message":"x"})");
  f.finish(f.ran("bad"), "failed", "tool_error");
  const auto names = [&](const ListTasks& query) {
    std::string text;
    const auto found = f.engine.list_tasks(f.caller(), query);
    for (const TaskRow& row : found->tasks) text += (text.empty() ? "" : " ") + row.task;
    return text;
  };
  CHECK(names({}) == "bad morning-brief once poll");
  CHECK(names({.query = "BRIEF"}) == "morning-brief poll");
  CHECK(names({.states = {TaskFilter::paused}}) == "once");
  CHECK(names({.states = {TaskFilter::failing}}) == "bad");
  CHECK(names({.states = {TaskFilter::failing, TaskFilter::paused}}) == "bad once");
  CHECK(names({.states = {TaskFilter::done, TaskFilter::active}}) == "bad morning-brief poll");
  CHECK(names({.kind = "interval"}) == "poll");
  CHECK(names({.agent = "owner"}) == "bad morning-brief once poll");
  CHECK(names({.agent = "scout"}).empty());
  CHECK(names({.tag = "work"}) == "morning-brief");
  CHECK(names({.priority = 2}) == "morning-brief");
  CHECK(f.engine.list_tasks(f.caller(), {.states = {TaskFilter::failing}})->total == 1);
  const auto page = f.engine.list_tasks(f.caller(), {.limit = 3});
  CHECK(page->total == 4);
  REQUIRE(page->next_cursor.has_value());
  f.scheduled(R"({"name":"aaa","when":"manual","message":"x"})");
  CHECK(names({.limit = 3, .cursor = page->next_cursor}) == "poll");
  const TaskRow bad = page->tasks[0];
  CHECK(bad.failing);
  CHECK(bad.last->run == "bad#1");
  CHECK(bad.last->error_class == "tool_error");
  CHECK(*page->tasks[1].next == f.at("2026-11-23T06:30:00Z"));
  CHECK(f.engine.list_tasks(f.caller(), {.cursor = "r61"}).error().pointer == "/cursor");
  CHECK(f.engine.list_tasks(f.caller(), {.limit = 0}).error().pointer == "/limit");
  CHECK(f.engine.list_tasks(f.caller("x", "other"), {})->total == 0);
}

TEST_CASE("one task is told in full", "[engine][get_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"every 15m","message":"x","options":{"max_runs":3,"overlap":"allow"}})");
  for (int i = 0; i < 3; ++i) f.finish(f.ran("job"), "succeeded");
  f.finish(f.ran("job"), "failed", "timeout");
  for (int i = 0; i < 3; ++i) f.ran("job");
  const auto task = f.engine.get_task(f.caller(), {.task = "job"});
  REQUIRE(task.ok());
  CHECK(task->next.size() == 3);  // max_runs
  CHECK(task->last.size() == 5);
  CHECK(task->last[0].run == "job#7");
  CHECK(task->statistics.finished == 4);
  CHECK(*task->statistics.success_rate == Approx(0.75));
  CHECK(*task->statistics.p95 == std::chrono::seconds{2});
  CHECK_FALSE(task->statistics.late_p50.has_value());  // none was scheduled
  CHECK(task->created_by == "owner");
  CHECK(task->misfire == "skip");
  CHECK(task->row.last->state == RunState::failed);
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"job"}, .until = "tomorrow 12:00"})
              .ok());
  CHECK(f.engine.get_task(f.caller(), {.task = "job"})->next[0].at >= f.at("2026-11-21T11:00:00Z"));
  f.database.run("UPDATE carillon.task SET state = 'done', pause_reason = NULL, paused_by = NULL, paused_until = NULL");
  CHECK(f.engine.get_task(f.caller(), {.task = "job"})->next.empty());
}

TEST_CASE("a task that is shown says what its next run will run into", "[engine][get_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"one","when":"every 15m","tool":"everything.echo","arguments":{"message":"hi"}})");
  f.scheduled(R"({"name":"steps","when":"every 15m","steps":[
      {"id":"a","uses":"everything.echo","with":{"message":"hi"}},
      {"id":"b","uses":"everything.guarded","with":{"message":"${steps.a.text}"}},
      {"id":"c","uses":"everything.echo","with":{"message":"${steps.a.text}"}}]})");
  const auto warnings = [&](const std::string& task) {
    return f.engine.get_task(f.caller(), {.task = task})->warnings;
  };
  CHECK(warnings("one").empty());
  CHECK(warnings("steps").empty());
  // Whoever looks need not be allowed what the tool asks of who saved the task.
  CHECK(f.engine.get_task(f.caller_without(Scope::admin), {.task = "steps"})->warnings.empty());
  f.tools.away = "everything";
  CHECK(warnings("steps").empty());  // it may be there at the next slot
  f.tools.away = "";
  f.tools.signed_out = "everything";
  CHECK(warnings("steps") == std::vector<std::string>{"/steps/0/uses: sign in with `carillon login everything`"});
  f.tools.signed_out = "";
  f.tools.tools.at("everything.echo").input_schema["required"] = {"message", "loud"};
  CHECK(warnings("one") ==
        std::vector<std::string>{
            "everything.echo does not take these arguments any more: /arguments lacks \"loud\": add it"});
  f.tools.tools.erase("everything.echo");
  CHECK(warnings("one") ==
        std::vector<std::string>{"everything.echo is not there any more: no server offers everything.echo"});
  CHECK(warnings("steps") ==
        std::vector<std::string>{
            "/steps/0/uses: everything.echo is not there any more: no server offers everything.echo"});
  f.database.run("UPDATE carillon.task SET state = 'done'");
  CHECK(warnings("one").empty());  // it has no next run
}

TEST_CASE("a rhythm is previewed with a note on each clock change (E3)", "[engine][preview]") {
  EngineFixture f;
  const auto spring =
      f.engine.preview(f.caller(), {.when = "every day at 02:30", .from = "2027-03-27", .to = "2027-03-30"});
  REQUIRE(spring.ok());
  REQUIRE(spring->next.size() == 3);
  CHECK(spring->next[1].at == f.at("2027-03-28T01:30:00Z"));  // 03:30 local
  CHECK_FALSE(spring->next[1].note.empty());
  const auto autumn =
      f.engine.preview(f.caller(), {.when = "every day at 02:30", .from = "2027-10-31", .to = "2027-11-01"});
  CHECK(autumn->next.size() == 1);
  const auto more = f.engine.preview(f.caller(), {.when = "every 15m", .timezone = "Asia/Tokyo", .count = 3});
  CHECK(more->next.size() == 3);
  CHECK(more->more);
  CHECK(more->zone == "Asia/Tokyo");
}

TEST_CASE("a task is previewed with its snoozes", "[engine][preview]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  REQUIRE(f.engine.snooze(f.caller(), {.task = "brief", .skip = 1}).ok());
  const auto previewed = f.engine.preview(f.caller(), {.task = "brief", .count = 1});
  CHECK(previewed->next[0].at == f.at("2026-11-22T06:30:00Z"));
  CHECK(previewed->more);
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"brief"}}).ok());
  CHECK(f.engine.preview(f.caller(), {.task = "brief"})->warnings.size() == 1);
}

TEST_CASE("the agenda tells what all tasks will do", "[engine][preview]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every day at 07:30","message":"x"})");
  f.scheduled(R"({"name":"b","when":"every day at 07:00","message":"x","timezone":"UTC"})");
  f.scheduled(R"({"name":"later","when":"2026-12-24 18:00","message":"x"})");
  const auto agenda = f.engine.preview(f.caller(), {.to = "2026-11-22 12:00", .count = 10});
  REQUIRE(agenda.ok());
  REQUIRE(agenda->agenda.size() == 4);
  CHECK(agenda->agenda[0].task == "a");
  CHECK(agenda->agenda[1].task == "b");
  CHECK(agenda->agenda[1].at == f.at("2026-11-21T07:00:00Z"));
  CHECK_FALSE(agenda->more);
  CHECK(f.engine.preview(f.caller(), {.count = 3})->more);
  CHECK(f.count("audit WHERE action = 'preview'") == 0);
}

TEST_CASE("preview says what it needs", "[engine][preview]") {
  EngineFixture f;
  const auto pointer = [&](const Preview& query) { return f.engine.preview(f.caller(), query).error().pointer; };
  CHECK(pointer({.when = "every 15m", .task = "a"}) == "/task");
  CHECK(pointer({.task = "a"}) == "/task");
  CHECK(pointer({.when = "every 15m", .timezone = "Mars/Base"}) == "/timezone");
  CHECK(pointer({.when = "30m"}) == "/when");
  CHECK(pointer({.when = "every 15m", .from = "soon"}) == "/from");
  CHECK(pointer({.from = "soon"}) == "/from");
  CHECK(pointer({.when = "every 15m", .to = "soon"}) == "/to");
  CHECK(pointer({.when = "every 15m", .to = "yesterday"}) == "/to");
  CHECK(pointer({.count = 0}) == "/count");
  f.scheduled(R"({"name":"a","when":"every 15m","message":"x"})");
  CHECK(pointer({.task = "a", .to = "yesterday"}) == "/to");
}

TEST_CASE("the status tells what has happened since this caller last asked", "[engine][get_status]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  f.scheduled(R"({"name":"job","when":"manual","message":"x","options":{"overlap":"allow"}})");
  f.finish(f.ran("job"), "failed", "timeout");
  f.ran("job");
  f.start(f.ran("job"));
  REQUIRE(f.engine.snooze(f.caller(), {.task = "brief", .delay = std::chrono::minutes{5}}).ok());
  f.clock.advance(std::chrono::seconds{10});
  const auto first = f.engine.get_status(f.caller());
  REQUIRE(first.ok());
  CHECK_FALSE(first->since_last_asked.since.has_value());
  CHECK(first->since_last_asked.failed == 1);
  REQUIRE(first->since_last_asked.attention.size() == 1);
  CHECK(first->since_last_asked.attention[0].run == "job#1");
  CHECK(first->queued_due == 1);
  CHECK(*first->oldest_due == f.at("2026-11-20T13:00:00Z"));
  CHECK(first->running == 1);
  CHECK(first->tasks_active == 2);
  CHECK(first->shards_without_owner == 16);
  CHECK(first->scopes.size() == 9);
  CHECK(first->zone == "Europe/Berlin");
  REQUIRE(first->next.size() == 5);
  CHECK(first->next[0].at == f.at("2026-11-21T06:35:00Z"));
  f.clock.advance(std::chrono::minutes{1});
  const auto second = f.engine.get_status(f.caller());
  CHECK(second->since_last_asked.since == f.at("2026-11-20T13:00:10Z"));
  CHECK(second->since_last_asked.failed == 0);
  CHECK(second->since_last_asked.attention.empty());
  CHECK(f.engine.get_status(f.caller("scout"))->since_last_asked.failed == 1);
}

TEST_CASE("the status tells for some minutes what an outage made late", "[engine][get_status]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  f.database.run(
      "INSERT INTO carillon.outage (began_at, ended_at, kind, told_by) VALUES "
      "('2026-11-20T01:00Z', '2026-11-20T12:55Z', 'sleep', '2026-11-20T13:05Z')");
  CHECK(f.engine.get_status(f.caller())->since_last_asked.outages.empty());  // nothing was late
  f.database.run(
      "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
      "slot, "
      "folded, run_at, finished_at, origin, agent_id, correlation_id, outcome, reason) SELECT 1, tenant_id, task_id, "
      "1, "
      "1, 1, 1, 0, '2026-11-20T06:30Z', 0, '2026-11-20T06:30Z', '2026-11-20T12:55Z', 'schedule', 'owner', 'c', "
      "'missed', 'why' FROM carillon.task");
  for (int i = 0; i < 2; ++i) {
    const auto outages = f.engine.get_status(f.caller())->since_last_asked.outages;
    REQUIRE(outages.size() == 1);
    CHECK(outages[0].because == "the machine slept");
    CHECK(outages[0].tasks == std::vector<std::string>{"brief: 1 slot missed"});
    CHECK(outages[0].tasks_total == 1);
  }
  f.clock.advance(std::chrono::minutes{6});
  CHECK(f.engine.get_status(f.caller())->since_last_asked.outages.size() == 1);  // since the last question
  f.clock.advance(std::chrono::minutes{1});
  CHECK(f.engine.get_status(f.caller())->since_last_asked.outages.empty());
}

TEST_CASE("a caller's own zone is used where it told one", "[engine][get_status]") {
  EngineFixture f;
  Caller there = f.caller();
  there.zone = "Asia/Singapore";
  CHECK(f.engine.get_status(there)->zone == "Asia/Singapore");
}

TEST_CASE("runs that other processes finished are told to those who wait", "[engine][run_watch]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  int told = 0;
  const auto ticket = f.engine.watch().watch(RunId{run.run_id}, [&] { ++told; });
  f.engine.check_watched_runs();
  CHECK(told == 0);
  f.finish(run, "succeeded");
  f.engine.check_watched_runs();
  CHECK(told == 1);
  f.engine.check_watched_runs();
  CHECK(told == 1);
  f.engine.watch().unwatch(ticket);
}
