#include "server/store/hot_path.h"

#include <pqxx/pqxx>

#include "server/store/connection.h"
#include "server/store/sql.h"
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kEnded;
using test::kLease;
using test::machine_now;
using test::misplaced;
using test::put_ready;
using test::QueuedRun;
using test::success;
using test::Worker;

TEST_CASE("a due run goes from ready to live to history and leaves events on the way", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = (std::int64_t{1} << 53) + 7, .shard = 3});

  const auto runs = worker.claim(10);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].lease.id.number() == (std::int64_t{1} << 53) + 7);
  CHECK(runs[0].tenant.str() == "default");
  CHECK(database.ask("SELECT state || ' ' || call_state FROM carillon.run_live") == "running idle");
  CHECK(misplaced(database).empty());

  const auto moved = worker.path.settle({success(runs[0])});
  REQUIRE(moved.size() == 1);
  CHECK(moved[0].state == RunState::succeeded);
  CHECK(database.ask("SELECT outcome || ' ' || convert_from(output, 'UTF8') FROM carillon.run_history") ==
        R"(succeeded {"text":"done"})");
  CHECK(database.ask("SELECT string_agg(event_type, ' ' ORDER BY sequence) FROM carillon.outbox") ==
        "task.run.started task.run.succeeded");
  CHECK(misplaced(database).empty());
}

TEST_CASE("the most urgent priority is claimed first whatever its age", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  for (int i = 1; i <= 9; ++i)
    put_ready(database, {.id = i,
                         .shard = i,
                         .priority = 10 - i,
                         .run_at = "now() - interval '1 h' + interval '1 s' * " + std::to_string(i)});
  for (int priority = 1; priority <= 9; ++priority) {
    const auto runs = worker.claim(1);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].priority == priority);
  }
}

TEST_CASE("a claim never takes more than it asked for even when nested loops are forced", "[store][hot_path]") {
  const test::TestDatabase database;
  database.run("ALTER ROLE carillon_dispatch IN DATABASE " + database.ask("SELECT current_database()") +
               " SET enable_hashjoin = off");
  database.run("ALTER ROLE carillon_dispatch IN DATABASE " + database.ask("SELECT current_database()") +
               " SET enable_mergejoin = off");
  test::put_many_ready(database, 1, 500, 1);
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  CHECK(worker.claim(37).size() == 37);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_live") == "37");
  CHECK(misplaced(database, 1, 500).empty());
}

TEST_CASE("a late result is refused after the run was taken over", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker late{database, "late"}, heir{database, "heir"};
  put_ready(database, {.id = 1});
  late.shards = late.leases.take(16, kEnded);
  const auto first = late.claim(1, kEnded);
  REQUIRE(first.size() == 1);

  heir.shards = heir.leases.take(16, kLease);
  REQUIRE(heir.shards.size() == 16);
  CHECK(heir.shards[0].epoch == late.shards[0].epoch + 1);
  CHECK(late.leases.renew(late.shards, kLease).empty());
  CHECK(late.claim(1).empty());

  const auto taken = heir.path.expire(heir.shards, {});
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].state == RunState::queued);
  CHECK(late.path.settle({success(first[0])}).empty());

  const auto again = heir.claim(1);
  REQUIRE(again.size() == 1);
  CHECK(again[0].lease.attempt == 2);
  CHECK(again[0].takeovers == 1);
  CHECK(late.path.settle({success(first[0])}).empty());
  CHECK(late.path.renew({first[0].lease}, kLease).empty());
  CHECK(heir.path.settle({success(again[0])}).size() == 1);
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("whoever holds a lease holds all of it", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "worker"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  auto stale = worker.shards;
  for (auto& shard : stale) --shard.epoch;
  std::swap(worker.shards, stale);
  CHECK(worker.claim(1).empty());
  std::swap(worker.shards, stale);
  const auto run = worker.claim(1).at(0);
  CHECK(worker.path.expire(worker.shards, {}).empty());  // it has not ended
  for (const std::string other : {"epoch = epoch + 1", "attempt = attempt + 1", "owner = 'other'"}) {
    INFO(other);
    const std::string before = database.ask("SELECT owner || ',' || epoch || ',' || attempt FROM carillon.run_live");
    database.run("UPDATE carillon.run_live SET " + other);
    CHECK(worker.path.renew({run.lease}, kLease).empty());
    CHECK(
        worker.path.mark({RunMark{.lease = run.lease, .call_state = CallState::calling, .at = machine_now()}}).empty());
    CHECK(worker.path.hand_back({run.lease}).empty());
    CHECK(worker.path.settle({success(run)}).empty());
    database.run("UPDATE carillon.run_live SET owner = split_part('" + before + "', ',', 1), epoch = split_part('" +
                 before + "', ',', 2)::bigint, attempt = split_part('" + before + "', ',', 3)::integer");
  }
  CHECK(worker.path.mark({RunMark{.lease = run.lease, .call_state = CallState::calling, .at = machine_now()}}).size() ==
        1);
  CHECK(worker.path.hand_back({run.lease}).empty());  // its call may have had its effect
  CHECK(worker.path.settle({success(run)}).size() == 1);
}

