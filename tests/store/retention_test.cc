#include "server/store/retention.h"

#include <catch2/catch.hpp>
#include <pqxx/pqxx>

#include "server/store/connection.h"
#include "tests/support/queued_runs.h"
#include "tests/support/test_database.h"

using namespace carillon;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::hours kDay{24};
constexpr Instant kSweptAt{std::chrono::sys_days{std::chrono::year{2031} / 7 / 1}.time_since_epoch()};

// A database with its partitions from half a year ago on, and arranging in a few words.
struct RetentionFixture {
  test::TestDatabase database;
  Store store{database.urls(), {}};
  RetentionOptions options;

  RetentionFixture() { database.run("SELECT carillon.ensure_partitions(" + at(kSweptAt - 200 * kDay) + ", 30)"); }
  static std::string at(Instant instant) { return "timestamptz '" + to_rfc3339(instant) + "'"; }

  Swept sweep() { return Retention{store, options}.sweep(kSweptAt); }
  std::string count(const std::string& table) const { return database.ask("SELECT count(*) FROM carillon." + table); }

  void task(int id, const std::string& more_columns = "", const std::string& more_values = "") const {
    database.run(
        "INSERT INTO carillon.task (tenant_id, task_id, name, state, version, kind, action_kind, agent_id, zone,"
        " target_sha256, created_at, created_by, updated_at" +
        more_columns + ") VALUES ('default', " + std::to_string(id) + ", 'task-" + std::to_string(id) +
        "', 'active', 1, 'once', 'tool', 'owner', 'UTC',"
        " '', " +
        at(kSweptAt) + ", 'owner', " + at(kSweptAt) + more_values + ")");
    database.run("INSERT INTO carillon.task_version VALUES ('default', " + std::to_string(id) + ", 1, '', " +
                 at(kSweptAt) + ", 'owner')");
  }
  // A run of that task made and ended so long ago, with a slot, a step, an input and a large output.
  void ended_run(int task_id, Duration made_ago, Duration ended_ago) const {
    const std::string id = "carillon.first_run_id(" + at(kSweptAt - made_ago) + ") + " + std::to_string(task_id);
    const std::string task_text = std::to_string(task_id), slot = at(kSweptAt - made_ago),
                      ended = at(kSweptAt - ended_ago);
    database.run(
        "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers,"
        " slot, folded, run_at, started_at, finished_at, origin, agent_id, correlation_id, outcome) VALUES (" +
        id + ", 'default', " + task_text + ", 1, 1, 0, 1, 0, " + slot + ", 0, " + slot + ", " + slot + ", " + ended +
        ", 'schedule', 'owner', 'c', 'succeeded')");
    database.run("INSERT INTO carillon.run_slot VALUES ('default', " + task_text + ", " + slot + ", " + id + ")");
    database.run(
        "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at) VALUES (" + id +
        ", 's', 1, 'default', 'succeeded', " + slot + ")");
    database.run("INSERT INTO carillon.run_input VALUES (" + id + ", 'default', '')");
    database.run("INSERT INTO carillon.run_output VALUES (" + id + ", 'default', '')");
  }
  void live_run(int task_id, Duration made_ago) const {
    database.run(
        "INSERT INTO carillon.run_live (id, shard, priority, run_at, tenant_id, task_id, task_version, number, retry,"
        " attempt, takeovers, origin, agent_id, correlation_id, folded, state, owner, epoch, lease_until,"
        " heartbeat_at, wake_at) VALUES (carillon.first_run_id(" +
        at(kSweptAt - made_ago) + "), 0, 5, " + at(kSweptAt - made_ago) + ", 'default', " + std::to_string(task_id) +
        ", 1, 1, 0, 1, 0, 'schedule', 'owner', 'c', 0, 'waiting', 'w', 1,"
        " 'infinity', " +
        at(kSweptAt) + ", 'infinity')");
  }
};

}  // namespace

TEST_CASE("first answers are forgotten after a week in small batches", "[store][retention]") {
  RetentionFixture f;
  f.options.batch_rows = 3;
  for (const auto& [from, to, age] : {std::tuple{1, 5, kDay * 8}, std::tuple{6, 7, kDay * 6}})
    f.database.run("INSERT INTO carillon.idempotency SELECT 'default', 'id-' || n, 'c', '', '', " +
                   f.at(kSweptAt - age) + " FROM generate_series(" + std::to_string(from) + ", " + std::to_string(to) +
                   ") AS n");
  const Swept first = f.sweep();
  CHECK(first.rows == 3);
  CHECK(first.more);
  const Swept second = f.sweep();
  CHECK(second.rows == 2);
  CHECK_FALSE(second.more);
  CHECK(f.count("idempotency") == "2");
}

