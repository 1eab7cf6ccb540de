// Operations on the shared state: what they answer and leave behind, that each is done once, and taking keys away.
#include <thread>

#include "server/base/mask.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct WritingState : EngineFixture {
  Result<StateChanged> change(const std::string& key, StateChange wanted, const std::string& agent = "owner",
                              CommandKey command = {}) {
    return engine.set_state(caller(agent),
                            {.key = std::move(command), .entry = {.key = key}, .change = std::move(wanted)});
  }
  StateChanged changed(const std::string& key, StateChange wanted, const std::string& agent = "owner") {
    auto done = change(key, std::move(wanted), agent);
    if (!done) FAIL(done.error().message);
    return *done;
  }
  StateChanged set(const std::string& key, json value) { return changed(key, {.value = std::move(value)}); }
  Error refused(const std::string& key, StateChange wanted, const std::string& agent = "owner") {
    auto done = change(key, std::move(wanted), agent);
    REQUIRE_FALSE(done.ok());
    return done.error();
  }
  Result<ItemDeleted> remove(const std::string& key, bool hard = false) {
    return engine.delete_item(caller(), {.kind = "state", .name = key, .entry = {.key = key}, .hard = hard});
  }
  std::string value(const std::string& key) {
    const auto detail = engine.get_state(caller(), {.entry = {.key = key}, .value_bytes = 1'000});
    REQUIRE(detail.ok());
    return detail->entry.text;
  }
  std::string earlier(const std::string& key) {
    const auto detail = engine.get_state(caller(), {.entry = {.key = key}, .limit = 50, .earlier_bytes = 1'000});
    REQUIRE(detail.ok());
    std::string texts;
    for (const auto& each : detail->earlier) texts += each.text + " ";
    return texts;
  }
};

StateChange acquire(Duration ttl = 30min) { return {.op = StateOp::acquire, .ttl = ttl}; }

}  // namespace

TEST_CASE("each operation on the shared state answers what it made", "[engine][set_state]") {
  WritingState f;
  CHECK(f.set("k", {{"a", 1}}).version == 1);
  const auto short_lived = f.changed("t", {.value = "x", .ttl = 1h});
  CHECK(short_lived.expires_at == f.clock.now() + 1h);
  const auto counted = f.changed("n", {.op = StateOp::increment, .value = 5});
  CHECK(counted.value == 5);
  CHECK(counted.op == "increment");
  f.changed("list", {.op = StateOp::append, .value = "a"});
  CHECK(f.changed("list", {.op = StateOp::append, .value = "b"}).length == 2);
  const auto held = f.changed("k", acquire());
  CHECK(held.fencing == 2);
  CHECK(held.version == 1);
  CHECK(held.until == f.clock.now() + 30min);
  CHECK(held.zone == "Europe/Berlin");
  const auto released = f.changed("k", {.op = StateOp::release, .if_version = held.fencing});
  CHECK(released.fencing == 0);
  CHECK(released.until == f.clock.now());
}

TEST_CASE("of two agents one holds a key and the other is told who and until when", "[engine][set_state]") {
  WritingState f;
  const auto first = f.changed("repo/a/build", acquire(), "anna");
  const auto other = f.refused("repo/a/build", acquire(), "ben");
  CHECK(other.code == ErrorCode::conflict);
  CHECK(other.details["holder"] == "anna");
  CHECK(other.details["until"] == "Fri 2026-11-20 14:30 Europe/Berlin, in 30 min");
  CHECK(f.refused("repo/a/build", {.value = "mine"}, "ben").code == ErrorCode::conflict);
  f.clock.advance(30min);
  const auto second = f.changed("repo/a/build", acquire(), "ben");
  CHECK(second.fencing > first.fencing);
  const auto late = f.refused("repo/a/build", {.value = "late", .if_version = first.fencing}, "anna");
  CHECK(late.code == ErrorCode::version_conflict);
  CHECK(late.details["holder"] == "ben");
  CHECK(f.changed("repo/a/build", {.value = "done", .if_version = second.fencing}, "ben").version > second.fencing);
}

TEST_CASE("a change commits with its event and its audit row and neither says the value", "[engine][set_state]") {
  WritingState f;
  REQUIRE(f.change("k", {.value = "confidential"}, "anna", {.client_generated_id = "c-1"}).ok());
  CHECK(f.count("outbox WHERE event_type = 'state.changed' AND aggregate = 'state:default/k' AND agent_id = 'anna' "
                "AND client_generated_id = 'c-1'") == 1);
  const json told = json::parse(f.database.ask("SELECT convert_from(data, 'UTF8') FROM carillon.outbox"));
  CHECK(told == json{{"namespace", "default"}, {"key", "k"}, {"op", "set"}, {"version", 1}, {"by", "anna"}});
  CHECK(f.database.ask("SELECT action || ' ' || subject FROM carillon.audit") == "set_state state:default/k");
  CHECK(f.database.ask("SELECT string_agg(a::text, '') FROM carillon.audit a").find("confidential") ==
        std::string::npos);
}

TEST_CASE("a refused change leaves nothing behind", "[engine][set_state]") {
  WritingState f;
  CHECK(f.refused("k", {.value = 1, .if_version = 3}).code == ErrorCode::version_conflict);
  CHECK(f.refused("", {.value = 1}).pointer == "/key");
  CHECK(f.engine.set_state(f.caller(), {.entry = {.space = "", .key = "k"}, .change = {.value = 1}}).error().pointer ==
        "/namespace");
  for (const char* table : {"state_entry", "state_version", "outbox", "audit"}) CHECK(f.count(table) == 0);
}

TEST_CASE("a repeated client_generated_id counts once and gives the same lease", "[engine][set_state]") {
  WritingState f;
  const CommandKey counting{.client_generated_id = "c-1", .content = "n"};
  const CommandKey holding{.client_generated_id = "c-2", .content = "l"};
  for (int n = 0; n < 3; ++n) {
    const auto counted = f.change("n", {.op = StateOp::increment}, "owner", counting);
    REQUIRE(counted.ok());
    CHECK(counted->value == 1);
    const auto held = f.change("l", acquire(), "owner", holding);
    REQUIRE(held.ok());
    CHECK(held->fencing == 1);
    CHECK(held->until == f.at("2026-11-20T13:30:00Z"));
    f.clock.advance(1min);
  }
  CHECK(f.value("n") == "1");
  CHECK(f.change("n", {.op = StateOp::increment}, "owner", {.client_generated_id = "c-1", .content = "other"})
            .error()
            .code == ErrorCode::idempotency_mismatch);
}

TEST_CASE("counts of many threads through the engine lose none", "[engine][set_state][concurrency]") {
  WritingState f;
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 8; ++n)
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) done += f.change("n", {.op = StateOp::increment}).ok() ? 1 : 0;
      });
  }
  CHECK(done == 40);
  CHECK(f.value("n") == "40");
  CHECK(f.count("outbox WHERE event_type = 'state.changed'") == 40);
}