TEST_CASE("a run cut off inside a call that may not be repeated ends unknown", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  const auto runs = worker.claim(1, kEnded);
  RunMark mark;
  mark.lease = runs.at(0).lease;
  mark.call_state = CallState::calling;
  mark.call_step = "send";
  mark.at = machine_now();
  StepEntry send;
  send.journal = JournalEntry{.step_path = "send", .state = "running", .tool = "t.send", .started_at = mark.at};
  mark.steps.push_back(std::move(send));
  CHECK(worker.path.mark({mark}).size() == 1);

  const auto taken = worker.path.expire(worker.shards, {});
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].state == RunState::unknown);
  CHECK(database.ask("SELECT outcome || ' ' || error_class FROM carillon.run_history") == "unknown unknown_outcome");
  CHECK(database.ask("SELECT step_path || ' ' || state FROM carillon.step_journal") == "send unknown");
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("what a run cost stands on it and on its calls whoever ends it", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  for (int id = 1; id <= 3; ++id) put_ready(database, {.id = id, .shard = id});
  const auto runs = worker.claim(3, kEnded);
  REQUIRE(runs.size() == 3);
  std::vector<RunMark> marks;
  for (const auto& run : {runs[0], runs[1]}) {
    RunMark mark;
    mark.lease = run.lease;
    mark.at = machine_now();
    StepEntry step;
    step.journal = JournalEntry{.step_path = "ask", .state = "succeeded", .tool = "t.ask", .started_at = mark.at};
    step.effect = EffectEntry{.step_path = "ask",
                              .tool = "t.ask",
                              .effect = Effect::read,
                              .input = "{}",
                              .idempotency_key = "k",
                              .outcome = "succeeded",
                              .started_at = mark.at,
                              .cost = Cost{20'000}};
    mark.steps.push_back(std::move(step));
    marks.push_back(std::move(mark));
  }
  CHECK(worker.path.mark(marks).size() == 2);
  const auto spent = worker.path.load_spent({RunId{1}, RunId{2}, RunId{3}});
  REQUIRE(spent.size() == 2);
  CHECK(spent[0].cost == Cost{20'000});
  Settlement first = success(runs[0]), free = success(runs[2]);
  first.cost = Cost{50'000};
  first.effect = EffectEntry{.step_path = "tell",
                             .tool = "t.tell",
                             .input = "{}",
                             .idempotency_key = "k",
                             .outcome = "succeeded",
                             .started_at = machine_now(),
                             .cost = Cost{30'000}};
  CHECK(worker.path.settle({first, free}).size() == 2);
  database.run("UPDATE carillon.run_live SET call_state = 'calling'");
  CHECK(worker.path.expire(worker.shards, {}).at(0).state == RunState::unknown);
  CHECK(database.ask("SELECT string_agg(id || ' ' || coalesce(round(cost, 2)::text, '-'), ', ' ORDER BY id) FROM "
                     "carillon.run_history") == "1 0.05, 2 0.02, 3 -");
  CHECK(database.ask("SELECT string_agg(run_id || ' ' || step_path || ' ' || round(cost, 2), ', ' ORDER BY run_id, "
                     "step_path) FROM "
                     "carillon.effect_journal") == "1 ask 0.02, 1 tell 0.03, 2 ask 0.02");
  CHECK(database.ask("SELECT count(*) FROM carillon.step_journal WHERE cost = 0.02") == "2");
}

TEST_CASE("a run that keeps killing its workers is quarantined", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  int deaths = 0;
  for (RunState state = RunState::queued; state == RunState::queued && deaths < 20; ++deaths) {
    const auto runs = worker.claim(1, kEnded);
    REQUIRE(runs.size() == 1);
    RunMark start;  // a run that has been taken over before starts only after this mark
    start.lease = runs[0].lease;
    start.at = machine_now();
    worker.path.mark({start});
    state = worker.path.expire(worker.shards, {.takeovers_max = 3}).at(0).state;
  }
  CHECK(deaths == 3);
  CHECK(database.ask("SELECT outcome || ' ' || reason || ' ' || takeovers FROM carillon.run_history") ==
        "failed quarantined 3");
}

TEST_CASE("a run that was only queued behind a poison run is not quarantined with it", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  for (int deaths = 0; deaths < 10; ++deaths) {
    REQUIRE(worker.claim(1, kEnded).size() == 1);  // never started: no mark
    REQUIRE(worker.path.expire(worker.shards, {.takeovers_max = 3}).at(0).state == RunState::queued);
  }
  CHECK(database.ask("SELECT takeovers FROM carillon.run_ready") == "1");
}

TEST_CASE("a run handed back keeps its attempt", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  const auto runs = worker.claim(1);
  CHECK(worker.path.hand_back({runs.at(0).lease}).size() == 1);
  CHECK(database.ask("SELECT attempt || ' ' || takeovers FROM carillon.run_ready") == "1 0");
  CHECK(worker.path.settle({success(runs[0])}).empty());
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("a run whose own deadline passed before it started is missed with a reason", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1, .expires_at = "now() - interval '1 ms'"});
  CHECK(worker.claim(10).empty());
  CHECK(worker.last.missed == std::vector<RunId>{RunId{1}});
  CHECK(database.ask("SELECT outcome FROM carillon.run_history WHERE reason LIKE 'expired%'") == "missed");
  CHECK(database.ask("SELECT event_type FROM carillon.outbox") == "task.run.missed");
}

// Losing the evidence that a run started costs a second start of what may be repeated; losing the end of one would undo
// what has been told.
TEST_CASE("a claim's commit is waited for only when something ended by it", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  const auto shard = worker.leases.take(16, kLease).at(0);
  put_ready(database, {.id = 1, .shard = shard.shard});
  const bool expired = GENERATE(false, true);
  if (expired) put_ready(database, {.id = 2, .shard = shard.shard, .expires_at = "now() - interval '1 ms'"});

  Connection connection{database.urls().dispatch};
  pqxx::work work{connection.wire};
  work.exec("SET LOCAL synchronous_commit = on");
  work.exec("PREPARE claim AS " + std::string{sql::claim_runs.text});
  const std::string number = std::to_string(shard.shard);
  const auto rows = work.exec("EXECUTE claim('one', '{" + number + "}', '{" + std::to_string(shard.epoch) +
                              "}', '{5}', '{-infinity}', '{10}', now(), 10, '10 s', 'running', 'missed', '{0}')");
  CHECK(rows.size() == (expired ? 2 : 1));
  CHECK(work.exec1("SHOW synchronous_commit")[0].as<std::string>() == (expired ? "on" : "off"));
}

TEST_CASE("nothing of a paused tenant is dispatched until the pause ends", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  database.run("INSERT INTO carillon.dispatch_pause VALUES ('default', 'stop', 'owner', now(), NULL)");
  CHECK(worker.claim(10).empty());
  database.run("UPDATE carillon.dispatch_pause SET until = now() + interval '1 h'");
  CHECK(worker.claim(10).empty());
  worker.ahead = std::chrono::hours{2};  // by the clock of what is due, as the due times
  CHECK(worker.claim(10).size() == 1);
}

TEST_CASE("a retry goes back to the queue unless somebody asked for the end", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  put_ready(database, {.id = 2});
  const auto runs = worker.claim(2);
  database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough' WHERE id = 2");
  std::vector<Settlement> ends;
  for (const auto& run : runs) {
    Settlement end;
    end.lease = run.lease;
    end.state = RunState::queued;
    end.run_at = machine_now() + std::chrono::hours{1};
    end.finished_at = machine_now();
    end.error_class = "timeout";
    ends.push_back(end);
  }
  CHECK(worker.path.settle(ends).size() == 2);
  CHECK(database.ask("SELECT id || ' ' || attempt FROM carillon.run_ready") == "1 2");
  CHECK(database.ask("SELECT id || ' ' || outcome || ' ' || reason FROM carillon.run_history") == "2 cancelled enough");
  CHECK(database.ask("SELECT string_agg(event_type, ' ' ORDER BY event_type) FROM carillon.outbox "
                     "WHERE event_type <> 'task.run.started'") == "task.run.cancelled task.run.retrying");
}

TEST_CASE("renewing tells who asked for a cancel and what was lost", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  for (int i = 1; i <= 3; ++i) put_ready(database, {.id = i});
  const auto runs = worker.claim(3);
  database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough' WHERE id = 2");
  database.run("DELETE FROM carillon.run_live WHERE id = 3");
  std::vector<RunLease> leases;
  for (const auto& run : runs) leases.push_back(run.lease);
  auto renewed = worker.path.renew(leases, kLease);
  std::sort(renewed.begin(), renewed.end(), [](const auto& left, const auto& right) { return left.id < right.id; });
  REQUIRE(renewed.size() == 2);
  CHECK(!renewed[0].cancel.has_value());
  CHECK(renewed[1].cancel == "enough");
}

TEST_CASE("steps and their effects are written with the mark and only by the one who holds the lease",
          "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  const auto runs = worker.claim(1);
  RunMark mark;
  mark.lease = runs.at(0).lease;
  mark.at = machine_now();
  StepEntry fetch, pause;
  fetch.journal = JournalEntry{.step_path = "fetch",
                               .state = "succeeded",
                               .tool = "a.b",
                               .started_at = machine_now(),
                               .finished_at = machine_now(),
                               .output = "{}",
                               .output_bytes = 2};
  fetch.effect = EffectEntry{.step_path = "fetch",
                             .tool = "a.b",
                             .input = "{}",
                             .idempotency_key = "k",
                             .outcome = "succeeded",
                             .started_at = machine_now(),
                             .duration = std::chrono::milliseconds{5}};
  pause.journal = JournalEntry{.step_path = "pause", .state = "waiting", .tool = "", .started_at = machine_now()};
  mark.steps = {std::move(fetch), std::move(pause)};
  RunMark stale = mark;
  stale.lease.attempt = 2;
  CHECK(worker.path.mark({stale}).empty());
  CHECK(database.ask("SELECT count(*) FROM carillon.step_journal") == "0");
  CHECK(worker.path.mark({mark}) == std::vector<RunId>{RunId{1}});
  CHECK(database.ask(
            "SELECT string_agg(step_path || ' ' || state, ', ' ORDER BY step_path) FROM carillon.step_journal") ==
        "fetch succeeded, pause waiting");
  CHECK(database.ask("SELECT duration::text FROM carillon.effect_journal") == "00:00:00.005");
  const auto journal = worker.path.load_journal({RunId{1}});
  REQUIRE(journal.size() == 2);
  const auto& first = journal[journal[0].entry.step_path == "fetch" ? 0 : 1];
  CHECK(first.entry.output == "{}");
}

TEST_CASE("a large output has a row of its own", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  auto end = success(worker.claim(1).at(0));
  end.output = std::string(5000, 'x');
  end.output_bytes = 5000;
  worker.path.settle({end});
  CHECK(database.ask("SELECT output IS NULL FROM carillon.run_history") == "t");
  CHECK(database.ask("SELECT octet_length(output) FROM carillon.run_output") == "5000");
}

TEST_CASE("a batch with a value that the database refuses fails as a data error", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  auto end = success(worker.claim(1).at(0));
  end.error_message = std::string{"a\0b", 3};
  try {
    worker.path.settle({end});
    FAIL("it was accepted");
  } catch (const StatementFailed& failure) {
    CHECK(failure.is_data_error());
  }
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("the connection heals after the server ended it and after its statements were forgotten",
          "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'carillon one'");
  CHECK_THROWS_AS(worker.leases.count_workers(), DatabaseGone);
  CHECK(worker.leases.count_workers() == 1);
  worker.path.connection().run(EmbeddedText{"test_forget", "DEALLOCATE ALL"}, HotParams{});
  CHECK(worker.leases.count_workers() == 1);
}

TEST_CASE("a statement that takes too long is given up and the connection with it", "[store][hot_path]") {
  const test::TestDatabase database;
  HotPathConnection connection{HotPathOptions{
      .url = database.urls().dispatch, .application = "slow", .statement_deadline = std::chrono::milliseconds{200}}};
  CHECK_THROWS(connection.run(EmbeddedText{"test_slow", "SELECT pg_sleep(20)::text"}, HotParams{}));
  CHECK(connection.run(EmbeddedText{"test_quick", "SELECT 1::bigint"}, HotParams{})[0].int64() == 1);
}
