#include "server/store/delivery_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct Telling : RepositoryFixture {
  const TaskId echo = task({.name = "echo"});
  const Recipient owner{kMine, AgentId{"owner"}};

  void tells(const std::string& wish) {
    database.run("UPDATE carillon.task SET notify = '{session}', notify_on = '" + wish + "' WHERE name = 'echo'");
  }
  std::string planned() { return database.ask("SELECT count(*) FROM carillon.delivery"); }
  std::vector<TakenDelivery> take(Instant now, std::vector<Recipient> recipients) {
    return store.across_tenants([&](Tx& tx) {
      return DeliveryStore{tx}.take({"session", std::move(recipients), now, now + 30s, 10});
    });
  }
};

}  // namespace

TEST_CASE("the ends that a task wants to tell are planned and no others", "[store][delivery]") {
  struct Row {
    const char* wish;
    std::vector<RunState> ends;
    const char* planned;
  };
  using enum RunState;
  const auto row = GENERATE(values<Row>({
      {"failure", {succeeded, failed, unknown, missed, cancelled, skipped}, "3"},
      {"always", {succeeded, failed, unknown, missed, cancelled, skipped}, "5"},
      {"never", {succeeded, failed, unknown, missed}, "0"},
      {"change", {succeeded, succeeded, failed, failed, missed, succeeded, cancelled, succeeded}, "2"},
      {"change", {failed, unknown}, "1"},
  }));
  INFO(row.wish);
  Telling f;
  f.tells(row.wish);
  std::int64_t minutes = 0;
  for (const RunState end : row.ends) {
    const bool bad = end == failed || end == unknown;
    if (end == missed || end == skipped)
      f.mine([&](Tx& tx) {
        RunStore{tx}.insert_unstarted(kMine, {.id = run_id(++minutes),
                                              .task = f.echo,
                                              .task_version = 1,
                                              .number = minutes,
                                              .run_at = kNow,
                                              .finished_at = kNow,
                                              .origin = "schedule",
                                              .agent = AgentId{"owner"},
                                              .correlation_id = "c",
                                              .outcome = end,
                                              .reason = "r"});
      });
    else
      f.ended(f.echo, {.id = ++minutes}, end, bad ? std::optional{ErrorClass::timeout} : std::nullopt);
  }
  CHECK(f.planned() == row.planned);
}

TEST_CASE("a success whose output is another than before is a change", "[store][delivery]") {
  Telling f;
  f.tells("change");
  std::int64_t minutes = 0;
  const auto ends = [&](const char* output, RunState outcome = RunState::succeeded) {
    const RunId id = f.live(f.echo, {.id = ++minutes});
    const bool big = std::string{output} == "big";
    f.database.run("WITH l AS (DELETE FROM carillon.run_live WHERE id = " + id.str() +
                   " RETURNING *), o AS (INSERT INTO "
                   "carillon.run_output (run_id, tenant_id, output) SELECT id, tenant_id, convert_to('" +
                   output + "', 'UTF8') FROM l WHERE " + (big ? "true" : "false") +
                   ") INSERT INTO carillon.run_history (id, "
                   "tenant_id, task_id, task_version, number, retry, attempt, takeovers, folded, run_at, started_at, "
                   "finished_at, origin, agent_id, correlation_id, outcome, error_class, output) SELECT id, tenant_id, "
                   "task_id, task_version, number, retry, attempt, takeovers, folded, run_at, started_at, now(), "
                   "origin, agent_id, correlation_id, '" +
                   std::string{name_of(outcome)} + "', " + (outcome == RunState::failed ? "'timeout'" : "NULL") + ", " +
                   (big ? "NULL" : "convert_to('" + std::string{output} + "', 'UTF8')") + " FROM l");
    return f.planned();
  };
  CHECK(ends("a") == "0");  // nothing to compare it with
  CHECK(ends("a") == "0");
  CHECK(ends("b") == "1");
  CHECK(ends("big") == "2");
  CHECK(ends("big") == "2");
  CHECK(ends("", RunState::failed) == "3");
  CHECK(ends("big") == "4");  // well again
  CHECK(ends("c") == "5");
  CHECK(ends("c") == "5");
}

TEST_CASE("a sign-in that many runs lack is told once to each target until one of its tasks succeeds",
          "[store][delivery]") {
  Telling f;
  f.tells("failure");
  const TaskId other = f.task({.name = "other"});
  f.database.run("UPDATE carillon.task SET notify = '{session,desktop}', notify_on = 'failure' WHERE name = 'other'");
  std::int64_t minutes = 0;
  const auto lacks = [&](TaskId task, const std::string& server) {
    const std::string id = run_id(++minutes).str();
    f.database.run(
        "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
        "folded, run_at, started_at, finished_at, origin, agent_id, correlation_id, outcome, error_class, "
        "error_message) VALUES (" +
        id + ", 'default', " + task.str() + ", 1, " + id +
        ", 1, 1, 0, 0, '2026-11-20T13:00Z', '2026-11-20T13:00Z', '2026-11-20T13:00Z', 'run_now', 'owner', 'c', "
        "'failed', 'needs_sign_in', 'step " +
        id + ": server wants `carillon login " + server + "`')");
  };
  const auto told = [&] {
    return f.database.ask(
        "SELECT coalesce(string_agg(target, ' ' ORDER BY run_id, target), '') FROM carillon.delivery");
  };
  lacks(f.echo, "github");
  CHECK(told() == "session");
  lacks(f.echo, "github");
  CHECK(told() == "session");
  lacks(other, "github");
  CHECK(told() == "session desktop");  // the session has heard of it
  lacks(other, "gitlab");
  CHECK(told() == "session desktop desktop session");
  f.ended(f.echo, {.id = ++minutes}, RunState::succeeded);
  lacks(f.echo, "github");
  CHECK(told() == "session desktop desktop session session");
  f.tells("always");
  lacks(f.echo, "github");
  CHECK(told() == "session desktop desktop session session session");
}

