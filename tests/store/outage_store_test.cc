#include "server/store/outage_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

// An outage from 00:00 to 09:00 (kNow is midnight), and a task that tells of it.
struct Late : RepositoryFixture {
  const TaskId brief = task({.name = "brief"});
  const Instant back = kNow + 9h;

  explicit Late(const std::string& notify_on = "failure") {
    database.run(
        "INSERT INTO carillon.outage (began_at, ended_at, kind, told_by) VALUES ('2026-11-20T00:00:00Z', "
        "'2026-11-20T09:00:00Z', 'sleep', '2026-11-20T09:10:00Z')");
    tells("brief", notify_on);
  }
  void tells(const std::string& name, const std::string& notify_on) {
    database.run("UPDATE carillon.task SET notify = '{webhook:https://a.example/}', notify_on = '" + notify_on +
                 "' WHERE name = '" + name + "'");
  }
  // A slot of the clock, by its time of day, and its end.
  void ends(std::int64_t id, const std::string& outcome, const std::string& slot, const std::string& finished = "09:01",
            int folded = 0) {
    const bool ran = outcome == "succeeded" || outcome == "failed";
    const std::string day = "2026-11-20T";
    database.run(
        "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
        "slot, folded, run_at, started_at, finished_at, late_by, origin, agent_id, correlation_id, outcome, "
        "error_class, reason) VALUES (" +
        std::to_string(id) + ", 'default', " + brief.str() + ", 1, " + std::to_string(id) + ", 1, 1, 0, '" + day +
        slot + ":00Z', " + std::to_string(folded) + ", '" + day + slot + ":00Z', " +
        (ran ? "'" + day + finished + ":00Z'" : "NULL") + ", '" + day + finished +
        ":00Z', interval '1 h', 'schedule', " + "'owner', 'c', '" + outcome + "', " +
        (outcome == "failed" ? "'timeout'" : "NULL") + ", 'why')");
  }
  std::string planned() {
    return database.ask(
        "SELECT coalesce(string_agg(run_id || ' ' || held || ' ' || to_char(due_at AT TIME ZONE 'UTC', 'HH24:MI'), ', "
        "' "
        "ORDER BY run_id), '') FROM carillon.delivery");
  }
  std::int64_t release(Instant now) {
    return store.across_tenants([&](Tx& tx) { return OutageStore{tx}.release_gathered(now, now - 5s); });
  }
  std::optional<TakenLetter> take(Instant now) {
    return store.across_tenants([&](Tx& tx) {
      return LetterStore{tx}.take({.kind = "webhook", .now = now, .until = now + 40s, .per_hour_max = 20});
    });
  }
};

}  // namespace

TEST_CASE("the ends of an outage's slots are planned to be told together", "[store][outage]") {
  Late f;
  f.ends(1, "missed", "03:00");
  f.ends(2, "succeeded", "07:30");  // `failure` does not tell of that otherwise
  f.ends(3, "skipped", "08:00");
  CHECK(f.planned() == "1 true 09:10, 2 true 09:10");
  f.ends(4, "missed", "09:01");  // after it
  CHECK(f.planned().ends_with(", 4 false 09:01"));
  f.ends(5, "failed", "07:30", "09:10");  // too late to be waited for
  CHECK(f.planned().ends_with(", 5 false 09:10"));
}

TEST_CASE("an outage changes nothing for a task that tells nobody of anything", "[store][outage]") {
  Late f{"never"};
  f.ends(1, "missed", "03:00");
  CHECK(f.planned().empty());
}

