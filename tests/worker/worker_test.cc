#include "server/worker/worker.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/worker/rig.h"

using namespace carillon;
using namespace carillon::test;

namespace {

std::string outcome(const TestDatabase& database, std::int64_t run) {
  return database.ask("SELECT outcome FROM carillon.run_history WHERE id = " + std::to_string(run));
}

json output(const TestDatabase& database, std::int64_t run) {
  return json::parse(
      database.ask("SELECT convert_from(output, 'UTF8') FROM carillon.run_history WHERE id = " + std::to_string(run)));
}

}  // namespace

TEST_CASE("a due run calls its tool and its result is in the history", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.read", {{"message", "hi"}})));
  put_ready(database, {.id = 1});
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == "succeeded");
  CHECK(output(database, 1).at("structured").at("said").at("message") == "hi");
  CHECK(output(database, 1).at("text") == "fine");
  CHECK(rig.tools.calls().at(0).idempotency_key == "carillon-1");
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("a run that is queued while the worker waits starts on its signal", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.read")));
  put_task(database, 2, definition_of(tool_action("t.read")));
  put_ready(database, {.id = 1});
  auto options = quick_options();
  options.poll_every = std::chrono::hours{1};
  Rig rig{database, options};
  REQUIRE(rig.wait_ended(1));
  put_ready(database, {.id = 2, .shard = 7, .run_at = "now()", .task = 2});
  rig.bell.runs_ready(7, rig.clock.now());
  REQUIRE(rig.wait_ended(2));
}

TEST_CASE("a message is delivered by the built-in log tool", "[worker]") {
  const TestDatabase database;
  Action action;
  action.message = "Check the build";
  put_task(database, 1, definition_of(action));
  put_ready(database, {.id = 1});
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(rig.tools.calls().at(0).tool == "carillon.notify_log");
  CHECK(rig.tools.calls().at(0).arguments == json{{"message", "Check the build"}});
  CHECK(output(database, 1) == json{{"message", "Check the build"}});
}

TEST_CASE("steps see what earlier steps gave and each is in the journal", "[worker]") {
  const TestDatabase database;
  const json fetch = step("fetch", "t.a", {{"city", "${input.city}"}}, "weather");
  const json tell = step("tell", "t.b", {{"text", "It is ${steps.weather.now} in ${steps.fetch.said}"}});
  put_task(database, 1, definition_of(steps_action({fetch, tell}, {{"city", "Chisinau"}})));
  Rig rig{database};
  rig.tools.answers["t.a"] = json{{"now", "cold"}, {"said", "Berlin"}};
  put_ready(database, {.id = 1, .payload = R"(convert_to('{"input":{"city":"Berlin"}}', 'UTF8'))"});
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == "succeeded");
  REQUIRE(rig.tools.calls().size() == 2);
  CHECK(rig.tools.calls()[0].arguments == json{{"city", "Berlin"}});
  CHECK(rig.tools.calls()[0].idempotency_key == "carillon-1-fetch");
  CHECK(output(database, 1).at("steps").at("weather").at("now").is_string());
  CHECK(database.ask("SELECT string_agg(step_path || ' ' || state, ', ' ORDER BY started_at) FROM "
                     "carillon.step_journal") == "fetch succeeded, tell succeeded");
}

TEST_CASE("a template that leads nowhere fails the run with the path", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(steps_action({step("a", "t.read", {{"x", "${input.nope}"}})})));
  put_ready(database, {.id = 1});
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == "failed");
  CHECK(database.ask("SELECT error_class FROM carillon.run_history WHERE error_message LIKE '%nope%'") ==
        "invalid_arguments");
  CHECK(rig.tools.calls().empty());
}

