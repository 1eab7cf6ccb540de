#include "server/worker/schedule_tick.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/worker/scheduler.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

// Hourly, due for the last full hour.
void put_hourly(const TestDatabase& database, std::int64_t task,
                const std::function<void(TaskDefinition&)>& change = {}) {
  put_task(database, task, definition_of(tool_action("t.read"), "cron 0 * * * *", [&](TaskDefinition& definition) {
             definition.options.misfire = Misfire::once;
             definition.options.grace = std::chrono::hours{2};
             if (change) change(definition);
           }));
  put_schedule(database, task, "date_trunc('hour', now()) - interval '1 h'", "date_trunc('hour', now())");
}

}  // namespace

TEST_CASE("a due schedule fires once whoever looks and however often", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1);
  CHECK(one.tick.run_once() == 1);
  CHECK(one.tick.run_once() == 0);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_ready WHERE slot = date_trunc('hour', now())") == "1");
  CHECK(database.ask("SELECT next_fire_at = date_trunc('hour', now()) + interval '1 h' FROM carillon.schedule_state") ==
        "t");
  CHECK(database.ask("SELECT event_type FROM carillon.outbox") == "task.run.queued");
  CHECK(database.ask("SELECT fired_count || ' ' || next_number FROM carillon.schedule_state") == "1 2");
}

TEST_CASE("who has lost the shard fires nothing", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler late{database, "late"}, heir{database, "heir"};
  late.own_all(-1s);
  heir.own_all();
  put_hourly(database, 1);
  CHECK(late.tick.run_once() == 0);
  CHECK(heir.tick.run_once() == 1);
}

TEST_CASE("two schedulers that read the same due row fire its slot once", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  for (std::int64_t task = 1; task <= 50; ++task) put_hourly(database, task);
  Scheduler same{database, "other"};
  ScheduleRows rows{same.connection, "one"};  // believes to be the same owner
  const Instant now = one.clock.now();
  const auto due = rows.due(one.ownership.shards(), now, 100);
  REQUIRE(due.size() == 50);
  std::vector<Firing> firings;
  for (const auto& each : due) {
    Firing firing;
    firing.due = each;
    firing.last_slot = *each.next_fire_at;
    firing.next_fire_at = *each.next_fire_at + 1h;
    firing.fired = 1;
    FiredSlot slot;
    slot.id = same.ids.next(now);
    slot.slot = slot.run_at = *each.next_fire_at;
    firing.slots.push_back(slot);
    firings.push_back(firing);
  }
  std::thread racing{[&] { rows.fire(firings, now); }};
  one.tick.run_once();
  racing.join();
  CHECK(database.ask("SELECT count(*) || ' ' || count(DISTINCT task_id) FROM carillon.run_ready") == "50 50");
}

TEST_CASE("a schedule that was paused or edited at the moment of firing is looked at again",
          "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1);
  const Instant now = one.clock.now();
  auto due = one.rows.due(one.ownership.shards(), now, 10);
  REQUIRE(due.size() == 1);
  Firing firing;
  firing.due = due[0];
  firing.last_slot = *due[0].next_fire_at;
  firing.next_fire_at = *due[0].next_fire_at + 1h;
  const auto change =
      GENERATE(as<std::string>{}, "UPDATE carillon.task SET state = 'paused'",
               "UPDATE carillon.task SET deleted_at = now()", "UPDATE carillon.schedule_state SET task_version = 2",
               "UPDATE carillon.schedule_state SET next_fire_at = next_fire_at + interval '1 min'",
               "UPDATE carillon.schedule_state SET revision = revision + 1");
  INFO(change);
  database.run(change);
  CHECK(one.rows.fire({firing}, now).runs.empty());
  CHECK(database.ask("SELECT last_slot < date_trunc('hour', now()) FROM carillon.schedule_state") == "t");
}

TEST_CASE("a second start inside the dedupe window is skipped as a duplicate", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  const auto deduped = [](TaskDefinition& definition) { definition.dedupe = Dedupe{"report", 24h}; };
  put_hourly(database, 1, deduped);
  put_hourly(database, 2, deduped);
  CHECK(one.tick.run_once() == 2);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_ready") == "1");
  CHECK(database.ask("SELECT outcome FROM carillon.run_history WHERE reason LIKE 'duplicate%'") == "skipped");
}

