// Addresses of tasks.
#include "server/store/webhook_store.h"

#include <catch2/catch.hpp>

#include "tests/support/test_database.h"

using namespace carillon;

namespace {

const TenantId kHookTenant{"default"};
const Instant kKeptAt = *parse_rfc3339("2026-11-20T13:00:00Z");

struct WebhookFixture {
  WebhookFixture() {
    for (const char* id : {"7", "8"}) {
      database.run(
          "INSERT INTO carillon.task (tenant_id, task_id, name, state, version, kind, action_kind, agent_id, zone,"
          " target_sha256, created_at, created_by, updated_at) VALUES ('default', " +
          std::string(id) + ", 'task-" + id +
          "', 'active', 1, 'webhook', 'message', 'owner', 'UTC', '', now(), 'owner', now())");
      database.run(
          "INSERT INTO carillon.schedule_state (tenant_id, task_id, shard, task_version, last_slot) VALUES "
          "('default', " +
          std::string(id) + ", 3, 1, now())");
    }
  }
  std::optional<std::string> keep(std::int64_t task) {
    return store.in_tx(kHookTenant, [&](Tx& tx) { return WebhookStore{tx}.keep(kHookTenant, TaskId{task}, kKeptAt); });
  }
  std::optional<std::string> of(std::int64_t task) {
    return store.in_tx(kHookTenant, [&](Tx& tx) { return WebhookStore{tx}.of(kHookTenant, TaskId{task}); });
  }
  std::optional<Webhook> find(const std::string& id) {
    return store.across_tenants([&](Tx& tx) { return WebhookStore{tx}.find(id); });
  }

  test::TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
};

}  // namespace

TEST_CASE("a task has one address of its own until it is taken away", "[store][webhook_store]") {
  WebhookFixture f;
  const auto first = f.keep(7);
  REQUIRE(first.has_value());
  CHECK(first->size() == 32);
  CHECK_FALSE(f.keep(7).has_value());
  CHECK(f.of(7) == first);
  CHECK(f.keep(8) != first);
  f.store.in_tx(kHookTenant, [&](Tx& tx) { WebhookStore{tx}.drop(kHookTenant, TaskId{7}); });
  CHECK_FALSE(f.of(7).has_value());
  CHECK(f.of(8).has_value());
  CHECK(f.keep(7) != first);
}

TEST_CASE("an address is found while its task can be started", "[store][webhook_store]") {
  WebhookFixture f;
  const std::string id = *f.keep(7);
  const auto found = f.find(id);
  REQUIRE(found.has_value());
  CHECK(found->tenant == kHookTenant);
  CHECK(found->task == TaskId{7});
  CHECK(found->task_name == "task-7");
  CHECK(found->shard == 3);
  CHECK_FALSE(f.find(id + "x").has_value());
  const auto [change, there] = GENERATE(
      table<std::string, bool>({{"state = 'paused'", true}, {"state = 'done'", false}, {"deleted_at = now()", false}}));
  f.database.run("UPDATE carillon.task SET " + change + " WHERE task_id = 7");
  INFO(change);
  CHECK(f.find(id).has_value() == there);
}

TEST_CASE("another tenant sees no address", "[store][webhook_store]") {
  WebhookFixture f;
  const std::string id = *f.keep(7);
  CHECK_FALSE(f.store.in_tx(TenantId{"other"}, [&](Tx& tx) { return WebhookStore{tx}.find(id); }).has_value());
}
