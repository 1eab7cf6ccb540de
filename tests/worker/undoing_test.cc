// Runs that end only when what they did is undone: because somebody asked for it, or their time is up.
#include <nlohmann/json.hpp>

#include "tests/worker/steps_bench.h"

using namespace carillon;
using namespace carillon::test;

namespace {

using Names = std::vector<std::string>;

constexpr auto kUndone =
    "UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough', undoes = true, "
    "wake_at = CASE WHEN state = 'waiting' THEN '-infinity'::timestamptz ELSE wake_at END";

std::string record_of(const Bench& bench) {
  return bench.database.ask(
      "SELECT concat_ws(' ', outcome, error_class, compensated, reason) FROM carillon.run_history");
}

// reserve, charge and ship, of which charge is held.
const json kOrder = R"([
  {"id": "reserve", "uses": "t.reserve.destructive", "undo": {"uses": "t.release.destructive"}},
  {"id": "charge", "uses": "t.held.charge.destructive", "undo": {"uses": "t.refund.destructive"}},
  {"id": "ship", "uses": "t.ship.destructive", "undo": {"uses": "t.unship.destructive"}}])"_json;

}  // namespace

TEST_CASE("a run that is to be undone ends what is under way and undoes it in reverse", "[worker][undoing]") {
  Bench bench;
  bench.put(kOrder);
  Rig rig{bench.database};
  rig.tools.wait_held(1);
  bench.database.run(kUndone);
  rig.worker.cancel_requested(RunId{1});
  // The worker has heard of it when a renewal has passed it on; nothing is cut off by that.
  REQUIRE(bench.comes(kHeard));
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(record_of(bench) == "cancelled cancelled t enough");
  CHECK(tools_of(rig) ==
        Names{"t.reserve.destructive", "t.held.charge.destructive", "t.refund.destructive", "t.release.destructive"});
  CHECK(bench.journal() ==
        "charge 1 succeeded, charge!undo 1 succeeded, reserve 1 succeeded, reserve!undo 1 succeeded");
}

TEST_CASE("a run that waits is woken to be undone", "[worker][undoing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.read"}}, {"id": "pause", "wait": "1h"}])"_json);
  Rig rig{bench.database};
  REQUIRE(bench.comes_to_wait());
  bench.database.run(kUndone);
  REQUIRE(rig.wait_ended(1));
  CHECK(record_of(bench) == "cancelled cancelled t enough");
  CHECK(bench.journal() == "a 1 succeeded, a!undo 1 succeeded, pause 1 cancelled");
}

TEST_CASE("a run that waits for another attempt is undone instead", "[worker][undoing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.read"}},
                {"id": "b", "uses": "t.lost.read", "retry": {"max_attempts": 2, "base": "1h"}}])"_json);
  Rig rig{bench.database};
  REQUIRE(bench.comes("EXISTS (SELECT FROM carillon.run_ready WHERE attempt = 2)"));
  bench.database.run(
      "UPDATE carillon.run_ready SET cancel_requested_at = now(), cancel_reason = 'enough', undoes = true, run_at = "
      "now()");
  REQUIRE(rig.wait_ended(1));
  CHECK(record_of(bench) == "cancelled cancelled t enough");
  CHECK(bench.journal() == "a 1 succeeded, a!undo 1 succeeded, b 1 retrying");
}

TEST_CASE("an undo that is repeated and one that waits keep their run alive", "[worker][undoing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"wait": "300ms"}},
                {"id": "b", "uses": "t.read", "undo": {"uses": "t.lost.read", "retry": {"max_attempts": 2, "base": "100ms"}}},
                {"id": "c", "uses": "t.held.read"}])"_json);
  Rig rig{bench.database};
  rig.tools.wait_held(1);
  bench.database.run(kUndone);
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(record_of(bench) == "cancelled cancelled f enough");
  CHECK(bench.journal() ==
        "a 1 succeeded, a!undo 1 succeeded, b 1 succeeded, b!undo 1 retrying, b!undo 2 failed, c 1 succeeded");
  CHECK(bench.database.ask("SELECT error_message LIKE '%; step b was not undone' FROM carillon.run_history") == "t");
}

