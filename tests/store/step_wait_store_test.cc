#include "server/store/step_wait_store.h"

#include <nlohmann/json.hpp>

#include "server/store/step_store.h"
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kLease;
using test::machine_now;
using test::put_ready;

namespace {

struct Waiting {
  test::TestDatabase database;
  test::Worker worker{database, "one"};
  Store store{database.urls(), PoolOptions{}};
  TenantId mine{"default"};
  RunLease lease;
  StepKey step;

  Waiting() {
    worker.shards = worker.leases.take(16, kLease);
    put_ready(database, {.id = 1});
    lease = worker.claim(1).at(0).lease;
    step = {lease, "one", "done", 1};
  }
  template <class Work>
  auto with(Work work) {
    return store.in_tx(mine, [&](Tx& tx) { return work(tx); });
  }
  bool begins(const StepKey& key) {
    const StepWait wait{
        .until = Instant::max(), .waits_for = "event go", .event_pattern = "go", .roots = {{"input", 1}}};
    return with([&](Tx& tx) { return StepWaitStore{tx}.insert(mine, key, machine_now(), wait); });
  }
  WaitingStep waiting(int attempt = 1) const { return {.run = lease.id, .path = "done", .attempt = attempt}; }
  bool is_told(const WaitingStep& which) {
    return with([&](Tx& tx) {
             return StepWaitStore{tx}.tell(mine, which, {.output = {{"n", 7}}, .at = machine_now()});
           })
        .has_value();
  }
  bool gives_up(const StepKey& key) {
    const WaitEnd end{.state = "failed", .error_class = "timeout", .message = "late", .at = machine_now()};
    return with([&](Tx& tx) { return StepWaitStore{tx}.end(mine, key, end); });
  }
  std::size_t wakes() {
    const WakeOrder order{.shards = worker.shards, .now = machine_now(), .n_max = 10, .lease = kLease};
    return worker.path.wake(order).size();
  }
  std::string journal() {
    return database.ask("SELECT string_agg(step_path || ' ' || state, ', ') FROM carillon.step_journal");
  }
};

}  // namespace

TEST_CASE("a wait is written once and only for who leases the run", "[store][step_waits]") {
  Waiting bench;
  for (const StepKey& strange :
       {StepKey{bench.lease, "two", "done", 1}, StepKey{{bench.lease.id, bench.lease.epoch + 1, 1}, "one", "done", 1},
        StepKey{{bench.lease.id, bench.lease.epoch, bench.lease.attempt + 1}, "one", "done", 1}})
    CHECK_FALSE(bench.begins(strange));
  CHECK(bench.begins(bench.step));
  CHECK_FALSE(bench.begins(bench.step));
  CHECK(bench.with([&](Tx& tx) { return StepWaitStore{tx}.patterns(bench.mine); }) == std::vector<std::string>{"go"});
  CHECK(bench.with([&](Tx& tx) { return StepStore{tx}.find_end(bench.mine, bench.step); })->waits_until ==
        Instant::max());
  CHECK(bench.journal() == "done waiting");
}

TEST_CASE("a wait ends once whoever is first", "[store][step_waits]") {
  Waiting bench;
  REQUIRE(bench.begins(bench.step));
  const WaitingStep step = bench.waiting();
  SECTION("told first") {
    CHECK(bench.is_told(step));
    CHECK_FALSE(bench.is_told(step));
    CHECK_FALSE(bench.gives_up(bench.step));
    CHECK(bench.journal() == "done succeeded");
    CHECK(bench.with([&](Tx& tx) { return StepStore{tx}.find_end(bench.mine, bench.step); })->output == json{{"n", 7}});
  }
  SECTION("given up first") {
    CHECK_FALSE(bench.gives_up({bench.lease, "two", "done", 1}));
    CHECK(bench.gives_up(bench.step));
    CHECK_FALSE(bench.gives_up(bench.step));
    CHECK_FALSE(bench.is_told(step));
    CHECK(bench.journal() == "done failed");
  }
  SECTION("another attempt") {
    CHECK_FALSE(bench.is_told(bench.waiting(2)));
    CHECK(bench.journal() == "done waiting");
  }
  CHECK(bench.database.ask("SELECT count(*) FROM carillon.step_wait") ==
        (bench.journal() == "done waiting" ? "1" : "0"));
}

TEST_CASE("a step is told also while its run is queued again", "[store][step_waits]") {
  Waiting bench;
  test::put_task(bench.database, 1, "{}");
  REQUIRE(bench.begins(bench.step));
  REQUIRE(bench.worker.path.hand_back({bench.lease}).size() == 1);
  const auto waiting = bench.with([&](Tx& tx) { return StepWaitStore{tx}.waiting(bench.mine, {"go"}); });
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].run == bench.lease.id);
  CHECK(bench.is_told(bench.waiting()));
  CHECK_FALSE(bench.is_told(bench.waiting()));
  CHECK(bench.journal() == "done succeeded");
  CHECK(bench.worker.claim(1).size() == 1);
}

TEST_CASE("a run that was told something while it was taken up does not rest", "[store][step_waits]") {
  Waiting bench;
  REQUIRE(bench.begins(bench.step));
  bool is_told = false;
  SECTION("told while it was busy") { is_told = bench.is_told(bench.waiting()); }
  SECTION("told nothing") {}
  RunMark mark{.lease = bench.lease, .at = machine_now()};
  mark.wake_at = machine_now() + std::chrono::hours{1};
  REQUIRE(bench.worker.path.mark({mark}).size() == 1);
  CHECK(bench.wakes() == (is_told ? 1 : 0));
  if (is_told) return;
  CHECK(bench.is_told(bench.waiting()));
  CHECK(bench.wakes() == 1);
  CHECK(bench.database.ask("SELECT told FROM carillon.run_live") == "f");
}
