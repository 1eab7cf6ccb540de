// Whom tokens of agents stand for: the form, the database, and what is remembered of it.
#include "server/cli/agent_tokens.h"

#include <catch2/catch.hpp>

#include "server/base/mask.h"
#include "tests/support/installation.h"

namespace carillon::cli {
namespace {

using namespace std::chrono_literals;

struct Agents : test::Installation {
  static DatabaseUrls as_owner(DatabaseUrls urls) {
    urls.app = urls.owner;
    return urls;
  }
  Store owner_store{as_owner(database.urls()), PoolOptions{}};
  Engine owner{{owner_store, clock, tool_caller, worker, ids}, {}};
  Caller person{TenantId{"default"}, AgentId{"owner"}, Scopes::all(), "c", "", CallerKind::person};
  AgentTokens agents{engine, clock};

  AgentToken made(std::optional<Duration> lifetime = {}) {
    AgentToken token = new_agent_token();
    REQUIRE(owner
                .create_token(person, {.id = token.id,
                                       .sha256 = token.sha256,
                                       .agent = "claude",
                                       .scopes = {Scope::read, Scope::schedule},
                                       .lifetime = lifetime})
                .ok());
    return token;
  }
  transport::Denied refusal(const AgentToken& token) {
    const auto verdict = agents.look_up(token.text);
    REQUIRE(std::holds_alternative<transport::Denied>(verdict));
    return std::get<transport::Denied>(verdict);
  }
};

const transport::Principal kClaude{"default", "claude", {"read", "schedule"}, "agent"};

TEST_CASE("tokens differ and have a form of their own", "[cli][agent_tokens]") {
  const AgentToken one = new_agent_token(), other = new_agent_token();
  CHECK(one.text != other.text);
  CHECK(one.id != other.id);
  CHECK(one.text.size() == 82);
  CHECK(one.text.starts_with("carillon_" + one.id + "_"));
  CHECK(one.sha256.size() == 32);
  CHECK(is_agent_token(one.text));
  CHECK_FALSE(is_agent_token(""));
  CHECK_FALSE(is_agent_token(std::string(64, 'a')));
  CHECK_FALSE(is_agent_token(one.text + "a"));
  CHECK_FALSE(is_agent_token(one.text.substr(1)));
  std::string broken = one.text;
  broken.back() = 'g';
  CHECK_FALSE(is_agent_token(broken));
}

TEST_CASE("a token stands for its agent and is remembered for a moment", "[cli][agent_tokens]") {
  Agents here;
  const AgentToken token = here.made();
  CHECK_FALSE(here.agents.remembered(token.text).has_value());
  CHECK(std::get<transport::Principal>(here.agents.look_up(token.text)) == kClaude);
  CHECK(here.agents.remembered(token.text) == kClaude);
  CHECK_FALSE(here.agents.remembered(new_agent_token().text).has_value());
}

TEST_CASE("a token that is good is masked from then on", "[cli][agent_tokens]") {
  Agents here;
  const AgentToken token = here.made();
  here.agents.look_up(token.text);
  CHECK(mask_secrets("it says " + token.text) == "it says [masked]");
}

TEST_CASE("a token that ended or never was opens nothing and says why", "[cli][agent_tokens]") {
  Agents here;
  const AgentToken revoked = here.made(), expired = here.made(1h);
  CHECK(std::holds_alternative<transport::Principal>(here.agents.look_up(expired.text)));
  REQUIRE(here.owner.revoke_tokens(here.person, {.id = revoked.id}).ok());
  here.clock.advance(1h);
  // Also within the moment in which it is remembered.
  CHECK_FALSE(here.agents.remembered(expired.text).has_value());
  for (const auto& [token, why] :
       {std::pair{revoked, "was revoked"}, {expired, "has expired"}, {new_agent_token(), "nobody has this token"}}) {
    const auto denied = here.refusal(token);
    CHECK(denied.status == 401);
    CHECK(denied.challenge == "Bearer realm=\"carillon\", error=\"invalid_token\"");
    CHECK(denied.message.find(why) != std::string::npos);
    CHECK(denied.message.find(token.text) == std::string::npos);
  }
}

TEST_CASE("without the database nobody is let in and nobody is called wrong", "[cli][agent_tokens]") {
  Agents here;
  const AgentToken token = here.made();
  here.database.run("ALTER TABLE auth.credential RENAME TO away");
  const auto denied = here.refusal(token);
  CHECK(denied.status == 503);
  CHECK(denied.challenge.empty());
}

}  // namespace
}  // namespace carillon::cli
