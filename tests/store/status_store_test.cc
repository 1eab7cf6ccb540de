#include "server/store/status_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

// The queue as a tenant sees it so many minutes after kNow.
QueueFacts queue_at(RepositoryFixture& f, const TenantId& tenant, std::chrono::minutes minutes) {
  return f.store.in_tx(tenant, [&](Tx& tx) { return StatusStore{tx}.queue(tenant, kNow + minutes); });
}

}  // namespace

TEST_CASE("the queue is told apart into what is due and what comes later", "[store][status_store]") {
  RepositoryFixture f;
  CHECK_FALSE(queue_at(f, kMine, 0min).oldest_due);
  const TaskId task = f.task({.name = "a"});
  for (const std::int64_t minutes : {5, 1, 30}) f.queue(task, {.id = minutes});
  f.live(task, {.id = 2});
  f.ended(task, {.id = 3}, RunState::succeeded);

  const QueueFacts facts = queue_at(f, kMine, 5min);
  CHECK(facts.due == 2);
  CHECK(facts.later == 1);
  CHECK(facts.oldest_due == kNow + 1min);
  const QueueFacts before = queue_at(f, kMine, 0min);
  CHECK(before.due == 0);
  CHECK(before.later == 3);
  CHECK_FALSE(before.oldest_due);
}

TEST_CASE("another tenant's queue is not counted", "[store][status_store]") {
  RepositoryFixture f;
  f.queue(f.task({.name = "a"}), {.id = 1});
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return StatusStore{tx}.queue(tenant, kNow + 1h).due > 0; }));
}

TEST_CASE("a shard without an owner is one that nobody took or whose lease has ended", "[store][status_store]") {
  RepositoryFixture f;
  CHECK(queue_at(f, kMine, 0min).shards_without_owner == 16);
  f.database.run("UPDATE carillon.shard_owner SET owner = 'w', expires_at = 'infinity' WHERE shard < 10");
  f.database.run("UPDATE carillon.shard_owner SET expires_at = clock_timestamp() - interval '1 s' WHERE shard < 2");
  CHECK(queue_at(f, kMine, 0min).shards_without_owner == 8);
}

TEST_CASE("an agent is told when it asked the time before", "[store][status_store]") {
  RepositoryFixture f;
  const auto ask = [&](const TenantId& tenant, const std::string& agent, Instant now) {
    return f.store.in_tx(tenant, [&](Tx& tx) { return StatusStore{tx}.note_asked(tenant, AgentId{agent}, now).at; });
  };
  CHECK_FALSE(ask(kMine, "claude", kNow));
  CHECK(ask(kMine, "claude", kNow + 1h) == kNow);
  CHECK(ask(kMine, "claude", kNow + 2h) == kNow + 1h);
  CHECK_FALSE(ask(kMine, "cursor", kNow + 3h));
  CHECK_FALSE(ask(kTheirs, "claude", kNow + 3h));
  CHECK(ask(kMine, "claude", kNow + 4h) == kNow + 2h);
}

TEST_CASE("looking when an agent asked notes nothing", "[store][status_store]") {
  RepositoryFixture f;
  const auto looked = [&] { return f.mine([](Tx& tx) { return StatusStore{tx}.last_asked(kMine, AgentId{"a"}); }); };
  CHECK_FALSE(looked().at);
  CHECK_FALSE(looked().seen);
  const LastAsked asked = f.mine([](Tx& tx) { return StatusStore{tx}.note_asked(kMine, AgentId{"a"}, kNow); });
  CHECK(looked().at == kNow);
  CHECK(looked().seen == asked.seen_now);
  CHECK(looked().at == kNow);
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return StatusStore{tx}.last_asked(tenant, AgentId{"a"}).at.has_value(); }));
}

TEST_CASE("an end that is committed after the question is told at the next one and once", "[store][status_store]") {
  RepositoryFixture f;
  const TaskId task = f.task({.name = "a"});
  // How many failures each question is told.
  const auto ask = [&](Instant now) {
    return f.mine([&](Tx& tx) {
      const LastAsked last = StatusStore{tx}.note_asked(kMine, AgentId{"a"}, now);
      const EndsWanted wanted{last.at.value_or(kNow - 24h), last.seen, last.seen_now};
      const auto failed = RunStore{tx}.outcomes(kMine, wanted).failed;
      CHECK(RunStore{tx}.attention(kMine, wanted, 10).size() == static_cast<std::size_t>(failed));
      return failed;
    });
  };
  CHECK(ask(kNow + 1h) == 0);
  // It failed a minute before that question, and its worker wrote it only now.
  f.ended(task, {.id = 50}, RunState::failed, ErrorClass::timeout);
  CHECK(ask(kNow + 2h) == 1);
  CHECK(ask(kNow + 2h) == 0);
  // A clock that is ahead: stamped after the question that saw it.
  f.ended(task, {.id = 103}, RunState::failed, ErrorClass::timeout);
  CHECK(ask(kNow + 2h) == 1);
  CHECK(ask(kNow + 3h) == 0);
  // Stamped long before any question that is open: not news.
  f.ended(task, {.id = 85}, RunState::failed, ErrorClass::timeout);
  CHECK(ask(kNow + 4h) == 0);
}

