#include "server/store/approval_grant_store.h"

#include <catch2/catch.hpp>

#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::machine_now;

TEST_CASE("nothing is granted for a run that is no more", "[store][approval_grant_store]") {
  const test::TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  const TenantId mine{"default"};
  const auto id = store.in_tx(mine, [&](Tx& tx) {
    return ApprovalGrantStore{tx}.insert(mine, {RunId{7}, "ask", 1}, {"anna", machine_now(), Instant::max()});
  });
  CHECK_FALSE(id.has_value());
  store.in_tx(mine, [&](Tx& tx) {
    ApprovalGrantStore grants{tx};
    CHECK(grants.fitting(mine, {RunId{7}, "ask", 1}, machine_now()).empty());
    CHECK(grants.list(mine, machine_now(), 10).empty());
    CHECK_FALSE(grants.revoke(mine, 1, "anna", machine_now()).has_value());
  });
}
