// Runs that end only when what they did is undone: the wish goes with them wherever they are, and nobody who has not
// heard of it ends them.
#include "server/store/hot_path.h"
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kEnded;
using test::kLease;
using test::machine_now;
using test::misplaced;
using test::put_ready;
using test::success;
using test::Worker;

namespace {

struct UndoingFixture {
  UndoingFixture() { worker.shards = worker.leases.take(16, kLease); }

  LeasedRun claimed(int id = 1, Duration lease = kLease) {
    put_ready(database, {.id = id});
    return worker.claim(1, lease).at(0);
  }
  void wish() {
    database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough', undoes = true");
  }
  std::string queued() const {
    return database.ask(
        "SELECT concat_ws(' ', attempt, cancel_reason, cancel_requested_at IS NOT NULL, undoes) FROM "
        "carillon.run_ready");
  }

  test::TestDatabase database;
  Worker worker{database, "one"};
};

Settlement retry(const RunLease& lease) {
  Settlement end;
  end.lease = lease;
  end.state = RunState::queued;
  end.run_at = machine_now() + std::chrono::hours{1};
  end.finished_at = machine_now();
  end.error_class = "timeout";
  return end;
}

}  // namespace

TEST_CASE("a run that is queued again keeps the wish that it is undone", "[store][undoing]") {
  UndoingFixture f;
  const RunLease lease = f.claimed().lease;
  f.wish();
  const auto renewed = f.worker.path.renew({lease}, kLease);
  REQUIRE(renewed.size() == 1);
  CHECK(renewed[0].cancel == "enough");
  CHECK(renewed[0].undoes);
  CHECK(f.worker.path.settle({retry(lease)}).size() == 1);
  CHECK(f.queued() == "2 enough t t");
  // Who did not know it would have waited an hour.
  const auto again = f.worker.claim(1);
  REQUIRE(again.size() == 1);
  CHECK(again[0].cancel == "enough");
  CHECK(again[0].undoes);

  Settlement heard = retry(again[0].lease);
  heard.undoes = true;
  CHECK(f.worker.path.settle({heard}).size() == 1);
  CHECK(f.queued() == "3 enough t t");
  CHECK(f.worker.claim(1).empty());
  CHECK(misplaced(f.database, 1, 1).empty());
}

TEST_CASE("a run that is to be undone is ended only by who knows of it", "[store][undoing]") {
  UndoingFixture f;
  Settlement end = success(f.claimed());
  f.wish();
  CHECK(f.worker.path.settle({end}).empty());
  CHECK(f.database.ask("SELECT state FROM carillon.run_live") == "running");
  end.state = RunState::cancelled;
  end.error_class = "cancelled";
  end.undoes = true;
  end.compensated = true;
  CHECK(f.worker.path.settle({end}).size() == 1);
  CHECK(f.database.ask("SELECT outcome || ' ' || reason || ' ' || compensated FROM carillon.run_history") ==
        "cancelled enough true");
}

TEST_CASE("a lost worker's run is undone by another whatever was asked", "[store][undoing]") {
  const auto [call, became, record] = GENERATE(table<std::string, std::string, std::string>({
      {"call_state = 'idle'", "queued", "running"},
      {"call_state = 'calling', call_step = 'label[3].post!undo'", "queued", "unknown"},
      {"call_state = 'calling', call_step = 'label[3].post'", "unknown", "unknown"},
  }));
  UndoingFixture f;
  f.claimed(1, kEnded);
  f.wish();
  f.database.run("UPDATE carillon.run_live SET started_at = now(), " + call +
                 "; INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at) "
                 "VALUES (1, 'x', 1, 'default', 'running', now())");
  const auto taken = f.worker.path.expire(f.worker.shards, {});
  REQUIRE(taken.size() == 1);
  CHECK(name_of(taken[0].state) == became);
  CHECK(f.queued() == (became == "queued" ? "2 enough t t" : ""));
  CHECK(f.database.ask("SELECT state FROM carillon.step_journal") == record);
  CHECK(f.database.ask("SELECT compensated FROM carillon.run_history") == (became == "unknown" ? "f" : ""));
}

TEST_CASE("a worker says that it undoes and then no cancel ends the run", "[store][undoing]") {
  UndoingFixture f;
  RunMark mark;
  mark.lease = f.claimed(1, kEnded).lease;
  mark.at = machine_now();
  mark.undoes = true;
  CHECK(f.worker.path.mark({mark}).size() == 1);
  mark.undoes = false;
  CHECK(f.worker.path.mark({mark}).size() == 1);
  CHECK(f.database.ask("SELECT undoes FROM carillon.run_live") == "t");
  f.database.run("UPDATE carillon.run_live SET cancel_requested_at = now()");
  CHECK(f.worker.path.expire(f.worker.shards, {}).at(0).state == RunState::queued);
}

TEST_CASE("a run that rests is woken for a wish that its worker had not heard", "[store][undoing]") {
  const bool heard = GENERATE(false, true);
  UndoingFixture f;
  RunMark mark;
  mark.lease = f.claimed().lease;
  f.wish();
  mark.at = machine_now();
  mark.wake_at = machine_now() + std::chrono::hours{1};
  mark.undoes = heard;
  CHECK(f.worker.path.mark({mark}).size() == 1);
  const auto woken = f.worker.path.wake({.shards = f.worker.shards, .now = machine_now(), .n_max = 9, .lease = kLease});
  REQUIRE(woken.size() == (heard ? 0 : 1));
  if (heard) return;
  CHECK(woken[0].cancel == "enough");
  CHECK(woken[0].undoes);
}

TEST_CASE("a run that is handed back keeps the wish that it is undone", "[store][undoing]") {
  UndoingFixture f;
  const LeasedRun run = f.claimed();
  f.wish();
  CHECK(f.worker.path.hand_back({run.lease}).size() == 1);
  CHECK(f.queued() == "1 enough t t");
}
