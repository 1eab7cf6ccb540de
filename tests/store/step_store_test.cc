#include "server/store/step_store.h"

#include <nlohmann/json.hpp>

#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kLease;
using test::machine_now;
using test::put_ready;

TEST_CASE("the end of a step is written once and only for who leases the run", "[store][step_store]") {
  const test::TestDatabase database;
  test::Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  const RunLease lease = worker.claim(1).at(0).lease;
  Store store{database.urls(), PoolOptions{}};
  const TenantId mine{"default"};
  const StepEnd end{.output = {{"n", 1}}, .started_at = machine_now(), .finished_at = machine_now()};
  const auto insert = [&](const StepKey& step) {
    return store.in_tx(mine, [&](Tx& tx) { return StepStore{tx}.insert_end(mine, step, end); });
  };
  const StepKey step{lease, "one", "a[3].b", 2};
  for (const StepKey& strange :
       {StepKey{lease, "two", "a[3].b", 2}, StepKey{{lease.id, lease.epoch + 1, 1}, "one", "a[3].b", 2},
        StepKey{{lease.id, lease.epoch, lease.attempt + 1}, "one", "a[3].b", 2}})
    CHECK_FALSE(insert(strange));
  CHECK_FALSE(store.in_tx(mine, [&](Tx& tx) { return StepStore{tx}.find_end(mine, step); }).has_value());
  CHECK(insert(step));
  CHECK_FALSE(insert(step));
  const auto found = store.in_tx(mine, [&](Tx& tx) { return StepStore{tx}.find_end(mine, step); });
  REQUIRE(found.has_value());
  CHECK(found->output == end.output);
  CHECK(database.ask(
            "SELECT step_path || ' ' || attempt || ' ' || state || ' ' || output_bytes FROM carillon.step_journal") ==
        "a[3].b 2 succeeded 7");
}

TEST_CASE("what a run takes over is read again as it was written", "[store][step_store]") {
  const test::TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  const TenantId mine{"default"};
  const Instant at = machine_now();
  std::vector<JournalEntry> rows(2);
  rows[0] = {
      .step_path = "good", .attempt = 2, .state = "succeeded", .tool = "s.t", .started_at = at, .finished_at = at};
  rows[0].output = R"({"n":1})";
  rows[0].output_bytes = 7;
  rows[1] = {.step_path = "bad", .attempt = 1, .state = "failed", .tool = "", .started_at = at + Duration{1}};
  rows[1].error_class = "timeout";
  rows[1].error_message = "slow";
  for (JournalEntry& row : rows) row.reused_from = RunId{4};
  store.in_tx(mine, [&](Tx& tx) { StepStore{tx}.insert_reused(mine, RunId{5}, rows); });
  const auto read = store.in_tx(mine, [&](Tx& tx) { return StepStore{tx}.journal(mine, RunId{5}); });
  REQUIRE(read.size() == 2);
  CHECK(read[0].step_path == "good");
  CHECK(read[0].attempt == 2);
  CHECK(read[0].tool == "s.t");
  CHECK(read[0].output == rows[0].output);
  CHECK(read[1].state == "failed");
  CHECK(read[1].error_class == "timeout");
  CHECK(read[1].error_message == "slow");
  CHECK_FALSE(read[1].finished_at.has_value());
  for (const JournalEntry& row : read) CHECK(row.reused_from == RunId{4});
}

