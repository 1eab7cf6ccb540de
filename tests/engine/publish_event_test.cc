// Events that are told: whom they set off, that each is told once, and what is kept of them.
#include <catch2/catch.hpp>

#include "server/engine/subscribers.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

EventPublished told(EngineFixture& f, const std::string& type, const json& payload = json::object(),
                    const std::optional<std::string>& key = std::nullopt) {
  auto published = f.engine.publish_event(f.caller(), {.event = type, .payload = payload, .event_key = key});
  REQUIRE(published.ok());
  return *published;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("an event sets off the tasks whose pattern and where fit and each once", "[engine][publish_event]") {
  EngineFixture f;
  f.scheduled(message_task("all", "on event deploy.#"));
  f.scheduled(message_task("one", "on event deploy.finished"));
  f.scheduled(message_task("twice", "on event deploy.* or on event *.finished"));
  f.scheduled(message_task("prod", "on event deploy.* where payload.env == 'prod'"));
  f.scheduled(message_task("other", "on event build.*"));
  f.scheduled(message_task("clock", "every 15m"));
  CHECK(told(f, "deploy.finished", {{"env", "prod"}}).tasks == Names{"all", "one", "twice", "prod"});
  CHECK(told(f, "deploy.finished", {{"env", "test"}}).tasks == Names{"all", "one", "twice"});
  CHECK(told(f, "deploy").tasks == Names{"all"});
  CHECK(told(f, "nobody.waits").tasks.empty());
  CHECK(f.count("cue WHERE source = 'event'") == 8);
  CHECK(f.database.ask(
            "SELECT string_agg(DISTINCT c.cause || ' ' || c.depth, ',') FROM carillon.cue c JOIN carillon.event e "
            "ON c.cause = 'event:' || e.event_id WHERE c.due_at = e.at") ==
        f.database.ask(
            "SELECT string_agg(DISTINCT 'event:' || event_id || ' 1', ',') FROM carillon.event WHERE tasks <> '{}'"));
}

TEST_CASE("who does not wait any more is not set off", "[engine][publish_event]") {
  EngineFixture f;
  for (const char* name : {"edited", "deleted", "paused"}) f.scheduled(message_task(name, "on event deploy.*"));
  REQUIRE(f.update("edited", R"({"when":"on event build.*"})").ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "deleted"}).ok());
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"paused"}}).ok());
  CHECK(told(f, "deploy.finished").tasks == Names{"paused"});  // it will leave a row
}

TEST_CASE("the worker of each task that is set off is told", "[engine][publish_event]") {
  EngineFixture f;
  f.scheduled(message_task("a", "on event deploy.*"));
  const auto shard = std::stoi(f.database.ask("SELECT shard FROM carillon.schedule_state"));
  f.worker.take();
  told(f, "deploy.finished");
  CHECK(f.worker.take().schedules == std::vector<std::int16_t>{static_cast<std::int16_t>(shard)});
}

TEST_CASE("an event with a key is told once", "[engine][publish_event]") {
  EngineFixture f;
  f.scheduled(message_task("a", "on event deploy.*"));
  const auto first = told(f, "deploy.finished", {{"n", 1}}, "d-81");
  CHECK_FALSE(first.duplicate_of.has_value());
  const auto again = told(f, "deploy.finished", {{"n", 2}}, "d-81");
  CHECK(again.duplicate_of == first.event_id);
  CHECK(again.tasks.empty());
  CHECK(told(f, "deploy.started", {}, "d-81").tasks == Names{"a"});  // another event
  CHECK(f.count("event") == 2);
  CHECK(f.count("cue") == 2);
  CHECK(f.count("audit WHERE action = 'publish_event'") == 2);
}

TEST_CASE("a client_generated_id gets the first answer again", "[engine][publish_event]") {
  EngineFixture f;
  f.scheduled(message_task("a", "on event deploy.*"));
  const PublishEvent command{.key = {.client_generated_id = "c-1", .content = "x"}, .event = "deploy.finished"};
  const auto first = f.engine.publish_event(f.caller(), command);
  const auto again = f.engine.publish_event(f.caller(), command);
  REQUIRE(first.ok());
  REQUIRE(again.ok());
  CHECK(again->event_id == first->event_id);
  CHECK(again->tasks == Names{"a"});
  CHECK(f.count("event") == 1);
}

TEST_CASE("a where that cannot be evaluated is told and leaves a cue that says so", "[engine][publish_event]") {
  EngineFixture f;
  f.scheduled(message_task("strict", "on event deploy.* where length(payload.tries) > `2`"));
  f.scheduled(
      message_task("either", "on event deploy.* where length(payload.tries) > `2` or on event deploy.finished"));
  const auto published = told(f, "deploy.finished", {{"tries", 3}});
  CHECK(published.tasks == Names{"either"});
  REQUIRE(published.problems.size() == 1);
  CHECK_THAT(published.problems[0], Catch::StartsWith("strict: its where could not be evaluated: "));
  CHECK(f.database.ask("SELECT string_agg(outcome, ',' ORDER BY outcome) FROM carillon.cue") == "failing,matches");
}