TEST_CASE("a secret that Carillon knows is not kept in the shared state", "[engine][set_state]") {
  WritingState f;
  register_secret("pa55-of-the-server");
  const auto told = f.set("k", {{"login", "Bearer pa55-of-the-server"}});
  forget_secret("pa55-of-the-server");
  REQUIRE(told.warnings.size() == 1);
  CHECK(f.value("k") == R"({"login":"Bearer [masked]"})");
  CHECK(f.set("k", "plain").warnings.empty());
}

TEST_CASE("what set replaces is kept for thirty days and no longer than it was to live", "[engine][set_state]") {
  WritingState f;
  f.set("k", "first");
  f.changed("k", {.value = "short", .ttl = 1h});
  f.set("k", "last");
  CHECK(f.earlier("k") == R"("short" "first" )");
  f.clock.advance(1h);
  CHECK(f.earlier("k") == R"("first" )");
  f.clock.advance(24h * 30);
  CHECK(f.earlier("k").empty());
  f.changed("n", {.op = StateOp::increment});
  f.changed("n", {.op = StateOp::increment});
  CHECK(f.earlier("n").empty());
}

TEST_CASE("the shared state of another tenant is another one", "[engine][set_state]") {
  WritingState f;
  f.set("k", "mine");
  const Caller other = f.caller("x", "elsewhere");
  CHECK(f.engine.get_state(other, {.entry = {.key = "k"}, .value_bytes = 10})->entry.version == 0);
  CHECK(f.engine.list_state(other, {})->entries.empty());
  CHECK(f.engine.set_state(other, {.entry = {.key = "k"}, .change = {.value = "theirs"}})->version == 1);
  CHECK(f.engine.delete_item(other, {.kind = "state", .name = "k", .entry = {.key = "k"}}).ok());
  CHECK(f.value("k") == R"("mine")");
}

