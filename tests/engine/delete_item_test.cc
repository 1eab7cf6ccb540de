#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("a deleted task is hidden and cancels what it queued", "[engine][delete_item]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"every 15m","message":"x","lock":"reports"})");
  f.scheduled(R"({"name":"b","when":"every 15m","message":"x","lock":"reports"})");
  const auto live = f.ran("a");
  f.start(live);
  const auto queued = f.engine.run_now(f.caller(), {.task = "a", .overlap = Overlap::allow});
  bool ended = false;
  f.engine.watch().watch(RunId{queued->run_id}, [&] { ended = true; });
  const auto deleted = f.engine.delete_item(f.caller(), {.kind = "task", .name = "a"});
  REQUIRE(deleted.ok());
  CHECK(deleted->cancelled == 1);
  CHECK(ended);
  CHECK(*deleted->restorable_until == f.at("2026-12-20T13:00:00Z"));
  CHECK(deleted->still_refers == std::vector<std::string>{"run a#1 is running", "task b shares the lock reports"});
  CHECK(f.engine.list_tasks(f.caller(), {})->total == 1);
  CHECK(f.engine.get_task(f.caller(), {.task = "a"}).error().code == ErrorCode::unknown_name);
  CHECK(f.engine.run_now(f.caller(), {.task = "a"}).error().code == ErrorCode::unknown_name);
  // What it did stays to be read.
  CHECK(f.engine.get_run(f.caller(), {.run = "a#2"})->row.state == RunState::cancelled);
  CHECK(f.engine.retry_run(f.caller(), {.run = "a#2"}).error().code == ErrorCode::conflict);
  CHECK(f.database
            .ask("SELECT next_fire_at FROM carillon.schedule_state s JOIN carillon.task t USING (task_id) WHERE name = "
                 "'a'")
            .empty());
}

TEST_CASE("for good never under an active run", "[engine][delete_item]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"manual","message":"x"})");
  const auto run = f.ran("a");
  f.start(run);
  const auto refused = f.engine.delete_item(f.caller(), {.kind = "task", .name = "a", .hard = true});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().details["still_refers"].size() == 1);
  CHECK(f.count("task WHERE deleted_at IS NULL") == 1);
  f.database.run("DELETE FROM carillon.run_live");
  f.finish(f.ran("a"), "succeeded", "");
  f.database.run(
      "INSERT INTO carillon.work_item (tenant_id, run_id, step_path, attempt, agent, prompt, data, expect, expires_at, "
      "asked_at) SELECT 'default', id, 's', 1, '', 'p', '{}', '', 'infinity', now() FROM carillon.run_history");
  const auto deleted = f.engine.delete_item(f.caller(), {.kind = "task", .name = "a", .hard = true});
  REQUIRE(deleted.ok());
  CHECK_FALSE(deleted->restorable_until.has_value());
  CHECK(f.count("task") == 0);
  CHECK(f.count("schedule_state") == 0);
  CHECK(f.count("run_ready") == 0);
  CHECK(f.count("run_history") == 0);
  CHECK(f.count("work_item") == 0);
  CHECK(f.count("outbox WHERE event_type = 'task.deleted'") == 1);
}

TEST_CASE("a soft deletion can be made hard", "[engine][delete_item]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"manual","message":"x"})");
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "a"}).ok());
  CHECK(f.engine.delete_item(f.caller(), {.kind = "task", .name = "a"}).error().code == ErrorCode::unknown_name);
  CHECK(f.engine.delete_item(f.caller(), {.kind = "task", .name = "a", .hard = true}).ok());
  CHECK(f.engine.delete_item(f.caller(), {.kind = "task", .name = "a", .hard = true}).error().code ==
        ErrorCode::unknown_name);
  CHECK(f.engine.delete_item(f.caller(), {.kind = "calendar", .name = "a"}).error().pointer == "/kind");
  REQUIRE(f.engine.call_tool(f.caller(), {.tool = "everything.echo", .arguments = {{"message", "hi"}}}).ok());
  CHECK(f.engine.delete_item(f.caller(), {.kind = "task", .name = "call"}).error().code == ErrorCode::not_allowed);
}

