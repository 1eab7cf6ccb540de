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
  f.ran("a");
  const auto deleted = f.engine.delete_item(f.caller(), {.kind = "task", .name = "a", .hard = true});
  REQUIRE(deleted.ok());
  CHECK_FALSE(deleted->restorable_until.has_value());
  CHECK(f.count("task") == 0);
  CHECK(f.count("schedule_state") == 0);
  CHECK(f.count("run_ready") == 0);
  CHECK(f.count("run_history") == 0);
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
