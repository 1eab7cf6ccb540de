#include "server/domain/approval.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;

namespace {

Caller decider(const char* agent, CallerKind kind) {
  return {.tenant = TenantId{"default"},
          .agent = AgentId{agent},
          .scopes = Scopes::all(),
          .correlation_id = "",
          .zone = "",
          .kind = kind};
}

std::string refused(const json& more) {
  json body{{"message", "?"}};
  body.update(more);
  const auto read = read_approval(body, "/approval");
  return read ? "taken" : read.error().pointer;
}

}  // namespace

TEST_CASE("an approval asks a person unless it says whom", "[domain][approval]") {
  const auto plain = read_approval({{"message", "May I?"}}, "/approval");
  REQUIRE(plain.ok());
  CHECK(plain->by == std::vector<std::string>{"person"});
  CHECK(plain->quorum == 1);
  CHECK_FALSE(plain->within.has_value());
  CHECK(may_decide(decider("owner", CallerKind::person), plain->by));
  CHECK_FALSE(may_decide(decider("owner", CallerKind::agent), plain->by));
  CHECK_FALSE(may_decide(decider("hook", CallerKind::service), plain->by));
  const std::vector<std::string> named{"agent:scout"};
  CHECK(may_decide(decider("scout", CallerKind::agent), named));
  CHECK_FALSE(may_decide(decider("other", CallerKind::agent), named));
  CHECK_FALSE(may_decide(decider("scout", CallerKind::person), named));
}

TEST_CASE("what an approval has wrong is told with its place", "[domain][approval]") {
  CHECK(refused({{"by", {"person", "role:boss"}}}) == "/approval/by/1");
  CHECK(refused({{"by", {"agent:"}}}) == "/approval/by/0");
  CHECK(refused({{"by", {1}}}) == "/approval/by/0");
  CHECK(refused({{"by", json::array()}}) == "/approval/by");
  CHECK(refused({{"quorum", 0}}) == "/approval/quorum");
  CHECK(refused({{"quorum", "2"}}) == "/approval/quorum");
  CHECK(refused({{"by", {"agent:a", "agent:b"}}, {"quorum", 3}}) == "/approval/quorum");
  CHECK(refused({{"by", {"agent:a", "person"}}, {"quorum", 3}}) == "taken");
  CHECK(refused({{"on_expiry", "approve"}}) == "/approval/on_expiry");
  CHECK(refused({{"within", "1h"}, {"on_expiry", "approve"}}) == "taken");
  CHECK(refused({{"notify", {"desktop", "pigeon"}}}) == "/approval/notify/1");
  CHECK(refused({{"notify", {"session"}}}) == "/approval/notify/0");
  CHECK(refused({{"notify", {"desktop", "email:a@example.com"}}}) == "taken");
  CHECK(refused({{"notify", json(11, "desktop")}}) == "/approval/notify");
  CHECK(refused({{"escalate", {{"after", "2h"}}}}) == "/approval/escalate/to");
  CHECK(refused({{"escalate", {{"to", "desktop"}}}}) == "/approval/escalate/after");
  CHECK(refused({{"escalate", {{"after", "0s"}, {"to", "desktop"}}}}) == "/approval/escalate/after");
  CHECK(refused({{"escalate", {{"after", "2h"}, {"to", "agent:a"}}}}) == "/approval/escalate/to");
  CHECK(refused({{"escalate", {{"after", "2h"}, {"to", "desktop"}, {"by", "x"}}}}) == "/approval/escalate/by");
  CHECK(refused({{"within", "1h"}, {"escalate", {{"after", "2h"}, {"to", "desktop"}}}}) == "/approval/escalate/after");
  CHECK(refused({{"within", "3h"}, {"escalate", {{"after", "2h"}, {"to", "desktop"}}}}) == "taken");
}

TEST_CASE("a decision gives what was approved and nothing of what was not", "[domain][approval]") {
  const json arguments{{"items", {1, 2}}};
  const json good = result_of({.status = "approved", .by = {"anna"}, .at = Instant{}, .comment = "ok"}, arguments);
  CHECK(good["approved_items"] == json{1, 2});
  CHECK(good["by"] == json{"anna"});
  CHECK(result_of({.status = "rejected", .by = {"anna"}, .at = Instant{}}, arguments)["approved_items"].is_null());
  CHECK(result_of({.status = "approved", .by = {"anna"}, .at = Instant{}}, json::object())["approved_items"].is_null());
}