TEST_CASE("a followed call is kept a day after it was made and a day after its run ended", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  const auto follow = [&](const char* letter, const std::string& run, Duration ago) {
    f.database.run(
        "INSERT INTO carillon.followed_call (tenant_id, call_id, agent_id, tool, run_id, shape, answer, keep_for,"
        " created_at, expires_at) VALUES ('default', repeat('" +
        std::string{letter} + "', 32), 'owner', 'run_now', " + run + ", '', " + (run == "NULL" ? "''" : "NULL") +
        ", '24 hours', " + f.at(kSweptAt - ago) + ", " + f.at(kSweptAt - ago + kDay) + ")");
  };
  const auto run_made = [&](Duration ago) { return "carillon.first_run_id(" + f.at(kSweptAt - ago) + ")"; };
  f.ended_run(1, 50h, 30h);
  f.ended_run(1, 49h, 20h);
  f.live_run(1, 48h);
  follow("a", run_made(50h) + " + 1", 50h);
  follow("b", run_made(49h) + " + 1", 49h);
  follow("c", run_made(48h), 48h);
  follow("d", "NULL", 30h);
  follow("e", "NULL", 20h);
  follow("f", "12345", 30h);
  test::put_ready(f.database, {.id = 678, .run_at = f.at(kSweptAt + kDay)});
  follow("0", "678", 48h);
  f.sweep();
  CHECK(f.database.ask("SELECT string_agg(left(call_id, 1), '' ORDER BY call_id) FROM carillon.followed_call") ==
        "0bce");
}

TEST_CASE("questions go with the records of their runs and lost ones are closed", "[store][retention][questions]") {
  RetentionFixture f;
  f.task(1);
  f.live_run(1, kDay);
  const std::string live = "(SELECT id FROM carillon.run_live)";
  const auto question = [&](const char* key, const std::string& run, const std::string& closed_at) {
    const bool open = closed_at == "NULL";
    f.database.run(
        "INSERT INTO carillon.run_question (tenant_id, run_id, question_key, attempt, tool, method, params, asked_at,"
        " answer_until, answer, answered_by, closed_at, outcome) VALUES ('default', " +
        run + ", '" + key + "', 1, 't.ask', 'elicitation/create', '', " + f.at(kSweptAt - 91 * kDay) + ", " +
        f.at(kSweptAt) + (open ? ", NULL, NULL, NULL, NULL)" : ", 'x', 'anna', " + closed_at + ", 'answered')"));
  };
  question("old", "5", f.at(kSweptAt - 91 * kDay));
  question("recent", "6", f.at(kSweptAt - 89 * kDay));
  question("lost", "7", "NULL");
  question("open", live, "NULL");
  question("given", live, f.at(kSweptAt - kDay));
  f.sweep();
  CHECK(f.database.ask("SELECT string_agg(question_key || ' ' || coalesce(outcome, 'open') || CASE WHEN answer IS NULL "
                       "THEN '' ELSE '!' END, ', ' ORDER BY question_key) FROM carillon.run_question") ==
        "given answered!, lost worker_lost, open open, recent answered");
}

TEST_CASE("a deleted task goes for good after thirty days but never under a run", "[store][retention]") {
  RetentionFixture f;
  const auto deleted = [&](Duration ago) { return ", " + f.at(kSweptAt - ago); };
  f.task(1, ", deleted_at", deleted(31 * kDay));
  f.task(2, ", deleted_at", deleted(29 * kDay));
  f.task(3, ", deleted_at", deleted(31 * kDay));
  f.task(4);
  f.live_run(3, 40 * kDay);
  f.sweep();
  CHECK(f.database.ask("SELECT string_agg(name, ' ' ORDER BY name) FROM carillon.task") == "task-2 task-3 task-4");
  CHECK(f.count("task_version") == "3");
}

TEST_CASE("records go after ninety days as whole partitions with all that belongs to them", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  f.ended_run(1, 120 * kDay, 120 * kDay);
  f.ended_run(1, 60 * kDay, 60 * kDay);
  const Swept swept = f.sweep();
  CHECK(swept.partitions > 5);
  for (const char* table : {"run_history", "run_slot", "step_journal", "run_input"}) {
    INFO(table);
    CHECK(f.count(table) == "1");
  }
  CHECK(f.sweep().partitions == 0);
}

TEST_CASE("a partition stays while a run of its week waits or ended late", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  f.ended_run(1, 150 * kDay, 10 * kDay);
  f.ended_run(1, 120 * kDay, 120 * kDay);
  f.live_run(1, 120 * kDay);
  f.sweep();
  CHECK(f.count("run_history") == "2");
  CHECK(f.count("step_journal") == "2");
  f.database.run("DELETE FROM carillon.run_live");
  f.sweep();
  CHECK(f.count("run_history") == "1");
  CHECK(f.count("step_journal") == "1");
}