TEST_CASE("what an outage made late is one letter once nothing more is to come", "[store][outage]") {
  Late f;
  f.ends(1, "missed", "03:00");
  f.ends(2, "succeeded", "07:30");
  CHECK_FALSE(f.take(f.back + 1min));
  CHECK(f.release(f.back + 2s) == 0);  // somebody may fire its slots only now

  const auto [more, gone] = GENERATE(table<std::string, std::string>({
      {"INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, "
       "attempt, takeovers, slot, origin, agent_id, correlation_id, folded) SELECT 3, 5, '2026-11-20T09:30Z', 9, "
       "'default', task_id, 1, 9, 1, 1, 0, '2026-11-20T08:00Z', 'schedule', 'owner', 'c', 0 FROM carillon.task",
       "UPDATE carillon.run_ready SET run_at = '9999-12-31T00:00Z'"},  // held until somebody decides
      {"INSERT INTO carillon.schedule_state (tenant_id, task_id, shard, task_version, last_slot, next_fire_at) SELECT "
       "'default', task_id, 3, 1, '2026-11-19T00:00Z', '2026-11-20T08:00Z' FROM carillon.task",
       "UPDATE carillon.schedule_state SET next_fire_at = '2026-11-21T08:00Z'"},
  }));
  f.database.run("DELETE FROM carillon.schedule_state");
  f.database.run(more);
  CHECK(f.release(f.back + 1min) == 0);
  f.database.run(gone);
  CHECK(f.release(f.back + 1min) == 2);
  CHECK(f.release(f.back + 1min) == 0);

  const auto letter = f.take(f.back + 1min);
  REQUIRE(letter);
  CHECK(letter->runs.size() == 2);
  const auto outage = f.store.across_tenants([&](Tx& tx) { return OutageStore{tx}.of_letter(letter->key); });
  REQUIRE(outage);
  CHECK(outage->began == kNow);
  CHECK(outage->ended == f.back);
  CHECK(outage->kind == "sleep");
}

TEST_CASE("a run that goes on lets the others of its outage wait ten minutes at most", "[store][outage]") {
  Late f;
  const RunId going = f.live(f.brief, {.id = 60});
  f.database.run("UPDATE carillon.run_live SET slot = '2026-11-20T01:00Z', origin = 'schedule'");
  f.ends(2, "succeeded", "07:30");
  CHECK(f.release(f.back + 9min) == 0);
  const auto letter = f.take(f.back + 10min);
  REQUIRE(letter);
  CHECK(letter->runs.size() == 1);
  CHECK(going.number() > 0);
}

TEST_CASE("a letter that tells something else as well is of no outage", "[store][outage]") {
  Late f;
  f.ends(1, "missed", "03:00");
  f.ends(2, "missed", "09:05", "09:05");
  f.database.run("UPDATE carillon.delivery SET held = true");
  const auto letter = f.take(f.back + 10min);
  REQUIRE(letter);
  CHECK(letter->runs.size() == 2);
  CHECK_FALSE(f.store.across_tenants([&](Tx& tx) { return OutageStore{tx}.of_letter(letter->key); }));
}

TEST_CASE("what became of a tenant's slots in an outage is counted by task", "[store][outage]") {
  Late f;
  f.task({.name = "theirs"}, kTheirs);
  f.ends(1, "missed", "01:00", "09:00", 4);
  f.ends(2, "succeeded", "07:30", "09:13");
  f.ends(3, "skipped", "08:00");
  f.ends(4, "succeeded", "08:59", "08:59");  // it ended before
  f.queue(f.brief, {.id = 60});
  f.database.run(
      "UPDATE carillon.run_ready SET slot = '2026-11-20T06:00Z', origin = 'schedule', reason = 'late; waits'");
  const auto outages = f.mine([&](Tx& tx) { return OutageStore{tx}.gathered_since(f.back, 5); });
  REQUIRE(outages.size() == 1);
  CHECK(f.mine([&](Tx& tx) { return OutageStore{tx}.gathered_since(f.back + 10min, 5); }).empty());
  const auto found = f.mine([&](Tx& tx) { return OutageStore{tx}.tasks(kMine, outages[0], 5); });
  CHECK(found.total == 1);
  REQUIRE(found.tasks.size() == 1);
  const OutageTask& brief = found.tasks[0];
  CHECK(brief.task == "brief");
  CHECK(brief.ran == 1);
  CHECK(brief.missed == 5);
  CHECK(brief.waiting == 1);
  CHECK(brief.started_at == kNow + 9h + 13min);
  CHECK(brief.late == 1h + 43min);
  CHECK(brief.reason == "late; waits");
  CHECK(f.only_for_its_owner(
      [&](Tx& tx, const TenantId& tenant) { return !OutageStore{tx}.tasks(tenant, outages[0], 5).tasks.empty(); }));
}
