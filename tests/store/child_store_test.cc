#include "server/store/child_store.h"

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/store/step_wait_store.h"
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kLease;
using test::machine_now;
using test::put_ready;

namespace {

const TenantId kParents{"default"};

// Run 1 has a step that waits for run 2.
struct Bench {
  const test::TestDatabase database;
  test::Worker worker{database, "one"};
  Store store{database.urls(), PoolOptions{}};
  RunLease parent{}, child{};
  StepKey step{};

  template <class Work>
  auto with(Work work) {
    return store.in_tx(kParents, work);
  }

  Bench() {
    worker.shards = worker.leases.take(16, kLease);
    put_ready(database, {.id = 1});
    put_ready(database, {.id = 2});
    database.run("UPDATE carillon.run_ready SET origin = 'step' WHERE id = 2");
    for (const LeasedRun& run : worker.claim(2)) (run.lease.id == RunId{1} ? parent : child) = run.lease;
    step = {parent, "one", "sub", 1};
    with([&](Tx& tx) {
      StepWaitStore{tx}.insert(kParents, step, machine_now(), {.until = Instant::max(), .waits_for = "run sub#1"});
      ChildStore{tx}.insert(
          kParents, {.run = child.id, .handle = "sub#1", .parent = parent.id, .path = "sub", .root = parent.id});
      return 0;
    });
  }
  void rest() {
    RunMark mark;
    mark.lease = parent;
    mark.at = machine_now();
    mark.wake_at = Instant::max();
    REQUIRE(worker.path.mark({mark}).size() == 1);
  }
  void end_child(RunState state = RunState::succeeded) {
    Settlement end;
    end.lease = child;
    end.state = state;
    end.finished_at = end.run_at = machine_now();
    if (state == RunState::failed) end.error_class = "tool_error";
    REQUIRE(worker.path.settle({end}).size() == 1);
  }
  std::string parent_row() const {
    return database.ask(
        "SELECT state || ' ' || coalesce(wake_at::text, '') || ' ' || told FROM carillon.run_live WHERE id = 1");
  }
};

}  // namespace

TEST_CASE("the end of a child wakes the run that waits for it", "[store][child_store]") {
  Bench bench;
  bench.rest();
  CHECK(bench.parent_row() == "waiting infinity false");
  bench.end_child(GENERATE(RunState::succeeded, RunState::failed));
  CHECK(bench.parent_row() == "waiting -infinity true");
  CHECK(bench.with([&](Tx& tx) { return ChildStore{tx}.find(kParents, RunId{2}); })->has_ended);
  CHECK(bench.with([&](Tx& tx) { return ChildStore{tx}.open(kParents, RunId{1}); }).empty());
}

TEST_CASE("a child that goes back to the queue wakes nobody", "[store][child_store]") {
  Bench bench;
  bench.rest();
  bench.end_child(RunState::queued);
  CHECK(bench.parent_row() == "waiting infinity false");
}

TEST_CASE("a run whose child ends while it is about to rest is woken at once", "[store][child_store]") {
  Bench bench;
  bench.end_child();
  CHECK(bench.parent_row() == "running  true");
  bench.rest();
  CHECK(bench.parent_row() == "waiting -infinity true");
}

TEST_CASE("an attempt of a step has one child", "[store][child_store]") {
  Bench bench;
  CHECK_THROWS(bench.with([&](Tx& tx) {
    ChildStore{tx}.insert(kParents,
                          {.run = RunId{3}, .handle = "sub#2", .parent = RunId{1}, .path = "sub", .root = RunId{1}});
    return 0;
  }));
  bench.with([&](Tx& tx) {
    ChildStore{tx}.insert(
        kParents,
        {.run = RunId{3}, .handle = "sub#2", .parent = RunId{1}, .path = "sub", .attempt = 2, .root = RunId{1}});
    return 0;
  });
  CHECK(bench.with([&](Tx& tx) { return ChildStore{tx}.count(kParents, RunId{1}); }) == 2);
  CHECK(bench.with([&](Tx& tx) { return ChildStore{tx}.open(kParents, RunId{1}); }).size() == 2);
}

TEST_CASE("the step of a child ends once and only for who leases the run", "[store][child_store]") {
  Bench bench;
  const ChildStepEnd end{.state = "unknown", .at = machine_now(), .error_class = "unknown_outcome", .message = "lost"};
  const auto ends = [&](const StepKey& step) {
    return bench.with([&](Tx& tx) { return ChildStore{tx}.end_step(kParents, step, end); });
  };
  StepKey strange = bench.step;
  strange.owner = "two";
  CHECK_FALSE(ends(strange));
  CHECK(ends(bench.step));
  CHECK_FALSE(ends(bench.step));
  CHECK(bench.database.ask("SELECT concat_ws(' ', state, error_class, error_message) FROM carillon.step_journal") ==
        "unknown unknown_outcome lost");
  CHECK(bench.database.ask("SELECT count(*) FROM carillon.step_wait") == "0");
}

// The parent was not there when the end began, and found its child under way before the end was committed.
TEST_CASE("who looks at a child that is just ending waits for its end", "[store][child_store]") {
  Bench bench;
  std::thread ending;
  std::atomic<bool> has_ended{false};
  bench.with([&](Tx& tx) {
    const auto held = ChildStore{tx}.hold(kParents, bench.step);
    REQUIRE_FALSE(held->has_ended);
    ending = std::thread{[&] {
      bench.end_child();
      has_ended = true;
    }};
    CHECK(bench.database.comes_to_wait());  // for us, as long as we hold the row
    CHECK_FALSE(has_ended);
    return 0;
  });
  ending.join();
  CHECK(has_ended);
  CHECK(bench.with([&](Tx& tx) { return ChildStore{tx}.hold(kParents, bench.step); })->has_ended);
}

TEST_CASE("children whose parents have ended without them are found until their end is asked for",
          "[store][child_store]") {
  Bench bench;
  const auto orphans = [&] { return bench.store.across_tenants([](Tx& tx) { return ChildStore{tx}.orphans(10); }); };
  CHECK(orphans().empty());
  Settlement end;
  end.lease = bench.parent;
  end.state = RunState::unknown;
  end.finished_at = end.run_at = machine_now();
  end.error_class = "unknown_outcome";
  REQUIRE(bench.worker.path.settle({end}).size() == 1);
  REQUIRE(orphans().size() == 1);
  CHECK(orphans()[0].second == RunId{2});
  bench.database.run("UPDATE carillon.run_live SET cancel_requested_at = now() WHERE id = 2");
  CHECK(orphans().empty());
}