TEST_CASE("large outputs go after fourteen days and their records stay", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  f.ended_run(1, 30 * kDay, 30 * kDay);
  f.ended_run(1, 5 * kDay, 5 * kDay);
  f.sweep();
  CHECK(f.count("run_output") == "1");
  CHECK(f.count("run_history") == "2");
}

TEST_CASE("a task may keep less or more than the others", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  f.task(2, ", keep_records, keep_outputs", ", '3 days', '1 day'");
  f.task(3, ", keep_records, keep_outputs", ", '180 days', '160 days'");
  for (const int task : {1, 2, 3}) {
    f.ended_run(task, 140 * kDay, 140 * kDay);
    f.ended_run(task, 20 * kDay, 20 * kDay);
    f.ended_run(task, 2 * kDay, 2 * kDay);
  }
  f.sweep();
  const auto kept = [&](const std::string& of) {
    return f.database.ask(
        "SELECT string_agg(task_id || ':' || n, ' ' ORDER BY task_id) FROM (SELECT task_id, count(*) AS n"
        " FROM carillon.run_history h WHERE " +
        of + " GROUP BY task_id) AS x");
  };
  CHECK(kept("true") == "1:2 2:1 3:3");
  CHECK(kept("EXISTS (SELECT FROM carillon.run_output o WHERE o.run_id = h.id)") == "1:1 3:3");
  CHECK(kept("EXISTS (SELECT FROM carillon.run_slot s WHERE s.run_id = h.id)") == "1:2 2:1 3:3");
  CHECK(f.count("run_slot") == "6");
  CHECK(f.count("step_journal") == "6");
  CHECK(f.sweep().rows == 0);
}

TEST_CASE("partitions are made four weeks ahead and take back what fell into the default one", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  f.ended_run(1, -40 * kDay, -40 * kDay);
  CHECK(f.count("run_history_default") == "1");
  Retention retention{f.store, f.options};
  CHECK(retention.make_partitions(kSweptAt + 39 * kDay) > 0);
  CHECK(f.count("run_history_default") == "0");
  CHECK(f.count("run_output_default") == "0");
  CHECK(f.count("run_history") == "1");
  CHECK(f.count("step_journal") == "1");
  CHECK(retention.make_partitions(kSweptAt + 39 * kDay) == 0);
}

TEST_CASE("a sweep gives way to a reader and goes on later", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  f.ended_run(1, 120 * kDay, 120 * kDay);
  {
    Connection connection{f.database.urls().owner};
    pqxx::work reader{connection.wire};
    reader.exec("SELECT count(*) FROM carillon.run_history");
    const Swept swept = f.sweep();
    CHECK(swept.more);
    CHECK(f.count("run_history") == "1");
  }
  CHECK_FALSE(f.sweep().more);
  CHECK(f.count("run_history") == "0");
}

TEST_CASE("callers may neither make nor drop partitions", "[store][retention]") {
  RetentionFixture f;
  constexpr EmbeddedText kDrop{"test_drop", "SELECT carillon.drop_partitions('run_history', now())"};
  constexpr EmbeddedText kMake{"test_make", "SELECT carillon.ensure_partitions(now(), 1)"};
  for (const auto& query : {kDrop, kMake})
    CHECK_THROWS_AS(f.store.in_tx(TenantId{"default"}, [&](Tx& tx) { tx.exec(query); }), pqxx::insufficient_privilege);
}

TEST_CASE("waits of steps are forgotten with their runs and not while these are queued again", "[store][retention]") {
  RetentionFixture f;
  f.task(1);
  f.live_run(1, kDay);
  f.database.run(
      "INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry,"
      " attempt, takeovers, origin, agent_id, correlation_id, folded) VALUES (0, 5, " +
      f.at(kSweptAt) + ", 7, 'default', 1, 1, 2, 0, 2, 1, 'schedule', 'owner', 'c', 0)");
  for (const std::string& run :
       {f.database.ask("SELECT id FROM carillon.run_live"), std::string{"7"}, std::string{"8"}})
    f.database.run(
        "INSERT INTO carillon.step_wait (tenant_id, run_id, step_path, attempt, waits_for, roots)"
        " VALUES ('default', " +
        run + ", 's', 1, 'event go', '')");
  f.sweep();
  CHECK(f.count("step_wait") == "2");
  CHECK(f.count("step_wait WHERE run_id = 8") == "0");
}
