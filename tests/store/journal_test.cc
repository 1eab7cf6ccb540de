#include "server/store/journal.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "server/store/json_bytes.h"
#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

const Caller kCaller{kMine, AgentId{"claude"}, Scopes::all(), "0af7651916cd43dd8448eb211c80319c", ""};
const Provenance kCommanded{"chat-7", "event-3", kNow};
const Provenance kUnasked{.at = kNow};

constexpr std::string_view kCommand = "schedule_task";
IdempotencyKey key(const std::string& content = "{\"name\":\"a\"}") { return {"chat-7", kCommand, content}; }

void append(RepositoryFixture& f, const Event& event, const Provenance& provenance) {
  f.mine([&](Tx& tx) { Outbox{tx}.append(kCaller, event, provenance); });
}
void append(RepositoryFixture& f, const AuditEntry& entry, const Provenance& provenance) {
  f.mine([&](Tx& tx) { Audit{tx}.append(kCaller, entry, provenance); });
}

// Whether a second transaction gets the key while a first one, which ends as `first` says, is using it.
bool second_gets_it(RepositoryFixture& f, const Result<Done>& first) {
  std::atomic<bool> second{false};
  std::thread other;
  const auto ended = f.mine([&](Tx& tx) -> Result<Done> {
    Idempotency{tx}.claim(kMine, key(), kNow);
    Idempotency{tx}.keep_answer(kMine, key(), {{"task", 1}});
    other = std::thread{[&] { second = f.mine([&](Tx& its) { return Idempotency{its}.claim(kMine, key(), kNow); }); }};
    CHECK(f.database.comes_to_wait());
    return first;
  });
  other.join();
  CHECK(ended.ok() == first.ok());
  return second;
}

}  // namespace

TEST_CASE("an event in the outbox says who caused what and why", "[store][journal]") {
  RepositoryFixture f;
  append(f, Event{"task.created", "task:123", {{"name", "h\u00e9llo"}, {"nul", std::string(1, '\0')}}}, kCommanded);
  const auto ask = [&](const std::string& column) {
    return f.database.ask("SELECT " + column + " FROM carillon.outbox WHERE aggregate = 'task:123'");
  };
  CHECK(ask("event_type") == "task.created");
  CHECK(ask("schema_version") == "1");
  CHECK(ask("tenant_id") == "default");
  CHECK(ask("agent_id") == "claude");
  CHECK(ask("client_generated_id") == "chat-7");
  CHECK(ask("correlation_id") == kCaller.correlation_id);
  CHECK(ask("causation_id") == "event-3");
  CHECK(ask("source") == "carillon/engine");
  CHECK(ask("\"timestamp\" = timestamptz '2026-11-20T00:00:00Z'") == "t");
  CHECK(json::parse(ask("convert_from(data, 'UTF8')")) == json{{"name", "h\u00e9llo"}, {"nul", std::string(1, '\0')}});

  append(f, Event{"task.run.queued", "run:456"}, kUnasked);
  CHECK(
      f.database.ask("SELECT count(*) FROM carillon.outbox WHERE aggregate = 'run:456' AND client_generated_id IS NULL "
                     "AND causation_id IS NULL AND convert_from(data, 'UTF8') = '{}'") == "1");
  CHECK(f.database.ask("SELECT string_agg(aggregate, ' ' ORDER BY sequence) FROM carillon.outbox") ==
        "task:123 run:456");
  CHECK(f.database.ask("SELECT count(DISTINCT event_id) FROM carillon.outbox") == "2");
}

TEST_CASE("an audit row says who did what and how the thing looked before and after", "[store][journal]") {
  RepositoryFixture f;
  append(f, AuditEntry{"update_task", "task:123", {{"priority", 5}}, {{"priority", 1}}}, kCommanded);
  const auto ask = [&](const std::string& column) {
    return f.database.ask("SELECT " + column + " FROM carillon.audit WHERE subject = 'task:123'");
  };
  CHECK(ask("actor") == "claude");
  CHECK(ask("actor_kind") == "agent");
  CHECK(ask("tenant_id") == "default");
  CHECK(ask("action") == "update_task");
  CHECK(json::parse(ask("convert_from(before, 'UTF8')")) == json{{"priority", 5}});
  CHECK(json::parse(ask("convert_from(after, 'UTF8')")) == json{{"priority", 1}});
  CHECK(ask("client_generated_id") == "chat-7");
  CHECK(ask("correlation_id") == kCaller.correlation_id);
  CHECK(ask("at = timestamptz '2026-11-20T00:00:00Z'") == "t");

  append(f, AuditEntry{"cancel_run", "run:456"}, kUnasked);
  CHECK(f.database.ask("SELECT count(*) FROM carillon.audit WHERE subject = 'run:456' AND before IS NULL "
                       "AND after IS NULL AND client_generated_id IS NULL") == "1");
}

