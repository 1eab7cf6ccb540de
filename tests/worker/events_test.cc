// Tasks that events set off, in real workers on a real database: told by the engine, started once, with what was told.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/engine/engine.h"
#include "server/store/store.h"
#include "tests/worker/scheduler.h"

using namespace carillon;
using namespace carillon::test;

namespace {

const TenantId kTenant{"default"};

// A task of that id which waits for events as its `when` says.
void put_waiting(const TestDatabase& database, std::int64_t task, const std::string& when, const Action& action,
                 const std::function<void(TaskDefinition&)>& change = {}) {
  put_task(database, task, definition_of(action, when, change));
  put_schedule(database, task, "now() - interval '1 min'", "NULL");
  const auto schedule = *parse_when(when, WhenContext{SystemClock{}.now(), "UTC"});
  for (const auto& trigger : schedule.triggers)
    if (const auto* event = std::get_if<EventTrigger>(&trigger.body))
      database.run("INSERT INTO carillon.task_source VALUES ('default', " + std::to_string(task) + ", 'event', '" +
                   event->pattern + "', '{}')");
}

// Somebody who tells events, in the way of the tool publish_event.
struct Teller {
  explicit Teller(const TestDatabase& database, WorkerSignal& signal)
      : store(database.urls(), PoolOptions{}), engine({store, clock, tools, signal, ids}, {}) {}

  EventPublished tell(const std::string& type, const json& payload = json::object(),
                      const std::optional<std::string>& key = std::nullopt) {
    const Caller caller{kTenant, AgentId{"owner"}, Scopes::all(), "0af7651916cd43dd8448eb211c80319c", ""};
    const auto published = engine.publish_event(caller, {.event = type, .payload = payload, .event_key = key});
    REQUIRE(published.ok());
    return *published;
  }

  Store store;
  DbClock clock;
  FakeTools tools;
  RunIdMaker ids{900};
  Engine engine;
};

Action telling_step(const std::string& text) { return steps_action({step("tell", "t.read", {{"said", text}})}); }

}  // namespace

TEST_CASE("an event starts a run once and the run knows what was told", "[worker][events]") {
  const TestDatabase database;
  put_waiting(database, 1, "on event deploy.* where payload.env == 'prod'",
              telling_step("${event.type} to ${event.payload.env} of ${event.key}"));
  Rig rig{database};
  Teller teller{database, rig.bell};
  CHECK(teller.tell("deploy.finished", {{"env", "prod"}}, "d-81").tasks.size() == 1);
  CHECK(teller.tell("deploy.finished", {{"env", "prod"}}, "d-81").duplicate_of.has_value());
  teller.tell("deploy.finished", {{"env", "test"}});
  REQUIRE(rig.wait_ended(1));
  const auto calls = rig.tools.calls();
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].arguments == json{{"said", "deploy.finished to prod of d-81"}});
  CHECK(database.ask("SELECT outcome || ', ' || reason || ', ' || correlation_id FROM carillon.run_history") ==
        "succeeded, event deploy.finished d-81, 0af7651916cd43dd8448eb211c80319c");
  CHECK(database.ask(
            "SELECT c.cause = 'event:' || e.event_id AND c.depth = 1 FROM carillon.run_cause c, carillon.event e "
            "WHERE e.event_key = 'd-81'") == "t");
  CHECK(database.ask("SELECT count(*) FROM carillon.cue") == "0");
  CHECK(misplaced(database).empty());
}

TEST_CASE("a large payload travels apart from the queue", "[worker][events]") {
  const TestDatabase database;
  put_waiting(database, 1, "on event big", telling_step("${length(event.payload.text)}"));
  Rig rig{database};
  Teller teller{database, rig.bell};
  teller.tell("big", {{"text", std::string(300'000, 'x')}});
  REQUIRE(rig.wait_ended(1));
  REQUIRE(rig.tools.calls().size() == 1);
  CHECK(rig.tools.calls()[0].arguments == json{{"said", 300'000}});
  CHECK(database.ask("SELECT octet_length(input) > 300000 FROM carillon.run_input") == "t");
  CHECK(database.ask("SELECT octet_length(payload) FROM carillon.run_history") == "0");
}

TEST_CASE("events that were told while nobody worked are answered later in their order and none is lost",
          "[worker][events]") {
  const TestDatabase database;
  put_waiting(database, 1, "on event tick", telling_step("${event.payload.n}"));
  put_waiting(database, 2, "on event tick", telling_step("${event.payload.n}"),
              [](TaskDefinition& task) { task.options.overlap = Overlap::skip; });
  WorkerBell nobody;
  Teller teller{database, nobody};
  for (int n = 0; n < 5; ++n) teller.tell("tick", {{"n", n}});
  // All at one instant: each has a slot of its own all the same.
  database.run("UPDATE carillon.cue SET due_at = (SELECT min(due_at) FROM carillon.cue)");
  Scheduler one{database, "one"};
  one.own_all();
  CHECK(one.tick.run_once() == 10);
  CHECK(one.tick.run_once() == 0);
  const std::string told =
      "SELECT string_agg(convert_from(payload, 'UTF8')::json #>> '{event,payload,n}', '' ORDER BY slot) FROM ";
  CHECK(database.ask(told + "carillon.run_ready WHERE task_id = 1") == "01234");
  // One that a rule kept out carries what it was told, so that it can be repeated.
  CHECK(database.ask(told + "carillon.run_ready WHERE task_id = 2") == "0");
  CHECK(database.ask(told + "carillon.run_history WHERE task_id = 2") == "1234");
  CHECK(database.ask("SELECT DISTINCT outcome FROM carillon.run_history") == "skipped");
}

TEST_CASE("events in a circle are cut with a row that says so", "[worker][events]") {
  const TestDatabase database;
  put_waiting(database, 1, "on event ping", tool_action("t.read"));
  WorkerBell nobody;
  Teller teller{database, nobody};
  Scheduler one{database, "one"};
  one.own_all();
  const Caller caller{kTenant, AgentId{"owner"}, Scopes::all(), "0af7651916cd43dd8448eb211c80319c", ""};
  std::optional<RunId> told_by;
  int runs = 0;
  // Each run tells the event that starts the next one, as a downstream tool does that hands on the trace.
  for (; runs < 30; ++runs) {
    REQUIRE(teller.engine.publish_event(caller, {.event = "ping", .told_by = told_by}).ok());
    one.tick.run_once();
    const std::string id = database.ask("SELECT coalesce(max(id), 0) FROM carillon.run_ready");
    if (id == "0") break;
    told_by = RunId{std::stoll(id)};
    database.run(
        "WITH gone AS (DELETE FROM carillon.run_ready RETURNING *) INSERT INTO carillon.run_history (id, tenant_id, "
        "task_id, "
        "task_version, number, retry, attempt, takeovers, folded, run_at, finished_at, origin, agent_id, "
        "correlation_id, "
        "outcome) SELECT id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, folded, run_at, "
        "now(), "
        "origin, agent_id, correlation_id, 'succeeded' FROM gone");
  }
  CHECK(runs == WorkerOptions{}.chain_depth_max);
  CHECK_THAT(database.ask("SELECT reason FROM carillon.run_history WHERE outcome = 'skipped'"),
             Catch::StartsWith("cut off: 16 runs have caused one another") && Catch::EndsWith("(event ping)"));
}
