#include "server/store/approval_store.h"

#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::machine_now;

namespace {

struct ApprovalAsked {
  test::TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  TenantId mine{"default"};
  ApprovalKey key{RunId{7}, "ask", 1};

  template <class Work>
  auto with(Work work) {
    return store.in_tx(mine, [&](Tx& tx) {
      ApprovalStore approvals{tx};
      return work(approvals);
    });
  }

  ApprovalAsked() {
    with([&](ApprovalStore& approvals) {
      approvals.insert(mine,
                       {.key = key,
                        .message = "Deploy?",
                        .arguments = {{"tag", "v9"}},
                        .deciders = {"person", "agent:a"},
                        .quorum = 2},
                       machine_now());
      return true;
    });
  }
  std::vector<Approval> open() {
    return with([&](ApprovalStore& approvals) { return approvals.hold(mine, key.run); });
  }
  void vote(const char* who) {
    with([&](ApprovalStore& approvals) {
      approvals.vote(mine, key, {who, "person", "", machine_now()});
      return true;
    });
  }
};

}  // namespace

TEST_CASE("an approval is read as it was asked with a digest of its exact arguments", "[store][approval_store]") {
  ApprovalAsked asked;
  const auto open = asked.open();
  REQUIRE(open.size() == 1);
  CHECK(open[0].message == "Deploy?");
  CHECK(open[0].arguments == json{{"tag", "v9"}});
  CHECK(open[0].deciders == std::vector<std::string>{"person", "agent:a"});
  CHECK(open[0].quorum == 2);
  CHECK(open[0].expires_at == Instant::max());
  CHECK(open[0].on_reject == "fail");
  // printf '%s' '{"tag":"v9"}' | sha256sum
  CHECK(open[0].digest == "f11c2cd32cd9733b30525be9d60f4f66d84b00837e1f08d8011e2cf9c7a57551");
}

TEST_CASE("who votes second waits for who votes first and counts that voice", "[store][approval_store]") {
  ApprovalAsked asked;
  std::future<std::vector<Approval>> second;
  asked.with([&](ApprovalStore& approvals) {
    approvals.hold(asked.mine, asked.key.run);
    second = std::async(std::launch::async, [&] { return asked.open(); });
    CHECK(asked.database.comes_to_wait());
    approvals.vote(asked.mine, asked.key, {"anna", "person", "", machine_now()});
    return true;
  });
  CHECK(second.get().at(0).agreed == std::vector<std::string>{"anna"});
}

TEST_CASE("a voice counts once and a decision is made once", "[store][approval_store]") {
  ApprovalAsked asked;
  asked.vote("anna");
  asked.vote("anna");
  CHECK(asked.open().at(0).agreed == std::vector<std::string>{"anna"});
  asked.vote("bert");
  CHECK(asked.open().at(0).agreed.size() == 2);
  const auto decide = [&](const char* outcome) {
    return asked.with([&](ApprovalStore& approvals) {
      return approvals.decide(asked.mine, asked.key, {outcome, machine_now(), {"anna"}});
    });
  };
  CHECK(decide("approved"));
  CHECK_FALSE(decide("rejected"));
  CHECK(asked.open().empty());
  CHECK(asked.database.ask("SELECT outcome FROM carillon.approval") == "approved");
}

TEST_CASE("a link leads to what was asked and decides once", "[store][approval_store]") {
  ApprovalAsked asked;
  asked.with([&](ApprovalStore& approvals) {
    approvals.keep_link(asked.mine, {asked.key, "hash", "email:anna@example.com"}, machine_now());
    return true;
  });
  const auto link = [&] {
    return asked.store.across_tenants([&](Tx& tx) { return ApprovalStore{tx}.find_link("hash"); });
  };
  REQUIRE(link().has_value());
  CHECK(link()->tenant == asked.mine);
  CHECK(link()->holder == "email:anna@example.com");
  CHECK(link()->approval.arguments == json{{"tag", "v9"}});
  CHECK_FALSE(link()->used_at.has_value());
  const auto use = [&] {
    return asked.with([&](ApprovalStore& approvals) { return approvals.use_link(asked.mine, "hash", machine_now()); });
  };
  CHECK(use());
  CHECK_FALSE(use());
  CHECK(link()->used_at.has_value());
  asked.with([&](ApprovalStore& approvals) {
    return approvals.decide(asked.mine, asked.key, {"rejected", machine_now(), {"anna"}});
  });
  CHECK(link()->approval.outcome == "rejected");
  CHECK(link()->approval.decided_by == std::vector<std::string>{"anna"});
  CHECK_FALSE(asked.store.across_tenants([](Tx& tx) { return ApprovalStore{tx}.find_link("other"); }).has_value());
}
