// Tasks that something else than the clock sets off, in real workers on a real database.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/domain/schedule/chain.h"
#include "tests/worker/scheduler.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kEtl = 1, kLoad = 2;

// A task of that id and name which waits for others as its `when` says.
void put_waiting(const TestDatabase& database, std::int64_t task, const std::string& name, const std::string& when,
                 const std::function<void(TaskDefinition&)>& change = {}) {
  const auto schedule = *parse_when(when, WhenContext{SystemClock{}.now(), "UTC"});
  const std::string id = std::to_string(task);
  put_task(database, task, definition_of(tool_action("t.read", {{"task", name}}), when, change));
  database.run("UPDATE carillon.task SET name = '" + name + "' WHERE task_id = " + id);
  put_schedule(database, task, "now() - interval '1 min'", "NULL");
  for (const auto& awaited : awaited_tasks(schedule)) {
    std::string outcomes;
    for (const auto& outcome : awaited.outcomes) outcomes += (outcomes.empty() ? "" : ",") + outcome;
    database.run("INSERT INTO carillon.task_source VALUES ('default', " + id + ", 'chain', '" + awaited.task + "', '{" +
                 outcomes + "}')");
  }
  if (const auto delay = delay_after_run(schedule))
    database.run("INSERT INTO carillon.task_source VALUES ('default', " + id + ", 'run_end', '', '{}', interval '" +
                 std::to_string(delay->count()) + " microseconds')");
}

// The first slot of a fixed delay.
void put_first(const TestDatabase& database, std::int64_t task, const std::string& at) {
  database.run(
      "INSERT INTO carillon.cue (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, "
      "correlation_id) VALUES ('default', " +
      std::to_string(task) + ", 'run_end', '', '', '', '', " + at + ", 0, '')");
}

// A run of the task that has just ended.
void put_end(const TestDatabase& database, std::int64_t run, std::int64_t task,
             const std::string& outcome = "succeeded") {
  const std::string error = outcome == "succeeded" || outcome == "cancelled" ? "NULL" : "'tool_error'";
  database.run(
      "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
      "folded, "
      "run_at, finished_at, origin, agent_id, correlation_id, outcome, error_class) VALUES (" +
      std::to_string(run) + ", 'default', " + std::to_string(task) + ", 1, " + std::to_string(run) +
      ", 1, 1, 0, 0, now(), now(), 'run_now', 'owner', 'trace-of-" + std::to_string(run) + "', '" + outcome + "', " +
      error + ")");
}

std::string runs_of(const TestDatabase& database, std::int64_t task) {
  const std::string id = std::to_string(task);
  return database.ask("SELECT (SELECT count(*) FROM carillon.run_ready WHERE task_id = " + id +
                      ") + (SELECT count(*) FROM carillon.run_live WHERE task_id = " + id +
                      ") + (SELECT count(*) FROM carillon.run_history WHERE task_id = " + id + ")");
}

}  // namespace

TEST_CASE("the end of a run starts the task that waits for it once and says what caused it", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, kEtl, "etl", "manual");
  put_waiting(database, kLoad, "load", "after etl succeeds");
  Rig rig{database};
  put_ready(database, {.id = 7, .shard = 1, .task = kEtl});
  rig.bell.runs_ready(1, rig.clock.now());
  REQUIRE(rig.wait_ended(2));
  CHECK(runs_of(database, kLoad) == "1");
  CHECK(database.ask(
            "SELECT outcome || ' ' || reason || ' ' || correlation_id FROM carillon.run_history WHERE task_id = 2") ==
        "succeeded after etl#7 succeeded trace");
  CHECK(database.ask(
            "SELECT slot = (SELECT finished_at FROM carillon.run_history WHERE id = 7) FROM carillon.run_history "
            "WHERE task_id = 2") == "t");
  CHECK(database.ask("SELECT cause || ' ' || depth FROM carillon.run_cause") == "run:7 1");
  CHECK(database.ask("SELECT causation_id FROM carillon.outbox WHERE event_type = 'task.run.queued'") == "run:7");
  CHECK(database.ask("SELECT count(*) FROM carillon.cue") == "0");
  CHECK(database.ask("SELECT state FROM carillon.task WHERE task_id = 2") == "active");
  CHECK(misplaced(database).empty());
}

TEST_CASE("each end counts for those only that wait for an end of its kind", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, kEtl, "etl", "manual");
  put_waiting(database, 2, "good", "after etl succeeds");
  put_waiting(database, 3, "bad", "after etl fails");
  put_waiting(database, 4, "any", "after etl finishes");
  Scheduler one{database, "one"};
  one.own_all();
  const auto [outcome, good, bad, any] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"succeeded", "1", "0", "1"},
      {"failed", "0", "1", "1"},
      {"unknown", "0", "1", "1"},
      {"cancelled", "0", "0", "1"},
  }));
  put_end(database, 7, kEtl, outcome);
  one.tick.run_once();
  INFO(outcome);
  CHECK(runs_of(database, 2) == good);
  CHECK(runs_of(database, 3) == bad);
  CHECK(runs_of(database, 4) == any);
}