TEST_CASE("transaction numbers that have wrapped are placed by the snapshot", "[store][status_store]") {
  RepositoryFixture f;
  const auto unseen = [&](const std::string& xid, const std::string& snapshot) {
    return f.database.ask("SELECT carillon.is_unseen('" + xid + "'::xid, '" + snapshot + "'::pg_snapshot)") == "t";
  };
  CHECK_FALSE(unseen("99", "100:110:105"));
  CHECK(unseen("105", "100:110:105"));
  CHECK_FALSE(unseen("106", "100:110:105"));
  CHECK(unseen("110", "100:110:105"));
  const std::string wrapped = "4294967300:4294967310:";  // the second epoch
  CHECK_FALSE(unseen("3", wrapped));
  CHECK_FALSE(unseen("4294967290", wrapped));
  CHECK(unseen("14", wrapped));
  CHECK(unseen("20", "4294967280:4294967290:"));  // behind the wrap that is still to come
  CHECK_FALSE(unseen("2", "5:10:"));              // frozen
}

TEST_CASE("the kill switch keeps what was said last and goes when it is taken back", "[store][status_store]") {
  RepositoryFixture f;
  const auto paused = [&] { return f.mine([](Tx& tx) { return StatusStore{tx}.dispatch_pause(kMine); }); };
  const auto pause = [&](const DispatchPauseRecord& record) {
    f.mine([&](Tx& tx) { StatusStore{tx}.pause_dispatch(kMine, record); });
  };
  const auto resume = [&] { return f.mine([](Tx& tx) { return StatusStore{tx}.resume_dispatch(kMine); }); };
  CHECK_FALSE(paused());
  CHECK_FALSE(resume());

  pause({"too loud", "owner", kNow});
  REQUIRE(paused());
  CHECK(paused()->reason == "too loud");
  CHECK(paused()->paused_by == "owner");
  CHECK(paused()->paused_at == kNow);
  CHECK_FALSE(paused()->until);

  pause({"still too loud", "claude", kNow + 1h, kNow + 2h});
  CHECK(paused()->reason == "still too loud");
  CHECK(paused()->paused_by == "claude");
  CHECK(paused()->paused_at == kNow + 1h);
  CHECK(paused()->until == kNow + 2h);

  CHECK(resume());
  CHECK_FALSE(paused());
}

TEST_CASE("another tenant neither sees nor lifts the kill switch", "[store][status_store]") {
  RepositoryFixture f;
  f.mine([](Tx& tx) { StatusStore{tx}.pause_dispatch(kMine, {"r", "owner", kNow}); });
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return StatusStore{tx}.dispatch_pause(tenant).has_value(); }));
  CHECK(f.only_for_its_owner([](Tx& tx, const TenantId& tenant) { return StatusStore{tx}.resume_dispatch(tenant); }));
}

TEST_CASE("kill switches that end by now are found for all tenants", "[store][status_store]") {
  RepositoryFixture f;
  const auto ended = [&](Instant now) {
    return f.store.across_tenants([&](Tx& tx) { return StatusStore{tx}.ended_dispatch_pauses(now); });
  };
  f.mine([](Tx& tx) { StatusStore{tx}.pause_dispatch(kMine, {"r", "owner", kNow}); });
  f.store.in_tx(kTheirs, [](Tx& tx) { StatusStore{tx}.pause_dispatch(kTheirs, {"r", "owner", kNow, kNow + 1h}); });
  CHECK(ended(kNow + 59min).empty());
  CHECK(ended(kNow + 1h) == std::vector<TenantId>{kTheirs});
  f.mine([](Tx& tx) { StatusStore{tx}.pause_dispatch(kMine, {"r", "owner", kNow, kNow + 2h}); });
  CHECK(ended(kNow + 3h).size() == 2);
}
