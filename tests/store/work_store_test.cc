#include "server/store/work_store.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/store/approval_store.h"
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using namespace std::chrono_literals;
using test::machine_now;

namespace {

struct WorkAsked {
  test::TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  TenantId mine{"default"};
  Instant now = machine_now();

  template <class Work>
  auto with(Work work) {
    return store.in_tx(mine, [&](Tx& tx) {
      WorkStore items{tx};
      return work(items);
    });
  }
  WorkKey ask(std::int64_t run, const std::string& agent) {
    database.run(
        "INSERT INTO carillon.run_live (id, shard, priority, run_at, tenant_id, task_id, task_version, number, retry, "
        "attempt, takeovers, origin, agent_id, correlation_id, folded, state, owner, epoch, lease_until, heartbeat_at) "
        "VALUES (" +
        std::to_string(run) +
        ", 1, 5, now(), 'default', 1, 1, 1, 1, 1, 0, 'run_now', 'owner', '', 0, 'running', 'one', 1, now(), now())");
    const WorkKey key{RunId{run}, "review", 1};
    with([&](WorkStore& items) {
      items.insert(mine, {.key = key,
                          .agent = agent,
                          .prompt = "Review it",
                          .data = {{"n", 1}},
                          .expect = "ok",
                          .expires_at = now + 1h,
                          .asked_at = now});
      return true;
    });
    return key;
  }
  void claim(const WorkKey& key, const std::optional<Claim>& claim) {
    with([&](WorkStore& items) {
      items.set_claim(mine, key, claim);
      return true;
    });
  }
  std::vector<RunId> awaiting(const Awaited& awaited) {
    return with([&](WorkStore& items) { return items.awaiting(mine, awaited, now); });
  }
};

Awaited of(const std::string& agent) { return {.agents = std::vector<std::string>{"", agent}, .claimant = agent}; }

}  // namespace

TEST_CASE("work is read as it was asked and ends once", "[store][work_store]") {
  WorkAsked asked;
  const WorkKey key = asked.ask(7, "scout");
  const auto open = asked.with([&](WorkStore& items) { return items.hold(asked.mine, key.run); });
  REQUIRE(open.size() == 1);
  CHECK(open[0].agent == "scout");
  CHECK(open[0].prompt == "Review it");
  CHECK(open[0].data == json{{"n", 1}});
  CHECK(open[0].expect == "ok");
  CHECK(open[0].expires_at == asked.now + 1h);
  CHECK_FALSE(open[0].claim);
  const auto end = [&](const WorkStore::End& how) {
    return asked.with([&](WorkStore& items) { return items.end(asked.mine, key, how); });
  };
  CHECK(end({.outcome = "answered", .at = asked.now, .by = "scout"}));
  CHECK_FALSE(end({.outcome = "expired", .at = asked.now}));
  CHECK(asked.with([&](WorkStore& items) { return items.open(asked.mine, key.run); }).empty());
  CHECK(asked.database.ask("SELECT outcome || ' by ' || answered_by FROM carillon.work_item") == "answered by scout");
}

TEST_CASE("a claim is kept with its end and can be given back", "[store][work_store]") {
  WorkAsked asked;
  const WorkKey key = asked.ask(7, "");
  asked.claim(key, Claim{"scout", asked.now + 15min});
  const auto held = asked.with([&](WorkStore& items) { return items.open(asked.mine, key.run).at(0).claim; });
  CHECK(held->by == "scout");
  CHECK(held->until == asked.now + 15min);
  asked.claim(key, std::nullopt);
  CHECK_FALSE(asked.with([&](WorkStore& items) { return items.open(asked.mine, key.run).at(0).claim; }));
}

TEST_CASE("runs are found by whom they wait for and what others have claimed waits for nobody else",
          "[store][work_store]") {
  WorkAsked asked;
  const WorkKey any = asked.ask(7, ""), scouts = asked.ask(8, "scout"), other = asked.ask(9, "other");
  CHECK(asked.awaiting(of("scout")) == std::vector{RunId{8}, RunId{7}});
  CHECK(asked.awaiting(of("other")) == std::vector{RunId{9}, RunId{7}});
  CHECK(asked.awaiting({.agents = std::nullopt}).size() == 3);
  asked.claim(any, Claim{"other", asked.now + 1min});
  CHECK(asked.awaiting(of("scout")) == std::vector{RunId{8}});
  CHECK(asked.awaiting(of("other")) == std::vector{RunId{9}, RunId{7}});
  asked.claim(any, Claim{"other", asked.now});
  CHECK(asked.awaiting(of("scout")).size() == 2);
  asked.database.run("DELETE FROM carillon.run_live WHERE id = 8");
  CHECK(asked.awaiting(of("scout")) == std::vector{RunId{7}});
}

TEST_CASE("runs are found by who may approve and by whether an event ends their wait", "[store][work_store]") {
  WorkAsked asked;
  asked.ask(7, "scout");
  asked.store.in_tx(asked.mine, [&](Tx& tx) {
    ApprovalStore{tx}.insert(
        asked.mine, {.key = {RunId{7}, "ask", 1}, .message = "Go?", .deciders = {"person", "agent:a"}}, asked.now);
  });
  CHECK(asked.awaiting({.deciders = std::vector<std::string>{"person"}}).size() == 1);
  CHECK(asked.awaiting({.deciders = std::vector<std::string>{"agent:a"}}).size() == 1);
  CHECK(asked.awaiting({.deciders = std::vector<std::string>{"agent:b"}}).empty());
  CHECK(asked.awaiting({.deciders = std::nullopt}).size() == 1);
  CHECK(asked.awaiting({.events = true}).empty());
  asked.database.run(
      "INSERT INTO carillon.step_wait (tenant_id, run_id, step_path, attempt, waits_for, event_pattern, roots) "
      "VALUES ('default', 7, 'done', 1, 'event x', 'x', '{}')");
  CHECK(asked.awaiting({.events = true}).size() == 1);
}
