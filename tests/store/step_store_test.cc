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
