// Tasks that wait for others by name: who may wait for whom, and what becomes of the names.
#include "server/engine/awaiting.h"

#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

std::string when(const std::string& text) { return json{{"when", text}}.dump(); }

}  // namespace

TEST_CASE("a task waits for one that is there and its rows say for which ends", "[engine][awaiting]") {
  EngineFixture f;
  f.scheduled(message_task("etl", "manual"));
  const auto saved = f.scheduled(message_task("load", "after etl fails or after etl succeeds"));
  CHECK(saved.state == "active");
  CHECK(saved.next.empty());
  CHECK(saved.misfire == "all");
  CHECK(saved.grace == "7d");
  CHECK(f.database.ask(
            "SELECT source || ' ' || anchor || ' ' || array_to_string(outcomes, ',') FROM carillon.task_source") ==
        "chain etl failed,succeeded,unknown");
  REQUIRE(f.update("load", when("every 15m")).ok());
  CHECK(f.count("task_source") == 0);
}

TEST_CASE("a task that is waited for must be there under that name", "[engine][awaiting]") {
  EngineFixture f;
  const auto etl = f.scheduled(message_task("nightly-etl", "manual"));
  const auto unknown = f.schedule(message_task("load", "after nightly-elt succeeds"));
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::unknown_name);
  CHECK(unknown.error().pointer == "/when");
  CHECK_THAT(unknown.error().message, Catch::Contains("nightly-etl"));
  CHECK_FALSE(f.schedule(message_task("load", "after " + std::to_string(etl.task_id) + " succeeds")).ok());
  const auto itself = f.schedule(message_task("load", "after load succeeds"));
  REQUIRE_FALSE(itself.ok());
  CHECK_THAT(itself.error().message, Catch::Contains("wait for itself"));
  CHECK(f.count("task WHERE name = 'load'") == 0);
}

TEST_CASE("tasks that would start one another are refused and the circle is named", "[engine][awaiting]") {
  EngineFixture f;
  f.scheduled(message_task("a", "manual"));
  f.scheduled(message_task("b", "after a succeeds or every day at 07:30"));
  f.scheduled(message_task("c", "after b finishes"));
  const auto circle = f.update("a", when("after c fails"));
  REQUIRE_FALSE(circle.ok());
  CHECK(circle.error().code == ErrorCode::arguments_invalid);
  CHECK(circle.error().message ==
        "these tasks would start one another for ever: \"a\" waits for \"c\", which waits for \"b\", which waits for "
        "\"a\"");
  CHECK(circle.error().details["circle"] == json({"c", "b", "a"}));
  REQUIRE(f.update("a", when("every 15m")).ok());
  REQUIRE(f.schedule(message_task("d", "after a fails or after c fails")).ok());
}

TEST_CASE("a name that others wait for stays and what is deleted says who waits", "[engine][awaiting]") {
  EngineFixture f;
  f.scheduled(message_task("a", "manual"));
  f.scheduled(message_task("b", "after a succeeds"));
  const auto renamed = f.update("a", "{}", {.new_name = "z"});
  REQUIRE_FALSE(renamed.ok());
  CHECK(renamed.error().code == ErrorCode::conflict);
  CHECK_THAT(renamed.error().message, Catch::Contains("\"b\" waits for \"a\""));
  REQUIRE(f.update("b", "{}", {.new_name = "c"}).ok());

  const auto deleted = f.engine.delete_item(f.caller(), {.kind = "task", .name = "a"});
  REQUIRE(deleted.ok());
  CHECK(deleted->still_refers == std::vector<std::string>{"task c waits for it"});
  // Another one of that name is waited for in its stead, so it closes the circle.
  const auto circle = f.schedule(message_task("a", "after c succeeds"));
  REQUIRE_FALSE(circle.ok());
  CHECK_THAT(circle.error().message, Catch::Contains("for ever"));
  REQUIRE(f.schedule(message_task("d", "after c succeeds")).ok());
  CHECK_FALSE(f.update("d", "{}", {.new_name = "a"}).ok());
}

TEST_CASE("the ends of runs leave cues for those that wait and none for the deleted and the done",
          "[engine][awaiting]") {
  EngineFixture f;
  f.scheduled(message_task("etl", "manual"));
  f.scheduled(message_task("load", "after etl succeeds"));
  f.scheduled(message_task("gone", "after etl succeeds"));
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "gone"}).ok());
  f.finish(f.ran("etl"), "failed", "tool_error");
  CHECK(f.count("cue") == 0);
  f.finish(f.ran("etl"), "succeeded");
  CHECK(f.database.ask("SELECT t.name || ' ' || c.told || ' ' || c.outcome || ' ' || c.depth FROM carillon.cue c JOIN "
                       "carillon.task t USING (task_id)") == "load etl#2 succeeded 1");
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "load"}).ok());
  CHECK(f.count("cue") == 0);
}

TEST_CASE("a chain that was paused goes on after the pause", "[engine][awaiting]") {
  EngineFixture f;
  f.scheduled(message_task("etl", "manual"));
  f.scheduled(message_task("load", "after etl succeeds or 2026-11-20 15:00"));
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"load"}}).ok());
  f.set_now("2026-11-20T16:00:00Z");
  const auto resumed = f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"load"}});
  REQUIRE(resumed.ok());
  CHECK(resumed->tasks.at(0).state == "active");
  CHECK(resumed->tasks.at(0).left_out == 1);
  const auto snoozed = f.engine.snooze(f.caller(), {.task = "load", .skip = 1});
  REQUIRE_FALSE(snoozed.ok());
  CHECK_THAT(snoozed.error().message, Catch::Contains("no next occurrence"));
}
