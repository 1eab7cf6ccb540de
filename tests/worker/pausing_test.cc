// Runs that somebody pauses while they are under way.
#include <nlohmann/json.hpp>

#include "tests/worker/steps_bench.h"

using namespace carillon;
using namespace carillon::test;

namespace {

using Names = std::vector<std::string>;

constexpr auto kPause = "UPDATE carillon.run_live SET paused_by = 'ann'";
constexpr auto kResume = "UPDATE carillon.run_live SET paused_by = NULL";

// The keeper passes it on with a renewal; the second one is behind it.
void pause_and_be_heard(const Bench& bench, Rig& rig) {
  bench.database.run(kPause);
  const std::string at = bench.database.ask("SELECT clock_timestamp()");
  rig.worker.cancel_requested(RunId{1});
  REQUIRE(bench.comes("coalesce((SELECT heartbeat_at > '" + at +
                      "'::timestamptz + interval '300 ms' FROM carillon.run_live), false)"));
}

}  // namespace

TEST_CASE("a paused run ends the step under way and begins none until it is resumed", "[worker][pausing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.held.a.read"}, {"id": "b", "uses": "t.b.read"}])"_json);
  {
    Rig first{bench.database};
    first.tools.wait_held(1);
    pause_and_be_heard(bench, first);
    first.tools.release();
    REQUIRE(bench.comes_to_wait());
    CHECK(bench.database.ask("SELECT lease_until = 'infinity' FROM carillon.run_live") == "t");
    CHECK(bench.journal() == "a 1 succeeded");
  }
  Rig second{bench.database, quick_options(), "second"};
  // It has looked around when it has done something else.
  put_task(bench.database, 2, definition_of(tool_action("t.read")));
  put_ready(bench.database, {.id = 2, .shard = 1, .task = 2});
  REQUIRE(second.wait_ended(1));
  CHECK(second.ended() == std::vector{RunId{2}});
  bench.database.run(kResume);
  second.worker.run_told(RunId{1}, 0);
  REQUIRE(second.wait_ended(2));
  CHECK(bench.outcome() == "succeeded");
  CHECK(tools_of(second) == Names{"t.read", "t.b.read"});
  CHECK(bench.journal() == "a 1 succeeded, b 1 succeeded");
}

TEST_CASE("a run is resumed while a step of it is still under way", "[worker][pausing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.held.a.read"}, {"id": "b", "uses": "t.b.read"}])"_json);
  Rig rig{bench.database};
  rig.tools.wait_held(1);
  pause_and_be_heard(bench, rig);
  bench.database.run(kResume);
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
}

TEST_CASE("a run that is resumed while it comes to rest goes on", "[worker][pausing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.held.a.read"}, {"id": "b", "uses": "t.b.read"}])"_json);
  WorkerOptions deaf = quick_options();
  deaf.leases.run_lease = std::chrono::seconds{20};
  deaf.leases.renew_every = std::chrono::seconds{10};
  Rig rig{bench.database, deaf};
  rig.tools.wait_held(1);
  bench.database.run(kPause);
  rig.worker.cancel_requested(RunId{1});
  REQUIRE(bench.comes("(SELECT heartbeat_at > started_at + interval '50 ms' FROM carillon.run_live)"));
  bench.database.run(kResume);  // nobody tells the worker
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "succeeded");
}

TEST_CASE("a paused run that fails undoes what it did", "[worker][pausing]") {
  Bench bench;
  bench.put(R"([{"id": "a", "uses": "t.read", "undo": {"uses": "t.undo.read"}},
                {"id": "b", "uses": "t.held.lost.read", "expect": "other"}])"_json);
  Rig rig{bench.database};
  rig.tools.wait_held(1);
  pause_and_be_heard(bench, rig);
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
  CHECK(bench.outcome() == "failed expect_failed");
  CHECK(bench.journal() == "a 1 succeeded, a!undo 1 succeeded, b 1 failed");
}