TEST_CASE("a run that has ended is deleted with all that is kept of it and its slot stays taken",
          "[engine][delete_item]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"manual","message":"x"})");
  const auto run = f.ran("a");
  const auto refused = f.engine.delete_item(f.caller(), {.kind = "run", .name = "a#1", .hard = true});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().pointer == "/name");
  CHECK(refused.error().try_instead[0]["tool"] == "cancel_run");
  f.finish(run, "failed", "timeout");
  const std::string id = std::to_string(run.run_id);
  f.database.run("INSERT INTO carillon.run_slot SELECT 'default', task_id, now(), id FROM carillon.run_history");
  f.database.run("INSERT INTO carillon.run_output (run_id, tenant_id, output) VALUES (" + id + ", 'default', '{}')");
  f.database.run("INSERT INTO carillon.run_input (run_id, tenant_id, input) VALUES (" + id + ", 'default', '{}')");
  f.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at) "
      "VALUES (" +
      id + ", 's', 1, 'default', 'succeeded', now(), now())");
  f.database.run(
      "INSERT INTO carillon.approval (tenant_id, run_id, step_path, attempt, message, arguments, digest, deciders, "
      "quorum, "
      "on_expiry, on_reject, expires_at, asked_at) VALUES ('default', " +
      id + ", 's', 1, 'm', '{}', 'd', '{person}', 1, 'fail', 'fail', 'infinity', now())");
  f.database.run(
      "INSERT INTO carillon.work_item (tenant_id, run_id, step_path, attempt, agent, prompt, data, expect, expires_at, "
      "asked_at) VALUES ('default', " +
      id + ", 's', 1, '', 'p', '{}', '', 'infinity', now())");
  f.database.run(
      "INSERT INTO carillon.delivery (tenant_id, run_id, target, kind, task_id, agent_id, due_at, created_at) SELECT "
      "'default', id, 'session', 'session', task_id, 'owner', now(), now() FROM carillon.run_history");
  const auto again = f.engine.retry_run(f.caller(), {.run = "a#1"});
  REQUIRE(again.ok());

  const auto soft = f.engine.delete_item(f.caller(), {.kind = "run", .name = "a#1"});
  REQUIRE_FALSE(soft.ok());
  CHECK(soft.error().pointer == "/hard");
  CHECK(f.count("run_history") == 1);
  const DeleteItem command{
      .key = {.client_generated_id = "gone", .content = "x"}, .kind = "run", .name = "a#1", .hard = true};
  const auto deleted = f.engine.delete_item(f.caller(), command);
  REQUIRE(deleted.ok());
  CHECK(deleted->name == "a#1");
  CHECK_FALSE(deleted->restorable_until.has_value());
  CHECK(deleted->still_refers ==
        std::vector<std::string>{"run a#1.2 has its number", "session was not told of it yet, and is not any more"});
  CHECK(f.engine.delete_item(f.caller(), command).ok());
  for (const char* table :
       {"run_history", "run_output", "run_input", "step_journal", "approval", "work_item", "delivery"}) {
    INFO(table);
    CHECK(f.count(table) == 0);
  }
  CHECK(f.count("run_slot") == 1);
  CHECK(f.count("run_ready") == 1);
  CHECK(f.count("outbox WHERE event_type = 'task.run.deleted'") == 1);
  CHECK(f.count("audit WHERE action = 'delete_item' AND subject = 'run:" + id + "'") == 1);
  CHECK(f.engine.get_run(f.caller(), {.run = "a#1"}).error().code == ErrorCode::unknown_name);
  const auto nobody = f.engine.delete_item(f.caller(), {.kind = "run", .name = "a#1", .hard = true});
  CHECK(nobody.error().code == ErrorCode::unknown_name);
  CHECK(nobody.error().pointer == "/name");
}

TEST_CASE("deleting a run says which retry took steps over from it and needs the scope of runs",
          "[engine][delete_item]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"manual","steps":[{"id":"one","wait":"1s"},{"id":"two","wait":"1s"}]})");
  const auto run = f.ran("a");
  f.finish(run, "failed", "timeout");
  f.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at, "
      "output) "
      "VALUES (" +
      std::to_string(run.run_id) + ", 'one', 1, 'default', 'succeeded', now(), now(), '{}')");
  const auto again = f.engine.retry_run(f.caller(), {.run = "a#1", .from = "two"});
  REQUIRE(again.ok());
  f.start(*again);
  const DeleteItem command{.kind = "run", .name = "a#1", .hard = true};
  const auto refused = f.engine.delete_item(f.caller_without(Scope::run), command);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::not_allowed);
  const auto deleted = f.engine.delete_item(f.caller(), command);
  REQUIRE(deleted.ok());
  CHECK(deleted->still_refers == std::vector<std::string>{"run a#1.2 took steps over from it"});
  CHECK(f.engine.get_run(f.caller(), {.run = "a#1.2"})->row.state == RunState::running);
}
