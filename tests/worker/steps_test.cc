// Runs of steps, as the worker performs them: what the planner says is tested in tests/domain/pipeline.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <pqxx/pqxx>
#include <set>

#include "tests/worker/steps_bench.h"

using namespace carillon;
using namespace carillon::test;

TEST_CASE("branches and items and choices run and what was left out is told", "[worker][steps]") {
  Bench bench;
  bench.put(R"([
    {"id": "both", "parallel": [{"id": "left", "uses": "t.left.read"}, {"id": "right", "uses": "t.right.read"}]},
    {"id": "each", "map": "${input.names}", "as": "name",
     "do": [{"id": "greet", "uses": "t.greet.read", "with": {"text": "${name} ${index}"}}]},
    {"id": "way", "switch": [{"if": "input.loud", "do": [{"id": "shout", "uses": "t.read"}]},
                             {"else": [{"id": "whisper", "uses": "t.whisper.read"}]}]},
    {"id": "never", "if": "input.loud", "uses": "t.read"}
  ])"_json,
            R"({"names": ["Ann", "Bob"], "loud": false})"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(bench.journal() ==
        "both.0.left 1 succeeded, both.1.right 1 succeeded, each[0].greet 1 succeeded, each[1].greet 1 succeeded, "
        "never 1 skipped, way.1.whisper 1 succeeded");
  const json each = bench.output().at("steps").at("each");
  CHECK(each.at("results").at(1).at("said").at("text") == "Bob 1");
  CHECK(each.at("failed").empty());
  CHECK(misplaced(bench.database, 1, 1).empty());
}

TEST_CASE("calls of one run are under way together and each has a key of its own", "[worker][steps]") {
  Bench bench;
  bench.put(
      R"([{"id": "all", "map": [1, 2, 3, 4], "max_parallel": 3, "do": [{"id": "one", "uses": "t.held.read"}]}])"_json);
  Rig rig{bench.database};
  rig.tools.wait_held(3);
  CHECK(rig.tools.calls().size() == 3);
  rig.tools.release();
  rig.tools.wait_held(1);
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(rig.tools.most_at_once() == 3);
  std::set<std::string> keys;
  for (const auto& call : rig.tools.calls()) keys.insert(call.idempotency_key);
  CHECK(keys == std::set<std::string>{"carillon-1-all[0].one", "carillon-1-all[1].one", "carillon-1-all[2].one",
                                      "carillon-1-all[3].one"});
}

TEST_CASE("a run that waits holds no lease and goes on with whichever worker is there", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "before", "uses": "t.before.read"}, {"id": "pause", "wait": "700ms"},
                {"id": "after", "uses": "t.after.read", "with": {"now": "${now}", "text": "${steps.before.said}"}}])"_json);
  {
    Rig first{bench.database};
    REQUIRE(bench.comes_to_wait());
    CHECK(bench.database.ask("SELECT lease_until = 'infinity' AND wake_at > now() - interval '1 min' AND "
                             "call_state = 'idle' FROM carillon.run_live") == "t");
    CHECK(bench.journal() == "before 1 succeeded, pause 1 waiting");
  }
  Rig second{bench.database, quick_options(), "second"};
  REQUIRE(second.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(tools_of(second) == std::vector<std::string>{"t.after.read"});
  CHECK(bench.journal() == "after 1 succeeded, before 1 succeeded, pause 1 succeeded");
  CHECK(bench.database.ask("SELECT min(finished_at - started_at) >= interval '700 ms' FROM carillon.step_journal "
                           "WHERE step_path = 'pause'") == "t");
  CHECK(misplaced(bench.database, 1, 1).empty());
}

TEST_CASE("what templates call now is the same before and after a wait", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "early", "uses": "t.read", "with": {"now": "${now}"}}, {"id": "pause", "wait": "50ms"},
                {"id": "late", "uses": "t.read", "with": {"now": "${now}"}}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  const json steps = bench.output().at("steps");
  CHECK(steps.at("early") == steps.at("late"));
}

TEST_CASE("a wait until a time that is past is over at once", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "pause", "wait": {"until": "${now-1h}"}}, {"id": "after", "uses": "t.read"}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(bench.journal() == "after 1 succeeded, pause 1 succeeded");
}

TEST_CASE("a step that will be repeated leaves what waits beside it alone", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "both", "join": "any", "fail_fast": false, "parallel": [
                  {"id": "poor", "uses": "t.lost.read", "retry": {"max_attempts": 2, "base": "20ms"}},
                  {"id": "pause", "wait": "400ms"}]}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(bench.journal() == "both.0.poor 1 retrying, both.0.poor 2 failed, both.1.pause 1 succeeded");
}

