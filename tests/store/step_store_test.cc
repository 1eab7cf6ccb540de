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