TEST_CASE("an end that came while no scheduler was there is answered later and every end by a run of its own",
          "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, kEtl, "etl", "manual");
  put_waiting(database, kLoad, "load", "after etl succeeds",
              [](TaskDefinition& task) { task.options.overlap = Overlap::queue_all; });
  for (std::int64_t run = 11; run <= 15; ++run) put_end(database, run, kEtl);
  // Two ends at one instant have a slot each all the same.
  database.run("UPDATE carillon.cue SET due_at = (SELECT min(due_at) FROM carillon.cue)");
  Scheduler one{database, "one"};
  one.own_all();
  CHECK(one.tick.run_once() == 5);
  CHECK(one.tick.run_once() == 0);
  CHECK(database.ask("SELECT count(*) || ' ' || count(DISTINCT slot) FROM carillon.run_ready") == "5 5");
  CHECK(database.ask("SELECT string_agg(correlation_id, ' ' ORDER BY number) FROM carillon.run_ready") ==
        "trace-of-11 trace-of-12 trace-of-13 trace-of-14 trace-of-15");
}

TEST_CASE("two schedulers that read the same cues answer each once", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, kEtl, "etl", "manual");
  for (std::int64_t task = 2; task <= 41; ++task)
    put_waiting(database, task, "load" + std::to_string(task), "after etl succeeds");
  put_end(database, 77, kEtl);
  Scheduler one{database, "one"};
  one.own_all();
  Scheduler same{database, "other"};
  ScheduleRows rows{same.connection, "one"};  // believes to be the same owner
  const Instant now = one.clock.now();
  const auto cued = rows.cued(one.ownership.shards(), now, 100);
  REQUIRE(cued.size() == 40);
  std::vector<Firing> firings;
  for (const auto& cue : rows.cues(cued, now, 100)) {
    Firing firing;
    for (const auto& each : cued)
      if (each.task == cue.task) firing.due = each;
    firing.last_slot = firing.due.last_slot;  // even one that does not move the schedule
    firing.fired = 1;
    firing.cues = {cue.id};
    FiredSlot slot;
    slot.id = same.ids.next(now);
    slot.slot = slot.run_at = cue.due_at + 1us;
    slot.cue = cue.id;
    firing.slots.push_back(slot);
    firings.push_back(firing);
  }
  std::thread racing{[&] { rows.fire(firings, now); }};
  one.tick.run_once();
  racing.join();
  rows.fire(firings, now);
  CHECK(database.ask("SELECT count(*) || ' ' || count(DISTINCT task_id) FROM carillon.run_ready") == "40 40");
}

TEST_CASE("a cue that was answered is not answered again by one who sees the schedule unmoved", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, kEtl, "etl", "manual");
  put_waiting(database, kLoad, "load", "after etl succeeds");
  put_end(database, 7, kEtl);
  Scheduler one{database, "one"};
  one.own_all();
  const Instant now = one.clock.now();
  Firing firing;
  firing.due = one.rows.cued(one.ownership.shards(), now, 10).at(0);
  firing.last_slot = firing.due.last_slot;
  firing.cues = {one.rows.cues({firing.due}, now, 10).at(0).id};
  for (const std::size_t runs : {1U, 0U}) {
    FiredSlot slot;
    slot.id = one.ids.next(now);
    slot.slot = slot.run_at = now + Duration{static_cast<std::int64_t>(runs)};
    slot.cue = firing.cues[0];
    firing.slots = {slot};
    CHECK(one.rows.fire({firing}, now).runs.size() == runs);
  }
}

TEST_CASE("what happens to a paused or busy task leaves a row and after max_runs the task is done",
          "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, kEtl, "etl", "manual");
  put_waiting(database, kLoad, "load", "after etl succeeds or every day at 07:30",
              [](TaskDefinition& task) { task.options.max_runs = 2; });
  Scheduler one{database, "one"};
  one.own_all();
  database.run("UPDATE carillon.task SET state = 'paused', pause_reason = 'holiday' WHERE task_id = 2");
  put_end(database, 11, kEtl);
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT outcome || ' ' || reason FROM carillon.run_history WHERE task_id = 2") ==
        "skipped paused: holiday (after etl#11)");
  // A pause keeps the times of the clock out of the row.
  CHECK(database.ask("SELECT next_fire_at IS NULL FROM carillon.schedule_state WHERE task_id = 2") == "t");

  database.run("UPDATE carillon.task SET state = 'active', pause_reason = NULL WHERE task_id = 2");
  put_end(database, 12, kEtl);
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT next_fire_at IS NULL FROM carillon.schedule_state WHERE task_id = 2") == "f");
  put_end(database, 13, kEtl);
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT reason FROM carillon.run_history WHERE task_id = 2 AND number = 3") ==
        "overlap: the run before it had not ended");
  CHECK(database.ask("SELECT state FROM carillon.task WHERE task_id = 2") == "done");
  put_end(database, 14, kEtl);
  CHECK(database.ask("SELECT count(*) FROM carillon.cue") == "0");
}