// Where the worker is lost: in an undo that may be repeated, in one that may not, and before the first.
TEST_CASE("a worker that is lost while it undoes is followed by one that goes on", "[worker][undoing]") {
  const auto [undo, calls, journal, record] = GENERATE(table<std::string, Names, std::string, std::string>({
      {"t.held.refund.read",
       {"t.held.refund.read", "t.release.read"},
       "charge 1 succeeded, charge!undo 1 succeeded, reserve 1 succeeded, reserve!undo 1 succeeded, ship 1 succeeded",
       "cancelled cancelled t enough"},
      {"t.held.refund.destructive",
       {"t.release.read"},
       "charge 1 succeeded, charge!undo 1 unknown, reserve 1 succeeded, reserve!undo 1 succeeded, ship 1 succeeded",
       "cancelled cancelled f enough"},
  }));
  Bench bench;
  json steps =
      R"([{"id": "reserve", "uses": "t.read", "undo": {"uses": "t.release.read"}}, {"id": "charge", "uses": "t.read"},
                   {"id": "ship", "uses": "t.held.read"}])"_json;
  steps[1]["undo"] = {{"uses", undo}};
  bench.put(steps);
  {
    Rig first{bench.database};
    first.tools.wait_held(1);
    bench.database.run(kUndone);
    first.worker.cancel_requested(RunId{1});
    REQUIRE(bench.comes(kHeard));
    first.tools.release();
    first.tools.wait_held(1);
  }
  Rig second{bench.database, quick_options(), "second"};
  if (undo.ends_with(".read")) {
    second.tools.wait_held(1);
    second.tools.release();
  }
  REQUIRE(second.wait_ended(1));
  CHECK(record_of(bench) == record);
  CHECK(tools_of(second) == calls);
  CHECK(bench.journal() == journal);
  CHECK(misplaced(bench.database, 1, 1).empty());
}

TEST_CASE("a cancel does not cut off the undos of a run that has failed", "[worker][undoing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.a.read"}},
                {"id": "b", "uses": "t.read", "undo": {"uses": "t.held.undo.b.read"}}, {"id": "c", "uses": "t.failing"}])"_json);
  {
    Rig first{bench.database};
    first.tools.wait_held(1);
    CHECK(bench.database.ask("SELECT undoes FROM carillon.run_live") == "t");
    bench.database.run("UPDATE carillon.run_live SET cancel_requested_at = now()");
    first.worker.cancel_requested(RunId{1});
  }
  Rig second{bench.database, quick_options(), "second"};
  second.tools.wait_held(1);
  second.tools.release();
  REQUIRE(second.wait_ended(1));
  CHECK(record_of(bench) == "failed tool_error t");
  CHECK(tools_of(second) == Names{"t.held.undo.b.read", "t.undo.a.read"});
}

TEST_CASE("a run whose deadline has passed is undone although its worker is lost meanwhile", "[worker][undoing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.held.undo.read"}},
                {"id": "both", "parallel": [{"id": "pause", "wait": "1h"}, {"id": "news", "signal": {"event": "x"}}]}])"_json,
            json::object(), [](TaskDefinition& definition) { definition.deadline = std::chrono::seconds{4}; });
  {
    Rig first{bench.database};
    first.tools.wait_held(1);
  }
  Rig second{bench.database, quick_options(), "second"};
  second.tools.wait_held(1);
  second.tools.release();
  REQUIRE(second.wait_ended(1));
  CHECK(record_of(bench) == "failed expired t");
  CHECK(bench.journal() == "a 1 succeeded, a!undo 1 succeeded, both.0.pause 1 cancelled, both.1.news 1 cancelled");
}

TEST_CASE("a run that ends before it hears that it is to be undone is undone by the next worker", "[worker][undoing]") {
  Bench bench;
  bench.put(
      R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.read"}}, {"id": "b", "uses": "t.held.read"}])"_json);
  WorkerOptions deaf = quick_options();
  deaf.leases.run_lease = std::chrono::seconds{3};
  deaf.leases.renew_every = std::chrono::seconds{2};
  Rig rig{bench.database, deaf};
  rig.tools.wait_held(1);
  bench.database.run(kUndone);
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(record_of(bench) == "cancelled cancelled t enough");
  CHECK(bench.journal() == "a 1 succeeded, a!undo 1 succeeded, b 1 succeeded");
}

TEST_CASE("a run does not call itself undone when its journal tells of a step that it cannot place",
          "[worker][undoing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.read"}},
                {"id": "odd", "if": "`false`", "uses": "t.read", "undo": {"uses": "t.undo.read"}},
                {"id": "b", "uses": "t.failing"}])"_json);
  bench.database.run(
      "UPDATE carillon.run_ready SET attempt = 2; "
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at) "
      "VALUES (1, 'odd', 1, 'default', 'succeeded', now(), now())");
  Rig rig{bench.database};
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.database.ask("SELECT concat_ws(' ', outcome, compensated) FROM carillon.run_history") == "failed f");
  CHECK(bench.database.ask("SELECT error_message LIKE '%; step odd was not undone' FROM carillon.run_history") == "t");
}
