#include <fstream>
#include <set>
#include <sstream>

#include "server/domain/json_schema/json_schema.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

std::string file(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Every kind of event that a command tells.
void do_everything(EngineFixture& f) {
  f.scheduled(R"({"name":"a","when":"every 15m","message":"x"})");
  REQUIRE(f.update("a", R"({"message":"y"})").ok());
  REQUIRE(f.engine.snooze(f.caller(), {.task = "a", .skip = 1, .reason = "r"}).ok());
  REQUIRE(
      f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"a"}, .until = "in 1h", .reason = "r"})
          .ok());
  f.clock.advance(std::chrono::minutes{40});
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"a"}}).ok());
  f.finish(f.ran("a"), "failed", "timeout");
  REQUIRE(f.engine.retry_run(f.caller(), {.run = "a#2"}).ok());
  f.ran("a");  // skipped: overlap
  REQUIRE(f.engine.cancel_run(f.caller(), {.run = "a#2.2"}).ok());
  f.start(f.ran("a"), "calling");
  REQUIRE(f.engine.cancel_run(f.caller(), {.run = "a#4", .force = true}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "a"}).ok());
  REQUIRE(f.update("a", "{}", {.restore = true}).ok());
}

}  // namespace

TEST_CASE("every event of a command fits its published schema", "[engine][transaction]") {
  EngineFixture f;
  do_everything(f);
  const json events =
      json::parse(f.database.ask("SELECT json_agg(json_build_object('type', event_type, 'data', convert_from(data, "
                                 "'UTF8')::json)) FROM carillon.outbox"));
  std::set<std::string> types;
  for (const json& event : events) {
    const std::string type = event["type"];
    CAPTURE(type, event["data"].dump());
    types.insert(type);
    const json schema = json::parse(file("schemas/events/" + type + ".json"), nullptr, false);
    REQUIRE_FALSE(schema.is_discarded());
    const auto compiled = json_schema::compile(schema);
    REQUIRE(compiled.ok());
    const auto violations = compiled->validate(event["data"]);
    INFO((violations.empty() ? "" : violations.front().pointer + " " + violations.front().message));
    CHECK(violations.empty());
  }
  CHECK(types == std::set<std::string>{"task.created", "task.updated", "task.snoozed", "task.paused", "task.resumed",
                                       "task.deleted", "task.restored", "task.run.queued", "task.run.skipped",
                                       "task.run.retried", "task.run.cancelled", "task.run.unknown"});
}
