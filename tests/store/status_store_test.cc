#include "server/store/status_store.h"

#include <catch2/catch.hpp>

#include "tests/support/queued_runs.h"
#include "tests/support/test_database.h"

using namespace carillon;
using carillon::test::TestDatabase;

namespace {
const TenantId kTenant{"default"};
}

TEST_CASE("the queue is counted by what is due", "[store][status_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  carillon::test::put_ready(database, {.id = 1, .run_at = "'2026-11-20T12:00:00Z'"});
  carillon::test::put_ready(database, {.id = 2, .run_at = "'2026-11-20T14:00:00Z'"});
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  store.in_tx(kTenant, [&](Tx& tx) {
    const QueueFacts queue = StatusStore{tx}.queue(kTenant, now);
    CHECK(queue.due == 1);
    CHECK(queue.later == 1);
    CHECK(*queue.oldest_due == *parse_rfc3339("2026-11-20T12:00:00Z"));
    CHECK(queue.shards_without_owner == 16);
    CHECK(StatusStore{tx}.queue(TenantId{"other"}, now).due == 0);
  });
}

TEST_CASE("the kill switch is thrown and released once", "[store][status_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  store.in_tx(kTenant, [&](Tx& tx) {
    StatusStore status{tx};
    CHECK_FALSE(status.dispatch_pause(kTenant).has_value());
    status.pause_dispatch(kTenant, {"a", "me", now, {}});
    status.pause_dispatch(kTenant, {"b", "me", now, now});
    CHECK(status.dispatch_pause(kTenant)->reason == "b");
    CHECK(status.ended_dispatch_pauses(now).size() == 1);
    CHECK(status.resume_dispatch(kTenant));
    CHECK_FALSE(status.resume_dispatch(kTenant));
  });
}
