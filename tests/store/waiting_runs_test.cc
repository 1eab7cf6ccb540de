// Runs whose steps only wait: they stay live without a lease, and whoever owns their shard when their time comes goes
// on.
#include "server/store/connection.h"
#include "server/store/hot_path.h"
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kLease;
using test::machine_now;
using test::misplaced;
using test::put_ready;
using test::Worker;

namespace {

// A run that `worker` has begun and that waits until then.
RunMark put_waiting(const test::TestDatabase& database, Worker& worker, int id, Instant wake_at) {
  put_ready(database, {.id = id, .shard = id});
  RunMark mark;
  mark.lease = worker.claim(1).at(0).lease;
  mark.at = machine_now();
  mark.steps.push_back(
      {.journal = JournalEntry{.step_path = "pause", .state = "waiting", .tool = "", .started_at = mark.at}});
  mark.wake_at = wake_at;
  CHECK(worker.path.mark({mark}).size() == 1);
  return mark;
}

WakeOrder order_of(const Worker& worker, Instant now, int n_max = 10) {
  return {.shards = worker.shards, .now = now, .n_max = n_max, .lease = kLease};
}

}  // namespace

TEST_CASE("a run that waits is woken when its time has come and not before", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  const Instant now = machine_now();
  const RunMark mark = put_waiting(database, worker, 1, now + std::chrono::hours{1});
  put_waiting(database, worker, 2, Instant::max());
  CHECK(misplaced(database, 2, 2).empty());

  const auto times = worker.path.wake_times(worker.shards, now + std::chrono::hours{2});
  REQUIRE(times.size() == 1);
  CHECK(times[0].at == now + std::chrono::hours{1});
  CHECK(worker.path.wake(order_of(worker, now)).empty());

  const auto woken = worker.path.wake(order_of(worker, now + std::chrono::hours{1}));
  REQUIRE(woken.size() == 1);
  CHECK(woken[0].lease.id == RunId{1});
  CHECK(woken[0].lease.attempt == mark.lease.attempt + 1);
  CHECK(woken[0].started_at.has_value());
  CHECK(database.ask("SELECT state || ' ' || (lease_until < now() + interval '1 day') || ' ' || (wake_at IS NULL) "
                     "FROM carillon.run_live WHERE id = 1") == "running true true");
  CHECK(worker.path.mark({mark}).empty());  // of the lease before
}

TEST_CASE("no lease of a waiting run runs out and another owner of its shard wakes it", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker one{database, "one"}, two{database, "two"};
  one.shards = one.leases.take(16, kLease);
  const Instant now = machine_now();
  put_waiting(database, one, 1, now);
  CHECK(one.path.expire(one.shards, {}).empty());

  CHECK(two.path.wake(order_of(one, now)).empty());  // not its shards
  one.leases.release(one.shards);
  two.shards = two.leases.take(16, kLease);
  CHECK(one.path.wake(order_of(one, now)).empty());
  CHECK(two.path.wake(order_of(two, now)).size() == 1);
}

TEST_CASE("a wake takes at most what was asked for and nothing of a tenant that is paused", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  const Instant now = machine_now();
  for (int id = 1; id <= 5; ++id) put_waiting(database, worker, id, now);
  database.run(
      "INSERT INTO carillon.dispatch_pause (tenant_id, paused_by, paused_at) VALUES ('default', 'ann', now())");
  CHECK(worker.path.wake(order_of(worker, now)).empty());
  database.run("DELETE FROM carillon.dispatch_pause");
  CHECK(worker.path.wake(order_of(worker, now, 2)).size() == 2);
  CHECK(worker.path.wake(order_of(worker, now)).size() == 3);
}

TEST_CASE("a run whose end was asked for while it was about to wait is due at once", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  put_ready(database, {.id = 1});
  RunMark mark;
  mark.lease = worker.claim(1).at(0).lease;
  mark.at = machine_now();
  mark.wake_at = Instant::max();
  database.run("UPDATE carillon.run_live SET cancel_requested_at = now()");
  CHECK(worker.path.mark({mark}).size() == 1);
  CHECK(worker.path.wake(order_of(worker, machine_now())).size() == 1);
}
