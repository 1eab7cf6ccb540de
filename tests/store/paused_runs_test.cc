// Runs that somebody has paused: they are not claimed, woken or begun again until somebody resumes them, or their time
// has come; wherever they go meanwhile.
#include "server/store/hot_path.h"
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kEnded;
using test::kLease;
using test::machine_now;
using test::misplaced;
using test::put_ready;
using test::Worker;

namespace {

struct PausedFixture {
  PausedFixture() { worker.shards = worker.leases.take(16, kLease); }

  LeasedRun claimed(Duration lease = kLease) {
    put_ready(database, {.id = 1});
    return worker.claim(1, lease).at(0);
  }
  void pause(const std::string& until = "NULL") {
    database.run("UPDATE carillon.run_live SET paused_by = 'ann', pause_reason = 'too loud', paused_until = " + until);
  }
  std::vector<LeasedRun> woken(Duration ahead = Duration{0}) {
    return worker.path.wake({.shards = worker.shards, .now = machine_now() + ahead, .n_max = 9, .lease = kLease});
  }
  std::string queued() const {
    return database.ask(
        "SELECT concat_ws(' ', run_at, paused_by, pause_reason, resumes_at < now() + interval '2 h') "
        "FROM carillon.run_ready");
  }

  test::TestDatabase database;
  Worker worker{database, "one"};
};

RunMark resting(const RunLease& lease, Instant wake_at) {
  RunMark mark;
  mark.lease = lease;
  mark.at = machine_now();
  mark.wake_at = wake_at;
  return mark;
}

}  // namespace

TEST_CASE("a paused run that waits is woken when it is resumed and when its pause ends", "[store][paused]") {
  const bool has_end = GENERATE(false, true);
  PausedFixture f;
  const LeasedRun run = f.claimed();
  f.pause(has_end ? "now() + interval '1 h'" : "NULL");
  CHECK(f.worker.path.mark({resting(run.lease, Instant::min())}).size() == 1);
  CHECK(f.woken().empty());
  CHECK(f.worker.path.wake_times(f.worker.shards, machine_now() + std::chrono::minutes{30}).empty());
  const auto times = f.worker.path.wake_times(f.worker.shards, machine_now() + std::chrono::hours{2});
  CHECK(times.size() == (has_end ? 1 : 0));
  if (has_end) {
    CHECK(times.at(0).at > machine_now() + std::chrono::minutes{50});
    CHECK(f.woken(std::chrono::hours{2}).size() == 1);
    CHECK(f.database.ask("SELECT paused_by IS NULL AND pause_reason IS NULL AND paused_until IS NULL "
                         "FROM carillon.run_live") == "t");
  } else {
    CHECK(f.woken(std::chrono::hours{2}).empty());
    f.database.run("UPDATE carillon.run_live SET paused_by = NULL");
    CHECK(f.woken().size() == 1);
  }
}

TEST_CASE("a paused run is woken to be undone", "[store][paused]") {
  PausedFixture f;
  const LeasedRun run = f.claimed();
  f.pause();
  f.database.run("UPDATE carillon.run_live SET undoes = true");
  CHECK(f.worker.path.mark({resting(run.lease, machine_now())}).size() == 1);
  CHECK(f.woken().size() == 1);
}

TEST_CASE("renewing tells which runs are paused", "[store][paused]") {
  const auto [until, is_paused] = GENERATE(
      table<std::string, bool>({{"NULL", true}, {"now() + interval '1 h'", true}, {"now() - interval '1 s'", false}}));
  PausedFixture f;
  const LeasedRun run = f.claimed();
  CHECK_FALSE(f.worker.path.renew({run.lease}, kLease).at(0).is_paused);
  f.pause(until);
  CHECK(f.worker.path.renew({run.lease}, kLease).at(0).is_paused == is_paused);
}

TEST_CASE("a paused run that is queued again stays paused", "[store][paused]") {
  const std::string how = GENERATE("settle", "expire", "hand back");
  PausedFixture f;
  const LeasedRun run = f.claimed(how == "expire" ? kEnded : kLease);
  f.pause();
  if (how == "settle") {
    Settlement end;
    end.lease = run.lease;
    end.state = RunState::queued;
    end.finished_at = machine_now();
    end.run_at = machine_now() + std::chrono::hours{1};
    CHECK(f.worker.path.settle({end}).size() == 1);
  }
  if (how == "expire") CHECK(f.worker.path.expire(f.worker.shards, {}).size() == 1);
  if (how == "hand back") CHECK(f.worker.path.hand_back({run.lease}).size() == 1);
  CHECK(f.queued() == "infinity ann too loud t");
  f.worker.ahead = std::chrono::hours{24};
  CHECK(f.worker.claim(1).empty());
  CHECK(misplaced(f.database, 1, 1).empty());
}

TEST_CASE("a pause with an end is over when a queued run is claimed behind it", "[store][paused]") {
  PausedFixture f;
  const LeasedRun run = f.claimed(kEnded);
  f.pause("now() + interval '1 h'");
  CHECK(f.worker.path.expire(f.worker.shards, {}).size() == 1);
  CHECK(f.worker.claim(1).empty());
  f.worker.ahead = std::chrono::hours{2};
  CHECK(f.worker.claim(1).size() == 1);
  CHECK(f.database.ask("SELECT paused_by IS NULL FROM carillon.run_live") == "t");
}