TEST_CASE("a step is repeated on the classes that its retry names", "[worker][steps]") {
  auto [step, journal] = GENERATE(table<std::string, std::string>({
      {R"({"uses": "t.failing", "retry": {"max_attempts": 3, "base": "10ms"}})", "a 1 failed"},
      {R"({"uses": "t.failing", "retry": {"max_attempts": 3, "base": "10ms", "on": ["tool_error"]}})",
       "a 1 retrying, a 2 retrying, a 3 failed"},
      {R"({"uses": "t.read", "expect": "said == 'never'", "retry": {"max_attempts": 2, "base": "10ms", "on": ["expect_failed"]}})",
       "a 1 retrying, a 2 failed"},
      {R"({"uses": "t.lost.read", "retry": {"max_attempts": 3, "base": "10ms", "not_on": ["timeout"]}})", "a 1 failed"},
      {R"({"uses": "t.lost.destructive", "retry": {"max_attempts": 3, "base": "10ms", "on": ["timeout"]}})",
       "a 1 unknown"},
  }));
  CAPTURE(step);
  Bench bench;
  json steps = json::array({json::parse(step)});
  steps[0]["id"] = "a";
  bench.put(steps);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.journal() == journal);
}

TEST_CASE("what succeeded is undone once and in reverse when the run fails", "[worker][steps]") {
  Bench bench;
  bench.put(
      R"([{"id": "a", "uses": "t.a.destructive", "undo": {"uses": "t.undo.a.destructive", "with": {"said": "${steps.a.said}"}}},
                {"id": "b", "uses": "t.b.destructive", "undo": {"uses": "t.undo.b.destructive", "with": {"why": "${error.class}"}}},
                {"id": "c", "uses": "t.failing"}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "failed tool_error");
  CHECK(tools_of(rig) == std::vector<std::string>{"t.a.destructive", "t.b.destructive", "t.failing",
                                                  "t.undo.b.destructive", "t.undo.a.destructive"});
  CHECK(rig.tools.calls().at(3).arguments == json{{"why", "tool_error"}});
  CHECK(bench.journal() == "a 1 succeeded, a!undo 1 succeeded, b 1 succeeded, b!undo 1 succeeded, c 1 failed");
}

TEST_CASE("an undo that fails is told and hides nothing", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.failing"}}, {"id": "b", "uses": "t.failing"}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "failed tool_error");
  CHECK(bench.database.ask("SELECT error_message LIKE 'step b: %; step a was not undone' FROM carillon.run_history") ==
        "t");
}

TEST_CASE("a result that is not as expected fails its step", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "with": {"n": 1}, "expect": "said.n == `1`"},
                {"id": "b", "uses": "t.read", "with": {"n": 2}, "expect": "said.n == `1`"}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "failed expect_failed");
  CHECK(bench.journal() == "a 1 succeeded, b 1 failed");
}

TEST_CASE("the losers of a race are cancelled", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "race", "join": "any", "parallel": [
                  {"id": "slow", "uses": "t.held.read"}, {"id": "pause", "wait": "1h"}, 
                  [{"id": "short", "wait": "50ms"}, {"id": "quick", "uses": "t.read"}]]}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(bench.journal() ==
        "race.0.slow 1 cancelled, race.1.pause 1 cancelled, race.2.quick 1 succeeded, race.2.short 1 succeeded");
}

TEST_CASE("a run whose deadline passes while it waits fails", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.read"}}, {"id": "pause", "wait": "1h"}])"_json,
            json::object(), [](TaskDefinition& definition) { definition.deadline = std::chrono::milliseconds{1500}; });
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "failed expired");
  CHECK(bench.journal() == "a 1 succeeded, a!undo 1 succeeded, pause 1 cancelled");
}

TEST_CASE("a run that waits is woken for its end", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "pause", "wait": "1h"}, {"id": "after", "uses": "t.read"}])"_json);
  Rig rig{bench.database};
  REQUIRE(bench.comes_to_wait());
  bench.database.run(
      "UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough', wake_at = '-infinity'");
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "cancelled cancelled");
  CHECK(bench.database.ask("SELECT reason FROM carillon.run_history") == "enough");
  CHECK(bench.journal() == "pause 1 cancelled");
}

TEST_CASE("a list whose time is up fails and its steps are cancelled", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "list", "timeout": "200ms", "sequence": [{"id": "pause", "wait": "1h"}], "on_error": "continue"},
                {"id": "after", "uses": "t.read"}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(bench.journal() == "after 1 succeeded, list 1 failed, list.pause 1 cancelled");
}