TEST_CASE("what is no event is refused with what would be one", "[engine][publish_event]") {
  EngineFixture f;
  const auto refused = [&](const PublishEvent& command) {
    const auto published = f.engine.publish_event(f.caller(), command);
    REQUIRE_FALSE(published.ok());
    return published.error();
  };
  CHECK(refused({.event = "deploy.*"}).pointer == "/event");
  CHECK_FALSE(refused({.event = "task.run.failed"}).try_instead.empty());
  CHECK(refused({.event = "a", .event_key = ""}).pointer == "/key");
  CHECK(refused({.event = "a", .payload = {{"x", std::string(kEventPayloadBytesMax, 'x')}}}).code ==
        ErrorCode::too_large);
  CHECK(f.count("event") == 0);
}

TEST_CASE("an event of a run stands behind that run in the chain of causes", "[engine][publish_event]") {
  EngineFixture f;
  f.scheduled(message_task("a", "on event ping"));
  const auto run = f.ran("a");
  f.start(run);
  f.database.run("INSERT INTO carillon.run_cause VALUES (" + std::to_string(run.run_id) + ", 'default', 'event:1', 7)");
  const auto depth = [&](const Caller& caller, RunId told_by) {
    REQUIRE(f.engine.publish_event(caller, {.event = "ping", .told_by = told_by}).ok());
    return f.database.ask(
        "SELECT depth || coalesce(' ' || cause, '') FROM carillon.event ORDER BY event_id DESC LIMIT 1");
  };
  const RunId id{run.run_id};
  CHECK(depth(f.caller(), id) == "7 run:" + id.str());
  CHECK(f.database.ask("SELECT depth FROM carillon.cue") == "8");
  // Whoever names a run of another trace, or of nobody, is believed nothing.
  Caller stranger = f.caller();
  stranger.correlation_id = "11111111111111111111111111111111";
  CHECK(depth(stranger, id) == "0");
  CHECK(depth(f.caller(), RunId{5}) == "0");
  f.finish(run, "succeeded");
  CHECK(depth(f.caller(), id) == "7 run:" + id.str());
}

TEST_CASE("events are listed the last first with those who wait for such", "[engine][list_events]") {
  EngineFixture f;
  f.scheduled(message_task("a", "on event deploy.*"));
  f.scheduled(message_task("b", "on event build.#"));
  told(f, "deploy.started", {{"n", 1}});
  f.clock.advance(std::chrono::minutes{5});
  told(f, "build.eu.done", {{"n", 2}}, "k");
  f.clock.advance(std::chrono::minutes{5});
  told(f, "deploy.finished", {{"text", std::string(500, 'x')}});
  const auto listed = [&](const ListEvents& query) {
    const auto page = f.engine.list_events(f.caller(), query);
    REQUIRE(page.ok());
    return *page;
  };
  const auto all = listed({.payload_bytes = 20});
  REQUIRE(all.events.size() == 3);
  CHECK(all.events[0].event == "deploy.finished");
  CHECK(all.events[0].tasks == Names{"a"});
  CHECK(all.events[0].payload.size() == 20);
  CHECK(all.events[0].payload_bytes == 511);
  CHECK(all.events[1].key == "k");
  CHECK(all.events[1].payload == R"({"n":2})");
  CHECK(all.events[1].source == "agent:owner");
  CHECK(all.waiting.size() == 2);

  const auto deploys = listed({.event = "deploy.*", .limit = 1});
  REQUIRE(deploys.events.size() == 1);
  REQUIRE(deploys.waiting.size() == 1);
  CHECK(deploys.waiting[0].reads == "on event deploy.*");
  REQUIRE(deploys.next_cursor.has_value());
  const auto rest = listed({.event = "deploy.*", .limit = 1, .cursor = deploys.next_cursor});
  REQUIRE(rest.events.size() == 1);
  CHECK(rest.events[0].event == "deploy.started");
  CHECK_FALSE(rest.next_cursor.has_value());
  CHECK(listed({.since = "7m ago"}).events.size() == 2);
  CHECK(listed({.event = "build.eu.done"}).waiting.at(0).task == "b");

  for (const ListEvents& wrong :
       {ListEvents{.event = "a b"}, ListEvents{.since = "soon"}, ListEvents{.limit = 0}, ListEvents{.cursor = "x"}})
    CHECK_FALSE(f.engine.list_events(f.caller(), wrong).ok());
  CHECK(f.engine.list_events(f.caller("x", "elsewhere"), {})->events.empty());
}

TEST_CASE("an event's pattern is no name of a task", "[engine][publish_event]") {
  EngineFixture f;
  f.scheduled(message_task("deploy", "manual"));
  f.scheduled(message_task("a", "on event deploy"));
  CHECK(f.update("deploy", "{}", {.new_name = "release"}).ok());
}