TEST_CASE("tasks that start one another in a circle are cut where their depth shows it", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, 1, "a", "after b finishes");
  put_waiting(database, 2, "b", "after a finishes");
  WorkerOptions options = quick_options();
  options.chain_depth_max = 4;
  Rig rig{database, options};
  put_end(database, 7, 1);
  rig.bell.schedule_changed(1);
  REQUIRE(rig.wait_ended(5));  // four runs and the row of the one that was cut off
  CHECK(database.ask("SELECT count(*) FROM carillon.run_history WHERE outcome = 'succeeded'") == "5");
  CHECK(database.ask("SELECT count(*) || ' ' || min(reason) FROM carillon.run_history WHERE outcome = 'skipped'") ==
        "1 cut off: 4 runs have caused one another; if they are no circle, raise worker.chain_depth_max (after a#2)");
  CHECK(database.ask("SELECT string_agg(depth::text, ' ' ORDER BY depth) FROM carillon.run_cause") == "1 2 3 4");
}

TEST_CASE("a fixed delay counts from the end of each run whatever became of it", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, 1, "poll", "1s after each run", [](TaskDefinition& task) { task.options.max_runs = 3; });
  database.run(
      "UPDATE carillon.task_version SET definition = convert_to(replace(convert_from(definition, 'UTF8'), 't.read', "
      "'t.failing'), 'UTF8')");
  put_first(database, 1, "now()");
  Rig rig{database};
  rig.bell.schedule_changed(1);
  REQUIRE(rig.wait_ended(3));
  CHECK(database.ask("SELECT count(*) FROM carillon.run_history WHERE outcome = 'failed'") == "3");
  CHECK(database.ask(
            "SELECT bool_and(slot = before + interval '1 s') FROM (SELECT slot, lag(finished_at) OVER (ORDER BY id) "
            "AS before FROM carillon.run_history) r WHERE before IS NOT NULL") == "t");
  CHECK(database.ask("SELECT state FROM carillon.task") == "done");
  CHECK(misplaced(database).empty());
}

TEST_CASE("of a fixed delay one slot waits at a time and a later end puts it off", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, 1, "poll", "15m after each run");
  put_end(database, 11, 1);
  put_end(database, 12, 1, "failed");
  CHECK(database.ask("SELECT count(*) || ' ' || min(told) FROM carillon.cue") == "1 poll#12");
  CHECK(database.ask(
            "SELECT due_at = (SELECT finished_at FROM carillon.run_history WHERE id = 12) + interval '15 min' FROM "
            "carillon.cue") == "t");
  database.run("UPDATE carillon.task SET state = 'paused'");
  put_end(database, 13, 1);
  CHECK(database.ask("SELECT min(told) FROM carillon.cue") == "poll#12");
}

TEST_CASE("a fixed delay goes on after a slot that was missed or skipped", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, 1, "poll", "15m after each run");
  Scheduler one{database, "one"};
  one.own_all();
  const auto [since, outcome] = GENERATE(
      table<std::string, std::string>({{"now() - interval '8 d'", "missed"}, {"now() - interval '1 s'", "skipped"}}));
  if (outcome == "skipped") put_ready(database, {.id = 1, .shard = 1, .run_at = "now() + interval '1 h'"});
  put_first(database, 1, since);
  CHECK(one.tick.run_once() == 1);
  CHECK(database.ask("SELECT outcome FROM carillon.run_history") == outcome);
  CHECK(database.ask("SELECT due_at > now() + interval '14 min' FROM carillon.cue") == "t");
  CHECK(database.ask("SELECT state FROM carillon.task") == "active");
}