TEST_CASE("a step tells an event in the transaction that writes the step", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "tell", "event": {"type": "deploy.${input.env}", "payload": {"n": "${`1`}"}}},
                {"id": "after", "uses": "t.read", "with": {"event": "${steps.tell.event}"}}])"_json,
            {{"env", "prod"}});
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(rig.tools.calls().at(0).arguments == json{{"event", "deploy.prod"}});
  CHECK(bench.database.ask("SELECT event_type || ' ' || convert_from(payload, 'UTF8') || ' ' || source "
                           "FROM carillon.event") == R"(deploy.prod {"n":1} agent:owner)");
  CHECK(bench.journal() == "after 1 succeeded, tell 1 succeeded");
}

TEST_CASE("steps share values and take turns", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "turn", "state": {"op": "acquire", "key": "door", "ttl": "1m"}},
                {"id": "count", "map": [1, 2, 3], "do": [
                  {"id": "one", "state": {"op": "increment", "key": "n", "value": "${item}"}}]},
                {"id": "keep", "state": {"op": "set", "key": "door", "value": {"open": true}, "if_version": "${steps.turn.fencing}"}},
                {"id": "leave", "state": {"op": "release", "key": "door", "if_version": "${steps.turn.fencing}"}},
                {"id": "read", "state": {"op": "get", "key": "n"}},
                {"id": "tell", "uses": "t.read", "with": {"n": "${steps.read.value}"}}])"_json);
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(rig.tools.calls().at(0).arguments == json{{"n", 6}});
}

TEST_CASE("a step waits its turn by its retry and fails where there is none", "[worker][steps]") {
  Bench bench;
  auto [retry, outcome] = GENERATE(table<std::string, std::string>(
      {{R"({"max_attempts": 20, "backoff": "fixed", "base": "100ms"})", "succeeded"},
       {R"({"max_attempts": 20, "base": "100ms", "not_on": ["unavailable"]})", "failed unavailable"},
       {R"({"max_attempts": 1})", "failed unavailable"}}));
  json steps = R"([{"id": "turn", "state": {"op": "acquire", "key": "door", "ttl": "1m"}}])"_json;
  steps[0]["retry"] = json::parse(retry);
  bench.put(steps);
  bench.database.run(
      "INSERT INTO carillon.state_entry (tenant_id, namespace, key, last_number, fencing, holder, held_until, ends_at) "
      "VALUES ('default', 'default', 'door', 7, 7, 'somebody', now() + interval '2 s', now() + interval '2 s')");
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == outcome);
}

TEST_CASE("a wrong body of a step of our own fails it with its place", "[worker][steps]") {
  Bench bench;
  auto [step, place] = GENERATE(table<std::string, std::string>({
      {R"({"event": {"type": "${input.bad}"}})", "/event/type"},
      {R"({"state": {"op": "set", "key": "k", "value": 1, "if_version": "${'x'}"}})", "/state/if_version"},
      {R"({"state": {"op": "set", "key": "${`7`}", "value": 1}})", "/state/key"},
  }));
  json steps = json::array({json::parse(step)});
  steps[0]["id"] = "a";
  bench.put(steps, {{"bad", "no such..type"}});
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "failed invalid_arguments");
  const std::string told = bench.database.ask("SELECT error_message FROM carillon.run_history");
  CHECK(told.find("(at " + place + ")") != std::string::npos);
  CHECK(bench.database.ask("SELECT count(*) FROM carillon.event") == "0");
}

TEST_CASE("a run that takes over what an earlier one did goes on behind it", "[worker][steps]") {
  Bench bench;
  bench.put(R"([
    {"id": "first", "uses": "t.first.read", "undo": {"uses": "t.undo.read"}},
    {"id": "each", "map": ["x", "y"], "do": [{"id": "one", "uses": "t.one.read"}]},
    {"id": "poor", "uses": "t.poor.read", "on_error": "continue"},
    {"id": "last", "uses": "t.last.read", "with": {"first": "${steps.first.n}", "each": "${steps.each.results[1]}",
     "why": "${error.message}", "again": "${run.attempt}"}}])"_json);
  bench.database.run(
      "UPDATE carillon.run_ready SET retry = 2, number = 7; "
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at, "
      "  error_class, error_message, output, output_bytes, reused_from) "
      "VALUES (1, 'first', 1, 'default', 'succeeded', now() - interval '1 day', now() - interval '1 day', NULL, NULL, "
      "'{\"n\":5}', 7, 99),"
      "       (1, 'each', 1, 'default', 'succeeded', now() - interval '1 day', now() - interval '1 day', NULL, NULL, "
      "'{\"results\":[1,2],\"failed\":[]}', 7, 99),"
      "       (1, 'poor', 1, 'default', 'failed', now() - interval '1 day', now() - interval '1 day', 'timeout', 'too "
      "slow', NULL, 0, 99)");
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(tools_of(rig) == std::vector<std::string>{"t.last.read"});
  CHECK(rig.tools.calls().at(0).arguments == json{{"first", 5}, {"each", 2}, {"why", "too slow"}, {"again", 2}});
  CHECK(bench.output().at("steps").at("first") == json{{"n", 5}});
  CHECK(bench.journal() == "each 1 succeeded, first 1 succeeded, last 1 succeeded, poor 1 failed");
  CHECK(bench.database.ask("SELECT count(*) FROM carillon.step_journal WHERE reused_from = 99") == "3");
}

