// What is kept of events, and for how long.
#include "server/store/event_store.h"

#include <catch2/catch.hpp>

#include "server/store/retention.h"
#include "tests/support/test_database.h"

using namespace carillon;
using namespace std::chrono_literals;

namespace {

const TenantId kEventTenant{"default"};
const Instant kToldAt = *parse_rfc3339("2026-11-20T13:00:00.5Z");

struct EventFixture {
  test::TestDatabase database;
  Store store{database.urls(), PoolOptions{}};

  bool insert(std::int64_t id, const std::optional<std::string>& key, Instant at = kToldAt) {
    return store.in_tx(kEventTenant, [&](Tx& tx) {
      return EventStore{tx}.insert(kEventTenant, {.id = EventId{id},
                                                  .type = "deploy.finished",
                                                  .key = key,
                                                  .payload = R"({"env":"prod"})",
                                                  .source = "agent:owner",
                                                  .correlation_id = "c",
                                                  .at = at});
    });
  }
  void tell(std::int64_t id, std::int64_t task) {
    store.in_tx(kEventTenant, [&](Tx& tx) {
      EventStore{tx}.tell(kEventTenant, EventId{id}, {{TaskId{task}, "event", "matches", "event deploy.finished"}});
    });
  }
};

}  // namespace

TEST_CASE("an event with a key is written once and others as often as they are told", "[store][event_store]") {
  EventFixture f;
  CHECK(f.insert(1, "d-81"));
  CHECK_FALSE(f.insert(2, "d-81"));
  CHECK(f.insert(3, std::nullopt));
  CHECK(f.insert(4, std::nullopt));
  const auto found =
      f.store.in_tx(kEventTenant, [&](Tx& tx) { return EventStore{tx}.find(kEventTenant, "deploy.finished", "d-81"); });
  CHECK(found == EventId{1});
  CHECK(f.database.ask("SELECT string_agg(event_id::text, ',' ORDER BY event_id) FROM carillon.event") == "1,3,4");
}

TEST_CASE("one event is one cue of a task", "[store][event_store]") {
  EventFixture f;
  f.insert(1, std::nullopt);
  f.tell(1, 7);
  CHECK_THROWS(f.tell(1, 7));
  CHECK(f.database.ask("SELECT count(*) FROM carillon.cue") == "1");
}

TEST_CASE("what a run carries of an event is JSON whatever the event holds", "[store][event_store]") {
  EventFixture f;
  f.insert(9007199254740993, "a \"quoted\" {key}}");
  const json payload =
      json::parse(f.database.ask("SELECT convert_from(carillon.payload_of_event(e), 'UTF8') FROM carillon.event e"));
  CHECK(payload.at("event") == json{{"id", "9007199254740993"},
                                    {"type", "deploy.finished"},
                                    {"key", "a \"quoted\" {key}}"},
                                    {"source", "agent:owner"},
                                    {"at", "2026-11-20T13:00:00.500000Z"},
                                    {"payload", {{"env", "prod"}}}});
}

TEST_CASE("an old event is forgotten when no task has still to answer it", "[store][event_store]") {
  EventFixture f;
  f.database.run(
      "INSERT INTO carillon.task (tenant_id, task_id, name, state, version, kind, action_kind, agent_id, zone,"
      " target_sha256, created_at, created_by, updated_at) VALUES ('default', 7, 'a', 'active', 1, 'event', 'message',"
      " 'owner', 'UTC', '', now(), 'owner', now())");
  f.insert(1, "old", kToldAt - 31 * 24h);
  f.insert(2, "waiting", kToldAt - 31 * 24h);
  f.insert(3, "young", kToldAt - 29 * 24h);
  f.tell(2, 7);
  const auto sweep = [&] { Retention{f.store, RetentionOptions{}}.sweep(kToldAt); };
  const auto left = [&] {
    return f.database.ask("SELECT string_agg(event_key, ',' ORDER BY event_id) FROM carillon.event");
  };
  sweep();
  CHECK(left() == "waiting,young");
  f.database.run("DELETE FROM carillon.cue");
  sweep();
  CHECK(left() == "young");
}
