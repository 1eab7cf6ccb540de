#include "server/store/journal.h"

#include <catch2/catch.hpp>

#include "server/store/json_bytes.h"
#include "tests/support/test_database.h"

using namespace carillon;
using carillon::test::TestDatabase;

namespace {
const Instant kNow = *parse_rfc3339("2026-11-20T13:00:00Z");
const Caller kCaller{TenantId{"default"}, AgentId{"owner"}, Scopes::all(), "trace", ""};
}  // namespace

TEST_CASE("events and audit rows carry who caused them", "[store][journal]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  store.in_tx(kCaller.tenant, [](Tx& tx) {
    Outbox{tx}.append(kCaller, {"task.created", "task/1", {{"a", "\u0000"}}}, {"id", "cause", kNow});
    Audit{tx}.append(kCaller, {"schedule_task", "task/1", nullptr, {{"b", 1}}}, {{}, {}, kNow});
  });
  CHECK(database.ask(
            "SELECT count(*) FROM carillon.outbox WHERE event_type = 'task.created' AND aggregate = 'task/1' AND "
            "agent_id = 'owner' AND client_generated_id = 'id' AND causation_id = 'cause' AND correlation_id = 'trace' "
            "AND source = 'carillon/engine' AND schema_version = 1") == "1");
  CHECK(
      database.ask("SELECT count(*) FROM carillon.audit WHERE actor = 'owner' AND before IS NULL AND after IS NOT NULL "
                   "AND client_generated_id IS NULL") == "1");
}

TEST_CASE("a client_generated_id belongs to its tenant and its first content", "[store][journal]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  const IdempotencyKey key{"id", "run_now", "content"};
  store.in_tx(kCaller.tenant, [&](Tx& tx) {
    Idempotency kept{tx};
    CHECK_FALSE(kept.find(kCaller.tenant, key).has_value());
    CHECK(kept.claim(kCaller.tenant, key, kNow));
    CHECK_FALSE(kept.claim(kCaller.tenant, key, kNow));
    kept.keep_answer(kCaller.tenant, key, {{"run", "a#1"}});
    CHECK(kept.find(kCaller.tenant, key)->same);
    CHECK(kept.find(kCaller.tenant, key)->answer == json{{"run", "a#1"}});
    CHECK_FALSE(kept.find(kCaller.tenant, {"id", "run_now", "other"})->same);
    CHECK_FALSE(kept.find(kCaller.tenant, {"id", "cancel_run", "content"})->same);
  });
  store.in_tx(TenantId{"other"}, [&](Tx& tx) { CHECK(Idempotency{tx}.claim(TenantId{"other"}, key, kNow)); });
}

TEST_CASE("bytes that are no JSON read as discarded and never throw", "[store][json_bytes]") {
  CHECK(json_of(Bytes{"{"}).is_discarded());
  CHECK(json_of(bytes_of({{"a", 1}})) == json{{"a", 1}});
  CHECK_FALSE(bytes_of(json("\xff")).data.empty());
}