TEST_CASE("a deleted key is nobody's and its value can be read for thirty days", "[engine][delete_item]") {
  WritingState f;
  f.set("k", "old");
  f.set("k", "new");
  const auto deleted = f.remove("k");
  REQUIRE(deleted.ok());
  CHECK(deleted->restorable_until == f.clock.now() + 24h * 30);
  CHECK(f.value("k").empty());
  CHECK(f.engine.list_state(f.caller(), {})->entries.empty());
  CHECK(f.earlier("k") == R"("new" "old" )");
  CHECK(f.database.ask("SELECT convert_from(data, 'UTF8')::json->>'op' FROM carillon.outbox ORDER BY sequence DESC "
                       "LIMIT 1") == "delete");
  CHECK(f.count("audit WHERE action = 'delete_item' AND subject = 'state:default/k'") == 1);
  CHECK(f.refused("k", {.value = 1, .if_version = 2}).code == ErrorCode::version_conflict);
  CHECK(f.changed("k", {.value = "again", .if_version = 0}).version == 3);
  f.changed("t", {.value = "x", .ttl = 1h});
  CHECK(f.remove("t")->restorable_until == f.clock.now() + 1h);
}

TEST_CASE("a key that is deleted for good takes its earlier values with it", "[engine][delete_item]") {
  WritingState f;
  f.set("k", "old");
  f.set("k", "new");
  f.set("other", 1);
  f.set("other", 2);
  REQUIRE(f.remove("k").ok());
  REQUIRE(f.remove("k", true).ok());  // of what was deleted before
  CHECK(f.earlier("k").empty());
  CHECK(f.earlier("other") == "1 ");
  f.set("k", "third");
  f.set("k", "fourth");
  const auto deleted = f.remove("k", true);
  REQUIRE(deleted.ok());
  CHECK_FALSE(deleted->restorable_until.has_value());
  CHECK(f.earlier("k").empty());
  CHECK(f.set("k", "fifth").version == 5);
}

TEST_CASE("what cannot be deleted from the shared state is refused with the reason", "[engine][delete_item]") {
  WritingState f;
  f.set("builds", 1);
  const auto unknown = f.remove("build").error();
  CHECK(unknown.code == ErrorCode::unknown_name);
  CHECK(unknown.pointer == "/name");
  CHECK(unknown.details["nearest"] == json{"builds"});
  CHECK(f.remove("build", true).error().code == ErrorCode::unknown_name);
  CHECK(f.remove("").error().pointer == "/name");
  f.changed("builds", acquire(), "anna");
  const auto held = f.remove("builds").error();
  CHECK(held.code == ErrorCode::conflict);
  CHECK(held.pointer == "/name");
  CHECK_THAT(held.details["until"].get<std::string>(), Catch::EndsWith("in 30 min"));
  CHECK(f.value("builds") == "1");
  const auto without =
      f.engine.delete_item(f.caller_without(Scope::state), {.kind = "state", .name = "k", .entry = {.key = "k"}});
  CHECK(without.error().code == ErrorCode::not_allowed);
  CHECK(without.error().details["scope"] == "state");
  CHECK(f.engine.delete_item(f.caller(), {.kind = "calendar", .name = "k"}).error().pointer == "/kind");
  CHECK(f.count("outbox WHERE event_type = 'state.changed'") == 2);
}