TEST_CASE("a step that was given up with its lease is performed although that lease is renewed later",
          "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "count", "state": {"op": "increment", "key": "n"}}])"_json);
  // Neither is the step performed nor the lease renewed, for longer than it lasts; nobody looks for leases meanwhile.
  bench.database.run(R"(
    CREATE FUNCTION carillon.away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'away'; END $$;
    CREATE TRIGGER away BEFORE UPDATE ON carillon.run_live FOR EACH ROW
      WHEN (OLD.heartbeat_at IS DISTINCT FROM NEW.heartbeat_at) EXECUTE FUNCTION carillon.away();
    CREATE TRIGGER away BEFORE INSERT ON carillon.state_entry FOR EACH ROW EXECUTE FUNCTION carillon.away();
    GRANT EXECUTE ON FUNCTION carillon.away() TO public)");
  WorkerOptions options = quick_options();
  options.leases.expire_every = std::chrono::seconds{4};
  Rig rig{bench.database, options};
  REQUIRE(bench.comes("EXISTS (SELECT FROM carillon.run_live WHERE lease_until < now() - interval '1 s')"));
  bench.database.run("DROP TRIGGER away ON carillon.run_live; DROP TRIGGER away ON carillon.state_entry");
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
  CHECK(bench.database.ask("SELECT takeovers FROM carillon.run_history") == "1");
}

TEST_CASE("what was taken over is not undone by the run that fails behind it", "[worker][steps]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.a.read"}},
                {"id": "b", "uses": "t.read", "undo": {"uses": "t.undo.b.read"}}, {"id": "c", "uses": "t.failing"}])"_json);
  bench.database.run(
      "UPDATE carillon.run_ready SET retry = 2; "
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at, "
      "output, reused_from) "
      "VALUES (1, 'a', 1, 'default', 'succeeded', now(), now(), '1', 99)");
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "failed tool_error");
  CHECK(tools_of(rig) == std::vector<std::string>{"t.read", "t.failing", "t.undo.b.read"});
  CHECK(bench.database.ask("SELECT error_message LIKE '%; step a was not undone' FROM carillon.run_history") == "t");
}

// A cancel between what became of a step and the moment at which the planner hears of it.
TEST_CASE("a step that is asked to end while its news are written ends", "[worker][steps]") {
  const auto [steps, journal] = GENERATE(table<std::string, std::string>({
      {R"([{"id": "pause", "wait": "1h"}])", "pause 1 cancelled"},
      {R"([{"id": "both", "parallel": [{"id": "pause", "wait": "1h"}, {"id": "news", "signal": {"event": "x"}}]}])",
       "both.0.pause 1 cancelled, both.1.news 1 cancelled"},
      {R"([{"id": "a", "uses": "t.lost.read", "retry": {"max_attempts": 2, "base": "1h"}}])", "a 1 retrying"},
      {R"([{"id": "a", "uses": "t.read"}, {"id": "b", "uses": "t.read"}])", "a 1 succeeded"},
  }));
  CAPTURE(steps);
  Bench bench;
  WorkerOptions options = quick_options();
  options.leases.expire_every = std::chrono::seconds{60};  // but once at the start: it reads the table, too
  Rig rig{bench.database, options};
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  pqxx::connection connection{bench.database.urls().owner};
  std::optional<pqxx::work> reader{std::in_place, connection};
  reader->exec("LOCK TABLE carillon.effect_journal IN ACCESS EXCLUSIVE MODE");
  bench.put(json::parse(steps));
  REQUIRE(bench.comes(
      "EXISTS (SELECT FROM pg_locks WHERE relation = 'carillon.effect_journal'::regclass AND NOT granted)"));
  std::this_thread::sleep_for(std::chrono::milliseconds{200});  // what else has begun stands behind that
  bench.database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough'");
  rig.worker.cancel_requested(RunId{1});
  REQUIRE(bench.comes(kHeard));
  reader.reset();
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "cancelled cancelled");
  CHECK(bench.journal() == journal);
}