TEST_CASE("what a failure becomes depends on the tool's effect and on whether the call can have arrived", "[worker]") {
  const TestDatabase database;
  const auto [tool, state, error_class] = GENERATE(table<std::string, std::string, std::string>({
      {"t.failing", "failed", "tool_error"},
      {"t.unknown", "failed", "not_found"},
      {"t.lost.destructive", "unknown", "unknown_outcome"},
      {"t.lost.read", "failed", "timeout"},
      {"t.down", "failed", "unavailable"},
      {"t.sleeping.read", "succeeded", ""},
  }));
  INFO(tool);
  put_task(database, 1, definition_of(tool_action(tool), "manual", [](TaskDefinition& definition) {
             definition.options.retries = RetryPolicy{.max_attempts = 2, .base = std::chrono::milliseconds{5}};
           }));
  put_ready(database, {.id = 1});
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == state);
  CHECK(database.ask("SELECT error_class FROM carillon.run_history") == error_class);
  const std::size_t calls = tool == "t.unknown" ? 0 : tool == "t.lost.read" || tool == "t.down" ? 2 : 1;
  CHECK(rig.tools.calls().size() == calls);
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("a run costs what its calls cost and only calls that were made", "[worker]") {
  const TestDatabase database;
  const auto retry = [](TaskDefinition& definition) {
    definition.options.retries = RetryPolicy{.max_attempts = 3, .base = std::chrono::milliseconds{5}};
  };
  put_task(database, 1, definition_of(tool_action("t.dear.read")));
  put_task(database, 2, definition_of(tool_action("t.dear.down"), "manual", retry));       // never arrived
  put_task(database, 3, definition_of(tool_action("t.dear.lost.read"), "manual", retry));  // three times, perhaps
  put_task(database, 4,
           definition_of(steps_action({step("a", "t.dear.a"), step("b", "t.read"), step("c", "t.dear.c")})));
  put_task(database, 5, definition_of(tool_action("t.read")));
  for (std::int64_t run = 1; run <= 5; ++run)
    put_ready(database, {.id = run, .shard = static_cast<int>(run), .task = run});
  Rig rig{database};
  REQUIRE(rig.wait_ended(5));
  CHECK(database.ask("SELECT string_agg(id || ' ' || coalesce(round(cost, 2)::text, '-'), ', ' ORDER BY id) "
                     "FROM carillon.run_history") == "1 0.10, 2 -, 3 0.30, 4 0.20, 5 -");
  CHECK(database.ask(
            "SELECT string_agg(step_path || ' ' || coalesce(round(cost, 2)::text, '-'), ', ' ORDER BY step_path) "
            "FROM carillon.step_journal") == "a 0.10, b -, c 0.10");
  CHECK(database.ask("SELECT count(*) FROM carillon.effect_journal") == "6");  // of the reads those that cost something
}

TEST_CASE("a run calls with the scopes of whoever wrote its task", "[worker]") {
  const TestDatabase database;
  const auto [scopes, outcome_wanted, calls] = GENERATE(table<std::string, std::string, std::size_t>({
      {"'{tools}'", "failed", 0},
      {"'{}'", "failed", 0},
      {"'{tools,admin}'", "succeeded", 1},
      {"NULL", "succeeded", 1},
  }));
  INFO(scopes);
  put_task(database, 1, definition_of(tool_action("t.guarded.read")));
  database.run("UPDATE carillon.task_version SET scopes = " + scopes);
  put_ready(database, {.id = 1});
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == outcome_wanted);
  CHECK(rig.tools.calls().size() == calls);
  if (calls > 0) return;
  CHECK(database.ask("SELECT error_class FROM carillon.run_history") == "not_allowed");
  CHECK(database.ask(
            "SELECT count(*) FROM carillon.run_history WHERE error_message LIKE '%\"admin\"%t.guarded.read%'") == "1");
}

TEST_CASE("a run whose definition cannot be read fails and says so", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, R"({"nonsense": true})");
  put_ready(database, {.id = 1});
  put_ready(database, {.id = 2, .task = 77});
  Rig rig{database};
  REQUIRE(rig.wait_ended(2));
  CHECK(outcome(database, 1) == "failed");
  CHECK(outcome(database, 2) == "failed");
  CHECK(database.ask("SELECT count(*) FROM carillon.run_history WHERE error_class = 'internal'") == "2");
}

TEST_CASE("a cancel while the call is under way stops it", "[worker]") {
  const TestDatabase database;
  const auto [tool, state] =
      GENERATE(table<std::string, std::string>({{"t.held.read", "cancelled"}, {"t.held.destructive", "unknown"}}));
  put_task(database, 1, definition_of(tool_action(tool)));
  put_ready(database, {.id = 1});
  Rig rig{database};
  rig.tools.wait_held(1);
  database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough' WHERE id = 1");
  rig.bell.cancel_requested(RunId{1});
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == state);
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("a run that was taken away by force is dropped and its late answer refused", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.held.read")));
  put_ready(database, {.id = 1});
  Rig rig{database};
  rig.tools.wait_held(1);
  database.run("DELETE FROM carillon.run_live WHERE id = 1");
  rig.bell.run_taken_away(RunId{1});
  REQUIRE(rig.wait_ended(1));
  rig.tools.release();
  rig.worker.stop(std::chrono::seconds{1});
  CHECK(outcome(database, 1).empty());
}

// A claim's commit is not waited for, so a crash of the database can undo a claim that is being worked on.
TEST_CASE("a claim that the database lost in a crash is made again and what was left of the first is dropped",
          "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.held.read")));
  put_ready(database, {.id = 1});
  auto options = quick_options();
  options.leases.run_lease = options.leases.renew_every = options.poll_every = std::chrono::hours{1};
  Rig rig{database, options};
  rig.tools.wait_held(1);
  database.run("DELETE FROM carillon.run_live");
  put_ready(database, {.id = 1});
  rig.bell.runs_ready(0, rig.clock.now() - std::chrono::seconds{2});
  rig.tools.wait_calls(2);
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(rig.tools.most_at_once() == 1);
  CHECK(outcome(database, 1) == "succeeded");
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("of the runs with one lock only one calls at a time and all of them run", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.held.read")));
  for (int i = 1; i <= 4; ++i) put_ready(database, {.id = i, .key = "'lock:reports'"});
  Rig rig{database};
  for (std::size_t i = 1; i <= 4; ++i) {
    rig.tools.wait_held(1);
    rig.tools.release();
    REQUIRE(rig.wait_ended(i));
  }
  CHECK(rig.tools.most_at_once() == 1);
}