TEST_CASE("what a command leaves behind goes when its transaction does", "[store][journal]") {
  RepositoryFixture f;
  const auto refused = f.mine([&](Tx& tx) -> Status {
    Outbox{tx}.append(kCaller, {"task.created", "task:123"}, kCommanded);
    Audit{tx}.append(kCaller, {"schedule_task", "task:123"}, kCommanded);
    Idempotency{tx}.claim(kMine, key(), kNow);
    return Error{ErrorCode::conflict, "no"};
  });
  CHECK_FALSE(refused.ok());
  CHECK(f.count("outbox") == "0");
  CHECK(f.count("audit") == "0");
  CHECK(f.count("idempotency") == "0");
}

TEST_CASE("the first answer is given again and other content is recognised", "[store][journal][idempotency]") {
  RepositoryFixture f;
  const auto find = [&](const IdempotencyKey& wanted) {
    return f.mine([&](Tx& tx) { return Idempotency{tx}.find(kMine, wanted); });
  };
  CHECK_FALSE(find(key()));
  f.mine([&](Tx& tx) {
    CHECK(Idempotency{tx}.claim(kMine, key(), kNow));
    CHECK_FALSE(Idempotency{tx}.claim(kMine, key(), kNow));
    Idempotency{tx}.keep_answer(kMine, key(), {{"task", 123}, {"outcome", "created"}});
  });
  CHECK_FALSE(f.mine([&](Tx& tx) { return Idempotency{tx}.claim(kMine, key(), kNow); }));

  const auto again = find(key());
  REQUIRE(again);
  CHECK(again->same);
  CHECK(again->answer == json{{"task", 123}, {"outcome", "created"}});

  const auto other_content = find(key("{\"name\":\"b\"}"));
  REQUIRE(other_content);
  CHECK_FALSE(other_content->same);
  const auto other_command = find({"chat-7", "update_task", key().content});
  REQUIRE(other_command);
  CHECK_FALSE(other_command->same);
  CHECK_FALSE(find({"chat-8", kCommand, key().content}));
}

TEST_CASE("of the content only a checksum is kept", "[store][journal][idempotency]") {
  RepositoryFixture f;
  f.mine([&](Tx& tx) { Idempotency{tx}.claim(kMine, key("the password is swordfish"), kNow); });
  CHECK(f.database.ask("SELECT octet_length(content_sha256) FROM carillon.idempotency") == "32");
  CHECK(f.database.ask("SELECT count(*) FROM carillon.idempotency i WHERE i::text LIKE '%' || "
                       "encode('swordfish', 'hex') || '%' OR i::text LIKE '%swordfish%'") == "0");
}

TEST_CASE("a key that is in use is waited for and free again when its transaction fails",
          "[store][journal][idempotency]") {
  SECTION("it commits") {
    RepositoryFixture f;
    CHECK_FALSE(second_gets_it(f, Done{}));
  }
  SECTION("it fails") {
    RepositoryFixture f;
    CHECK(second_gets_it(f, Error{ErrorCode::conflict, "no"}));
  }
}

TEST_CASE("another tenant has the same client generated id to itself", "[store][journal][idempotency]") {
  RepositoryFixture f;
  f.mine([&](Tx& tx) {
    Idempotency{tx}.claim(kMine, key(), kNow);
    Idempotency{tx}.keep_answer(kMine, key(), {{"task", 1}});
  });
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return Idempotency{tx}.find(tenant, key()).has_value(); }));
  CHECK(f.store.in_tx(kTheirs, [](Tx& tx) { return Idempotency{tx}.claim(kTheirs, key(), kNow); }));
}

TEST_CASE("bytes that are no JSON read as discarded and never throw", "[store][json_bytes]") {
  CHECK(json_of(Bytes{"{"}).is_discarded());
  CHECK(json_of(bytes_of({{"a", 1}})) == json{{"a", 1}});
  CHECK_FALSE(bytes_of(json("\xff")).data.empty());
}
