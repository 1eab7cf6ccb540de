#include "server/domain/work.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;
using namespace std::chrono_literals;

namespace {

Caller caller(const std::string& name, CallerKind kind = CallerKind::agent) {
  return {.tenant = TenantId{"default"},
          .agent = AgentId{name},
          .scopes = Scopes::all(),
          .correlation_id = "x",
          .zone = "UTC",
          .kind = kind};
}

}  // namespace

TEST_CASE("what an agent is asked is read with its data apart from its prompt", "[domain][work]") {
  const auto work = read_work(
      {{"name", "scout"}, {"prompt", "Review it."}, {"data", {{"diff", "-a +b"}}}, {"within", "2h"}}, "/agent");
  REQUIRE(work.ok());
  CHECK(work->agent == "scout");
  CHECK(work->prompt == "Review it.");
  CHECK(work->data["diff"] == "-a +b");
  CHECK(work->within == Duration{2h});
  CHECK(read_work({{"prompt", "x"}}, "")->agent.empty());
  CHECK(read_work({{"name", "a b"}, {"prompt", "x"}}, "/agent").error().pointer == "/agent/name");
  CHECK(read_work({{"prompt", json::object()}}, "/agent").error().pointer == "/agent/prompt");
  CHECK(read_work({{"prompt", "x"}, {"data", "text"}}, "/agent").error().pointer == "/agent/data");
  CHECK(read_work({{"prompt", "x"}, {"within", "soon"}}, "/agent").error().pointer == "/agent/within");
}

TEST_CASE("work that nobody could be given whole is refused", "[domain][work]") {
  CHECK(check_work({.prompt = std::string(kWorkBytesMax - 2, 'x')}, "/agent").ok());
  CHECK(check_work({.prompt = std::string("a\0b", 3)}, "/agent").error().pointer == "/agent/prompt");
  CHECK(check_work({.prompt = std::string(kWorkBytesMax + 1, 'x')}, "/agent").error().code == ErrorCode::too_large);
  const auto both = check_work({.prompt = std::string(20'000, 'x'), .data = {{"y", std::string(20'000, 'y')}}}, "");
  CHECK(both.error().pointer == "/data");
}

TEST_CASE("work is for the agent that is named or for any and always for a person", "[domain][work]") {
  CHECK(may_work(caller("scout"), "scout"));
  CHECK(may_work(caller("scout"), ""));
  CHECK_FALSE(may_work(caller("other"), "scout"));
  CHECK(may_work(caller("anna", CallerKind::person), "scout"));
  CHECK(whose("") == "any agent");
  CHECK(brief_work("scout", "do") == "agent scout: do");
  // 199 bytes, and a character of two that the limit would cut through.
  CHECK(brief_work("", std::string(199, 'x') + "üx") == "any agent: " + std::string(199, 'x') + "…");
}

TEST_CASE("a claim keeps others away until its end and not a moment longer", "[domain][work]") {
  const Instant end = Instant{} + 1h;
  const std::optional<Claim> claim{Claim{"scout", end}};
  CHECK(is_held(claim, end - Duration{1}));
  CHECK_FALSE(is_held(claim, end));
  CHECK_FALSE(is_held(std::nullopt, end));
  CHECK(is_anothers(claim, "other", end - Duration{1}));
  CHECK_FALSE(is_anothers(claim, "scout", end - Duration{1}));
  CHECK_FALSE(is_anothers(claim, "other", end));
}

TEST_CASE("names of agents are those that tokens are made for", "[domain][work]") {
  CHECK(is_agent_name("claude-3.5_b"));
  CHECK(is_agent_name(std::string(64, 'a')));
  CHECK_FALSE(is_agent_name(std::string(65, 'a')));
  CHECK_FALSE(is_agent_name(""));
  CHECK_FALSE(is_agent_name("agent:x"));
}