TEST_CASE("at most max_parallel runs of a task call at once and all of them run", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.held.read")));
  for (int i = 1; i <= 6; ++i) put_ready(database, {.id = i, .key = "'task:1'", .key_width = 2});
  Rig rig{database};
  for (std::size_t i = 2; i <= 6; i += 2) {
    rig.tools.wait_held(2);
    rig.tools.release();
    REQUIRE(rig.wait_ended(i));
  }
  CHECK(rig.tools.most_at_once() == 2);
  CHECK(misplaced(database, 1, 6).empty());
}

TEST_CASE("a run that waited for the end of quiet hours has its whole deadline before it", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.read"), "manual", [](TaskDefinition& definition) {
             definition.deadline = std::chrono::minutes{1};
           }));
  put_ready(database, {.id = 1});
  database.run("UPDATE carillon.run_ready SET slot = now() - interval '8 h'");
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == "succeeded");
}

TEST_CASE("two workers on one database run a thousand runs exactly once each", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.destructive")));
  Ends both;
  auto options = quick_options();  // but no lease that a busy machine lets end in the middle of a call
  options.leases.run_lease = options.leases.shard_expiry = std::chrono::seconds{20};
  Rig one{database, both, options}, two{database, both, options};
  put_many_ready(database, 1, 1000, 1);
  REQUIRE(both.wait(1000));
  CHECK(database.ask("SELECT count(*) FROM carillon.run_history WHERE outcome = 'succeeded'") == "1000");
  std::set<std::string> keys;
  for (const Rig* rig : {&one, &two})
    for (const auto& call : rig->tools.calls()) keys.insert(call.idempotency_key);
  CHECK(keys.size() == 1000);
  CHECK(one.tools.calls().size() + two.tools.calls().size() == 1000);
  CHECK(misplaced(database, 1, 1000).empty());
}

TEST_CASE("stopping leaves a run that is still going to its lease and loses none", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.held.read")));
  put_ready(database, {.id = 1});
  {
    Rig rig{database};
    rig.tools.wait_held(1);
    rig.worker.stop(Duration{0});
    CHECK(database.ask("SELECT count(*) FROM carillon.shard_owner WHERE owner IS NOT NULL") == "0");
    CHECK(misplaced(database, 1, 1).empty());
    rig.tools.release();
  }
  Rig next{database, quick_options(), "next"};
  next.tools.wait_held(1);
  next.tools.release();
  REQUIRE(next.wait_ended(1));
  CHECK(outcome(database, 1) == "succeeded");
  CHECK(database.ask("SELECT attempt || ' ' || takeovers FROM carillon.run_history") == "2 1");
}

TEST_CASE("an end that cannot be written is written when the database is back", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.held.read")));
  put_ready(database, {.id = 1});
  auto options = quick_options();
  options.leases.run_lease = options.leases.shard_expiry = std::chrono::seconds{20};
  Rig rig{database, options};
  rig.tools.wait_held(1);
  database.run("ALTER TABLE carillon.run_history RENAME TO run_history_away");
  rig.tools.release();
  database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'carillon c%'");
  database.run("ALTER TABLE carillon.run_history_away RENAME TO run_history");
  REQUIRE(rig.wait_ended(1));
  CHECK(outcome(database, 1) == "succeeded");
  CHECK(rig.tools.calls().size() == 1);
}

TEST_CASE("results of any size and shape are stored and the rest of the batch with them", "[worker]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.odd")));
  put_task(database, 2, definition_of(tool_action("t.huge")));
  auto options = quick_options();
  options.executor.output_bytes_max = 10'000;
  Rig rig{database, options};
  rig.tools.answers["t.odd"] = json{{"text", std::string{"a\0b\xff", 4}}};
  rig.tools.answers["t.huge"] = json{{"text", std::string(100'000, 'x')}};
  put_ready(database, {.id = 1});
  put_ready(database, {.id = 2, .task = 2});
  rig.bell.runs_ready(0, rig.clock.now());
  REQUIRE(rig.wait_ended(2));
  CHECK(outcome(database, 1) == "succeeded");
  CHECK(database.ask("SELECT output_cut FROM carillon.run_history WHERE id = 2") == "t");
  CHECK(std::stoll(database.ask("SELECT output_bytes FROM carillon.run_history WHERE id = 2")) > 100'000);
}