TEST_CASE("a slot of a fixed delay that was put off while it was being fired is not fired", "[worker][sources]") {
  const TestDatabase database;
  put_waiting(database, 1, "poll", "15m after each run");
  put_first(database, 1, "now() - interval '1 s'");
  Scheduler one{database, "one"};
  one.own_all();
  const Instant now = one.clock.now();
  auto cued = one.rows.cued(one.ownership.shards(), now, 10);
  const auto cues = one.rows.cues(cued, now, 10);
  REQUIRE(cues.size() == 1);
  put_end(database, 11, 1);
  Firing firing;
  firing.due = cued.at(0);
  firing.last_slot = cues[0].due_at;
  firing.cues = {cues[0].id};
  FiredSlot slot;
  slot.id = one.ids.next(now);
  slot.slot = slot.run_at = cues[0].due_at;
  slot.cue = cues[0].id;
  firing.slots.push_back(slot);
  CHECK(one.rows.fire({firing}, now).runs.empty());
  CHECK(database.ask("SELECT count(*) FROM carillon.cue") == "1");
}

namespace {

constexpr std::int64_t kMeeting = 1, kPrepare = 2;

// An hourly meeting and its reminder; both have dealt with everything up to an hour ago.
void put_meeting(const TestDatabase& database, const std::string& reminder) {
  put_task(database, kMeeting, definition_of(tool_action("t.read"), "cron 0 * * * *"));
  database.run("UPDATE carillon.task SET name = 'meeting'");
  put_schedule(database, kMeeting, "date_trunc('hour', now())", "date_trunc('hour', now()) + interval '1 h'");
  put_task(database, kPrepare, definition_of(tool_action("t.read"), reminder, [](TaskDefinition& task) {
             task.options.misfire = Misfire::once;
             task.options.grace = 24h;
           }));
  put_schedule(database, kPrepare, "now() - interval '1 min'", "now() - interval '1 s'");
  database.run("INSERT INTO carillon.task_source VALUES ('default', 2, 'task_slot', 'meeting', '{}')");
}

void tell_moved(const TestDatabase& database) {
  database.run(
      "INSERT INTO carillon.cue (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, "
      "correlation_id) VALUES ('default', 2, 'task_slot', 'meeting', '', '', 'meeting', now(), 0, '')");
}

}  // namespace

TEST_CASE("a reminder's next slot is taken from its task as it stands at that moment", "[worker][sources]") {
  const TestDatabase database;
  put_meeting(database, "30m before task meeting");
  Scheduler one{database, "one"};
  one.own_all();
  one.tick.run_once();
  CHECK(database.ask(
            "SELECT extract(minute FROM next_fire_at) || ' ' || (next_fire_at > now()) FROM carillon.schedule_state "
            "WHERE task_id = 2") == "30 true");

  database.run(
      "UPDATE carillon.task_version SET definition = convert_to(replace(convert_from(definition, 'UTF8'), '0 * * * *', "
      "'15 * * * *'), 'UTF8') WHERE task_id = 1");
  tell_moved(database);
  one.tick.run_once();
  CHECK(database.ask(
            "SELECT extract(minute FROM next_fire_at) || ' ' || (next_fire_at > now()) FROM carillon.schedule_state "
            "WHERE task_id = 2") == "45 true");

  for (const auto* gone : {"state = 'done'", "state = 'paused'", "deleted_at = now()"}) {
    INFO(gone);
    database.run("UPDATE carillon.task SET state = 'active', deleted_at = NULL");
    tell_moved(database);
    one.tick.run_once();
    CHECK(database.ask("SELECT next_fire_at IS NULL FROM carillon.schedule_state WHERE task_id = 2") == "f");
    database.run("UPDATE carillon.task SET " + std::string(gone) + " WHERE task_id = 1");
    tell_moved(database);
    one.tick.run_once();
    CHECK(database.ask("SELECT next_fire_at IS NULL FROM carillon.schedule_state WHERE task_id = 2") == "t");
    CHECK(database.ask("SELECT state FROM carillon.task WHERE task_id = 2") == "active");
  }
  CHECK(database.ask("SELECT count(*) FROM carillon.cue") == "0");
}

TEST_CASE("a reminder that its task's move has left in the past runs at once and old ones do not come again",
          "[worker][sources]") {
  const TestDatabase database;
  put_meeting(database, "3h before task meeting");
  // The reminder has slept for a day over a task that was deleted meanwhile and came back just now.
  database.run(
      "UPDATE carillon.schedule_state SET last_slot = now() - interval '1 d', next_fire_at = NULL WHERE task_id = 2");
  database.run("UPDATE carillon.schedule_state SET last_slot = now() WHERE task_id = 1");
  tell_moved(database);
  Scheduler one{database, "one"};
  one.own_all();
  one.tick.run_once();
  // Of the meetings that are still to come, three have their reminder behind them: one run stands for them.
  CHECK(database.ask("SELECT count(*) FROM carillon.run_ready WHERE task_id = 2") == "1");
  CHECK(database.ask("SELECT sum(folded + 1) FROM carillon.run_history WHERE task_id = 2") == "2");
  CHECK(one.tick.run_once() == 0);
}