TEST_CASE("a task without targets plans nothing beside one that has some", "[store][delivery]") {
  Telling f;
  f.tells("always");
  const TaskId quiet = f.task({.name = "quiet"});
  f.ended(quiet, {.id = 1}, RunState::failed, ErrorClass::timeout);
  CHECK(f.planned() == "0");
  f.ended(f.echo, {.id = 2}, RunState::failed, ErrorClass::timeout);
  CHECK(f.planned() == "1");
}

TEST_CASE("an end that is rolled back plans nothing", "[store][delivery]") {
  Telling f;
  f.tells("always");
  const RunId run = f.live(f.echo, {.id = 1});
  CHECK_THROWS(f.mine([&](Tx& tx) {
    RunStore{tx}.end_live(kMine, run, {RunState::running, "idle"}, {.outcome = RunState::succeeded, .at = kNow});
    throw std::runtime_error{"changed my mind"};
  }));
  CHECK(f.planned() == "0");
}

TEST_CASE("a delivery is taken by one and due again when its deliverer dies", "[store][delivery]") {
  Telling f;
  f.tells("always");
  const RunId run = f.ended(f.echo, {.id = 1}, RunState::failed, ErrorClass::timeout);
  const Instant now = kNow + 1h;
  CHECK(f.take(now, {{kMine, AgentId{"somebody"}}}).empty());
  CHECK(f.take(now, {{kTheirs, AgentId{"owner"}}}).empty());
  const auto taken = f.take(now, {f.owner});
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].key.run == run);
  CHECK(taken[0].key.target == "session");
  CHECK(taken[0].attempts == 1);
  CHECK(f.take(now + 29s, {f.owner}).empty());
  CHECK(f.take(now + 30s, {f.owner}).at(0).attempts == 2);

  f.store.across_tenants([&](Tx& tx) { DeliveryStore{tx}.release(taken[0].key, now + 40s); });
  CHECK(f.take(now + 40s, {f.owner}).at(0).attempts == 2);
  f.store.across_tenants([&](Tx& tx) { DeliveryStore{tx}.settle(taken[0].key, {DeliveryState::sent, "", now + 41s}); });
  CHECK(f.take(now + 2h, {f.owner}).empty());
  const auto records = f.mine([&](Tx& tx) { return DeliveryStore{tx}.of_run(kMine, run); });
  REQUIRE(records.size() == 1);
  CHECK(records[0].state == "sent");
  CHECK(records[0].settled_at == now + 41s);
  const auto sent_since = [&](Instant since) {
    return f.store.across_tenants([&](Tx& tx) { return DeliveryStore{tx}.sent_since(f.owner, "session", since, 9); });
  };
  CHECK(sent_since(now).notices == 1);
  CHECK(sent_since(now).earliest == now + 41s);
  CHECK(sent_since(now + 41s).notices == 0);
  CHECK_FALSE(sent_since(now + 41s).earliest);
}

TEST_CASE("what was told together counts as one and what is held waits as held", "[store][delivery]") {
  Telling f;
  f.tells("always");
  for (const std::int64_t minute : {1, 2, 3}) f.ended(f.echo, {.id = minute}, RunState::succeeded);
  const Instant now = kNow + 1h;
  const auto taken = f.take(now, {f.owner});
  REQUIRE(taken.size() == 3);
  f.store.across_tenants([&](Tx& tx) {
    for (const auto& delivery : taken) DeliveryStore{tx}.hold(delivery.key, now + 5min);
  });
  CHECK(f.take(now + 4min, {f.owner}).empty());
  const auto held = f.take(now + 5min, {f.owner});
  REQUIRE(held.size() == 3);
  for (const auto& delivery : held) CHECK((delivery.held && delivery.attempts == 1));
  const auto sent_since = [&](int limit) {
    return f.store.across_tenants(
        [&](Tx& tx) { return DeliveryStore{tx}.sent_since(f.owner, "session", kNow, limit); });
  };
  f.store.across_tenants([&](Tx& tx) {
    DeliveryStore{tx}.settle_together({held[0].key, held[1].key}, {DeliveryState::sent, "", now + 6min});
  });
  CHECK(sent_since(9).notices == 1);
  f.store.across_tenants([&](Tx& tx) { DeliveryStore{tx}.settle(held[2].key, {DeliveryState::sent, "", now + 7min}); });
  CHECK(sent_since(9).notices == 2);
  CHECK(sent_since(9).earliest == now + 6min);
  CHECK(sent_since(1).earliest == now + 7min);
}

TEST_CASE("what was told of a run is its tenant's", "[store][delivery]") {
  Telling f;
  f.tells("always");
  const RunId run = f.ended(f.echo, {.id = 1}, RunState::succeeded);
  CHECK(f.only_for_its_owner(
      [&](Tx& tx, const TenantId& tenant) { return !DeliveryStore{tx}.of_run(tenant, run).empty(); }));
}

TEST_CASE("what was not delivered is its tenant's", "[store][delivery]") {
  Telling f;
  f.tells("always");
  f.ended(f.echo, {.id = 1}, RunState::succeeded);
  f.database.run("UPDATE carillon.delivery SET last_error = 'nobody is there'");
  CHECK(f.only_for_its_owner(
      [&](Tx& tx, const TenantId& tenant) { return DeliveryStore{tx}.undelivered(tenant, kNow, 5).total == 1; }));
}
