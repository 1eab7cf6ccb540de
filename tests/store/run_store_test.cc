#include "server/store/run_store.h"

#include <catch2/catch.hpp>

#include "tests/support/queued_runs.h"
#include "tests/support/test_database.h"

using namespace carillon;
using carillon::test::TestDatabase;

namespace {
const TenantId kTenant{"default"};
const Instant kNow = *parse_rfc3339("2026-11-20T13:00:00Z");
}  // namespace

TEST_CASE("a queued run is cancelled where it lies and only once", "[store][run_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  carillon::test::put_task(database, 1, "{}");
  carillon::test::put_ready(database, {.id = 10, .task = 1, .payload = "'{}'"});
  store.in_tx(kTenant, [](Tx& tx) {
    RunStore runs{tx};
    const auto ready = runs.ready_of(kTenant, TaskId{1});
    REQUIRE(ready.size() == 1);
    CHECK_FALSE(runs.cancel_ready(TenantId{"other"}, ready[0], {.outcome = RunState::cancelled, .at = kNow}));
    CHECK(runs.cancel_ready(kTenant, ready[0], {.outcome = RunState::cancelled, .at = kNow, .reason = "why"}));
    CHECK_FALSE(runs.cancel_ready(kTenant, ready[0], {.outcome = RunState::cancelled, .at = kNow}));
    const auto run = runs.find(kTenant, RunId{10});
    CHECK(run->state == RunState::cancelled);
    CHECK(run->reason == "why");
    CHECK(runs.body(kTenant, RunId{10}).payload == "{}");
    CHECK(runs.body(kTenant, RunId{11}).payload.empty());
    CHECK_FALSE(runs.request_cancel(kTenant, RunId{10}, kNow, ""));
    CHECK_FALSE(
        runs.end_live(kTenant, RunId{10}, {RunState::running, "idle"}, {.outcome = RunState::cancelled, .at = kNow}));
  });
  CHECK(carillon::test::misplaced(database).empty());
}

TEST_CASE("a dedupe key is free again after its window", "[store][run_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  store.in_tx(kTenant, [](Tx& tx) {
    RunStore runs{tx};
    const DedupeKey key{"k", std::chrono::minutes{10}};
    CHECK(runs.take_dedupe(kTenant, key, RunId{1}, kNow));
    CHECK_FALSE(runs.take_dedupe(kTenant, key, RunId{2}, kNow + std::chrono::minutes{9}));
    CHECK(runs.take_dedupe(kTenant, key, RunId{3}, kNow + std::chrono::minutes{10}));
    CHECK(runs.take_dedupe(kTenant, {"other", std::chrono::minutes{1}}, RunId{4}, kNow));
  });
}