TEST_CASE("effects of several runs are told once and items of a map as one", "[store][step_store]") {
  const test::TestDatabase database;
  database.run(
      "INSERT INTO carillon.effect_journal (run_id, step_path, attempt, tenant_id, tool, effect, input_sha256, "
      "  idempotency_key, outcome, started_at, duration, output_bytes) "
      "SELECT run, path, 1, tenant, 's.' || effect, effect, 'x', 'k', 'succeeded', now(), interval '1 s', 1 FROM "
      "(VALUES "
      "  (1, 'each[0].post', 'default', 'destructive'), (1, 'each[11].post', 'default', 'destructive'), "
      "  (2, 'each[1].post', 'default', 'destructive'), (2, 'put', 'default', 'idempotent'), "
      "  (1, 'look', 'default', 'read'), (1, 'put!undo', 'default', 'destructive'), (1, 'far', 'other', 'idempotent'), "
      "  (3, 'later', 'default', 'idempotent')) AS rows (run, path, tenant, effect)");
  Store store{database.urls(), PoolOptions{}};
  const TenantId mine{"default"};
  const auto effects = store.in_tx(mine, [&](Tx& tx) { return StepStore{tx}.effects(mine, {RunId{1}, RunId{2}}); });
  REQUIRE(effects.size() == 2);
  CHECK(effects[0].step == "each[].post");
  CHECK(effects[0].tool == "s.destructive");
  CHECK(effects[1].step == "put");
}

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
    return store.in_tx(mine, [&](Tx& tx) {
      StepStore steps{tx};
      return work(steps);
    });
  }
  bool begins(const StepKey& key) {
    const StepWait wait{
        .until = Instant::max(), .waits_for = "event go", .event_pattern = "go", .roots = {{"input", 1}}};
    return with([&](StepStore& steps) { return steps.insert_wait(mine, key, machine_now(), wait); });
  }
  WaitingStep waiting(int attempt = 1) const { return {.run = lease.id, .path = "done", .attempt = attempt}; }
  bool is_told(const WaitingStep& which) {
    return with([&](StepStore& steps) { return steps.tell(mine, which, {.output = {{"n", 7}}, .at = machine_now()}); }).has_value();
  }
  bool gives_up(const StepKey& key) {
    const WaitEnd end{.state = "failed", .error_class = "timeout", .message = "late", .at = machine_now()};
    return with([&](StepStore& steps) { return steps.end_wait(mine, key, end); });
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

TEST_CASE("a wait is written once and only for who leases the run", "[store][step_store]") {
  Waiting bench;
  for (const StepKey& strange :
       {StepKey{bench.lease, "two", "done", 1}, StepKey{{bench.lease.id, bench.lease.epoch + 1, 1}, "one", "done", 1},
        StepKey{{bench.lease.id, bench.lease.epoch, bench.lease.attempt + 1}, "one", "done", 1}})
    CHECK_FALSE(bench.begins(strange));
  CHECK(bench.begins(bench.step));
  CHECK_FALSE(bench.begins(bench.step));
  CHECK(bench.with([&](StepStore& steps) { return steps.patterns(bench.mine); }) == std::vector<std::string>{"go"});
  CHECK(bench.with([&](StepStore& steps) { return steps.find_end(bench.mine, bench.step); })->waits_until ==
        Instant::max());
  CHECK(bench.journal() == "done waiting");
}

TEST_CASE("a wait ends once whoever is first", "[store][step_store]") {
  Waiting bench;
  REQUIRE(bench.begins(bench.step));
  const WaitingStep step = bench.waiting();
  SECTION("told first") {
    CHECK(bench.is_told(step));
    CHECK_FALSE(bench.is_told(step));
    CHECK_FALSE(bench.gives_up(bench.step));
    CHECK(bench.journal() == "done succeeded");
    CHECK(bench.with([&](StepStore& steps) { return steps.find_end(bench.mine, bench.step); })->output ==
          json{{"n", 7}});
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

TEST_CASE("a step is told also while its run is queued again", "[store][step_store]") {
  Waiting bench;
  test::put_task(bench.database, 1, "{}");
  REQUIRE(bench.begins(bench.step));
  REQUIRE(bench.worker.path.hand_back({bench.lease}).size() == 1);
  const auto waiting = bench.with([&](StepStore& steps) { return steps.waiting(bench.mine, {"go"}); });
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].run == bench.lease.id);
  CHECK(bench.is_told(bench.waiting()));
  CHECK_FALSE(bench.is_told(bench.waiting()));
  CHECK(bench.journal() == "done succeeded");
  CHECK(bench.worker.claim(1).size() == 1);
}

TEST_CASE("a run that was told something while it was taken up does not rest", "[store][step_store]") {
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