TEST_CASE("overlap skip leaves a row and overlap cancel stops the run before", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  const auto [policy, ready, skipped] =
      GENERATE(table<Overlap, std::string, std::string>({{Overlap::skip, "1", "1"}, {Overlap::cancel, "1", "0"}}));
  put_hourly(database, 1, [wanted = policy](TaskDefinition& definition) { definition.options.overlap = wanted; });
  put_ready(database, {.id = 1, .shard = 1, .run_at = "now() + interval '1 h'"});
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_ready") == ready);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_history WHERE outcome = 'skipped'") == skipped);
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("overlap cancel wakes a run that waits", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1, [](TaskDefinition& definition) { definition.options.overlap = Overlap::cancel; });
  put_ready(database, {.id = 1, .shard = 1});
  database.run(
      "WITH gone AS (DELETE FROM carillon.run_ready RETURNING *) INSERT INTO carillon.run_live (id, shard, priority, "
      "run_at, tenant_id, task_id, task_version, number, retry, attempt, takeovers, origin, agent_id, correlation_id, "
      "folded, state, owner, epoch, lease_until, heartbeat_at, wake_at) SELECT id, shard, priority, run_at, tenant_id, "
      "task_id, task_version, number, retry, attempt, takeovers, origin, agent_id, correlation_id, folded, 'waiting', "
      "'one', 1, 'infinity', now(), 'infinity' FROM gone");
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT wake_at = '-infinity' AND cancel_requested_at IS NOT NULL FROM carillon.run_live") == "t");
}

TEST_CASE("a slot's run is queued with the width of its task's key", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1, [](TaskDefinition& definition) { definition.options.max_parallel = 3; });
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT concurrency_key || ' ' || key_width FROM carillon.run_ready") == "task:1 3");
}

TEST_CASE("a schedule without a further slot makes its task done", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1, [](TaskDefinition& definition) { definition.options.max_runs = 1; });
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT state FROM carillon.task") == "done");
  CHECK(database.ask("SELECT next_fire_at IS NULL FROM carillon.schedule_state") == "t");
  CHECK(database.ask("SELECT string_agg(event_type, ' ' ORDER BY event_type) FROM carillon.outbox") ==
        "task.done task.run.queued");
}

TEST_CASE("slots missed over a week leave a folded row and the start stays quick", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1);
  database.run(
      "UPDATE carillon.schedule_state SET last_slot = last_slot - interval '7 d', "
      "next_fire_at = next_fire_at - interval '7 d'");
  CHECK(one.tick.run_once() > 0);
  CHECK(database.ask("SELECT sum(folded + 1) FROM carillon.run_history WHERE outcome = 'missed'") == "168");
  CHECK(database.ask("SELECT count(*) FROM carillon.run_ready") == "1");
}

TEST_CASE("catch-ups that are held wait for a decision and keep no later slot out", "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1, [](TaskDefinition& definition) {
    definition.options.misfire = Misfire::hold;
    definition.options.grace.reset();
  });
  database.run(
      "UPDATE carillon.schedule_state SET last_slot = last_slot - interval '4 h', "
      "next_fire_at = next_fire_at - interval '4 h'");
  CHECK(one.tick.run_once() >= 4);
  CHECK(std::stoi(database.ask("SELECT count(*) FROM carillon.run_ready WHERE run_at = '9999-12-31Z' AND reason LIKE "
                               "'held%' AND expires_at IS NULL")) >= 4);
  database.run("DELETE FROM carillon.run_ready WHERE run_at < '9999-12-31Z'");
  DueSchedule next;
  next.tenant = TenantId{"default"};
  next.task = TaskId{1};
  next.shard.shard = 1;
  CHECK(one.rows.busy({next}).empty());
  database.run("UPDATE carillon.run_ready SET run_at = now()");
  CHECK(one.rows.busy({next}).size() == 1);
}

TEST_CASE("a schedule fires on time in a running worker and its next slot does not depend on how the run ended",
          "[worker][schedule_tick]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.failing"), "every 1s", [](TaskDefinition& definition) {
             definition.options.max_runs = 3;
             definition.options.overlap = Overlap::allow;
           }));
  const std::string first = "'" + to_rfc3339(std::chrono::floor<std::chrono::seconds>(SystemClock{}.now())) + "'";
  put_schedule(database, 1, first, first + "::timestamptz + interval '1 s'");
  Rig rig{database};
  rig.bell.schedule_changed(1);
  REQUIRE(rig.wait_ended(3));
  CHECK(database.ask("SELECT count(*) FROM carillon.run_history WHERE outcome IN ('failed', 'missed')") == "3");
  CHECK(misplaced(database).empty());
}

TEST_CASE("what the scheduler has read of a task is known to the claimer with its writer's scopes",
          "[worker][schedule_tick]") {
  const TestDatabase database;
  Scheduler one{database, "one"};
  one.own_all();
  put_hourly(database, 1);
  database.run("UPDATE carillon.task_version SET scopes = '{read,run}'");
  REQUIRE(one.tick.run_once() == 1);

  database.run("UPDATE carillon.task_version SET definition = 'not read again'");
  LeasedRun run;
  run.tenant = TenantId{"default"};
  run.task = TaskId{1};
  run.task_version = 1;
  HotPath path{HotPathOptions{.url = database.urls().dispatch, .application = "claimer"}, "one"};
  const auto known = one.known.of(path, {run});
  REQUIRE(known.at(0)->definition.has_value());
  REQUIRE(known.at(0)->scopes.has_value());
  CHECK(known.at(0)->scopes->names() == scopes_named({"read", "run"}).names());
}
