// Tokens of agents: who gets one, what the audit says of it, and what its end stops.
#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string>;

struct Tokens : EngineFixture {
  static DatabaseUrls as_owner(DatabaseUrls urls) {
    urls.app = urls.owner;
    return urls;
  }
  Store owner_store{as_owner(database.urls()), PoolOptions{}};
  Engine owner{{owner_store, clock, tools, worker, ids}, {.zone = "Europe/Berlin"}};
  Caller person = [this] {
    Caller caller = EngineFixture::caller();
    caller.kind = CallerKind::person;
    return caller;
  }();

  Result<TokenCreated> create(const std::string& id, const std::string& agent = "claude",
                              std::optional<Duration> lifetime = {}, Scopes scopes = {Scope::read}) {
    return owner.create_token(person,
                              {.id = id, .sha256 = hash(id), .agent = agent, .scopes = scopes, .lifetime = lifetime});
  }
  static std::string hash(const std::string& id) { return std::string(32 - id.size(), '.') + id; }
  Names paused_by(const RevokeTokens& command) {
    const auto done = owner.revoke_tokens(person, command);
    REQUIRE(done.ok());
    return done->paused;
  }
  void task_of(const std::string& agent, const std::string& name) {
    const json task{{"name", name}, {"when", "every 15m"}, {"message", "x"}};
    REQUIRE(schedule_as(caller(agent), task.dump()).ok());
  }
  std::string state_of(const std::string& task) {
    return database.ask("SELECT state FROM carillon.task WHERE name = '" + task + "'");
  }
};

}  // namespace

TEST_CASE("a token makes an agent known by its hash until it ends", "[engine][credentials]") {
  Tokens f;
  const auto made = f.create("one", "claude", 1h, {Scope::read, Scope::run});
  REQUIRE(made.ok());
  CHECK(made->expires_at == f.clock.now() + 1h);
  const auto found = f.engine.find_token(Tokens::hash("one"));
  REQUIRE(found.has_value());
  CHECK(found->agent.str() == "claude");
  CHECK(found->kind == CallerKind::agent);
  CHECK(found->scopes == Scopes{Scope::read, Scope::run});
  CHECK_FALSE(f.engine.find_token(Tokens::hash("two")).has_value());
  REQUIRE(f.owner.revoke_tokens(f.person, {.id = "one"}).ok());
  CHECK(f.engine.find_token(Tokens::hash("one"))->revoked_at == f.clock.now());
  CHECK(f.engine.list_tokens(f.person).size() == 1);
}

TEST_CASE("the audit says which person made and ended a token and never the token", "[engine][credentials]") {
  Tokens f;
  REQUIRE(f.create("one").ok());
  REQUIRE(f.owner.revoke_tokens(f.person, {.id = "one"}).ok());
  CHECK(f.count("audit WHERE subject = 'agent:claude' AND actor = 'owner' AND actor_kind = 'person'") == 2);
  CHECK(f.count("audit WHERE action = 'create_token' AND convert_from(after, 'UTF8') = "
                "'{\"scopes\":[\"read\"],\"token\":\"one\"}'") == 1);
  CHECK(f.count("audit WHERE action = 'revoke_tokens' AND convert_from(before, 'UTF8') = '{\"tokens\":[\"one\"]}'") ==
        1);
  // Repeated, it ends nothing and so leaves no row.
  REQUIRE(f.owner.revoke_tokens(f.person, {.id = "one"}).ok());
  CHECK(f.count("audit WHERE subject = 'agent:claude'") == 2);
}

TEST_CASE("what an agent does carries its name and kind in the audit", "[engine][credentials]") {
  Tokens f;
  f.task_of("claude", "mine");
  CHECK(f.count("audit WHERE action = 'schedule_task' AND actor = 'claude' AND actor_kind = 'agent'") == 1);
  CHECK(f.database.ask("SELECT agent_id || ' ' || created_by FROM carillon.task") == "claude claude");
}

TEST_CASE("only a name of an agent's own gets a token", "[engine][credentials]") {
  Tokens f;
  const auto [name, code] = GENERATE(table<std::string, ErrorCode>({
      {"", ErrorCode::arguments_invalid},
      {"a b", ErrorCode::arguments_invalid},
      {"a/b", ErrorCode::arguments_invalid},
      {std::string("a\0b", 3), ErrorCode::arguments_invalid},
      {std::string(65, 'a'), ErrorCode::arguments_invalid},
      {"owner", ErrorCode::name_taken},
      {"carillon", ErrorCode::name_taken},
      {"webhook", ErrorCode::name_taken},
  }));
  CAPTURE(name);
  const auto made = f.create("one", name);
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().code == code);
  CHECK(made.error().pointer == "/agent");
  CHECK(f.engine.list_tokens(f.person).empty());
}

TEST_CASE("a token without scopes or without time is refused", "[engine][credentials]") {
  Tokens f;
  CHECK(f.create("one", "claude", std::nullopt, Scopes{}).error().pointer == "/scopes");
  CHECK(f.create("one", "claude", Duration{0}).error().pointer == "/lifetime");
}

TEST_CASE("the tasks of an agent are paused with its last token and nobody else's", "[engine][credentials]") {
  Tokens f;
  REQUIRE(f.create("one").ok());
  REQUIRE(f.create("two").ok());
  REQUIRE(f.create("short", "claude", 1h).ok());
  REQUIRE(f.create("other", "bob").ok());
  f.task_of("claude", "hers");
  f.task_of("bob", "his");
  f.task_of("owner", "ours");
  f.clock.advance(2h);
  CHECK(f.paused_by({.id = "one"}).empty());
  CHECK(f.state_of("hers") == "active");
  // What is left has expired.
  CHECK(f.paused_by({.id = "two"}) == Names{"hers"});
  CHECK(f.state_of("hers") == "paused");
  CHECK(f.state_of("his") == "active");
  CHECK(f.state_of("ours") == "active");
  CHECK(f.count("schedule_state WHERE next_fire_at IS NULL") == 1);
  CHECK(f.database.ask("SELECT pause_reason || ', ' || paused_by FROM carillon.task WHERE name = 'hers'") ==
        "no token of claude counts any more, owner");
  CHECK(f.paused_by({.agent = "bob"}) == Names{"his"});
}

TEST_CASE("a token that nobody has is not ended silently", "[engine][credentials]") {
  Tokens f;
  REQUIRE(f.create("3f9a1c2e").ok());
  const auto by_id = f.owner.revoke_tokens(f.person, {.id = "3f9a1c2f"});
  REQUIRE_FALSE(by_id.ok());
  CHECK(by_id.error().details["nearest"] == json{"3f9a1c2e"});
  const auto by_agent = f.owner.revoke_tokens(f.person, {.agent = "clude"});
  REQUIRE_FALSE(by_agent.ok());
  CHECK(by_agent.error().details["nearest"] == json{"claude"});
  CHECK_FALSE(f.owner.revoke_tokens(f.caller("owner", "other"), {.id = "3f9a1c2e"}).ok());
}
