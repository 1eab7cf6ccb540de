// Runs that share a concurrency key: how many of them are live at once.
#include "tests/store/hot_path_fixture.h"

using namespace carillon;
using test::kEnded;
using test::kLease;
using test::machine_now;
using test::put_ready;
using test::success;
using test::Worker;

TEST_CASE("of the runs that share a concurrency key one is live", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  for (int i = 1; i <= 3; ++i) put_ready(database, {.id = i, .key = "'lock:reports'"});
  put_ready(database, {.id = 4});

  auto runs = worker.claim(10);
  REQUIRE(runs.size() == 2);
  CHECK(worker.claim(10).empty());
  const auto keyed = std::find_if(runs.begin(), runs.end(), [](const LeasedRun& run) { return run.keyed; });
  REQUIRE(keyed != runs.end());
  CHECK(keyed->lease.id == RunId{1});
  worker.path.settle({success(*keyed)});
  runs = worker.claim(10);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].lease.id == RunId{2});
}

TEST_CASE("of the runs that share a wide key so many are live as its width says", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  for (int i = 1; i <= 6; ++i) put_ready(database, {.id = i, .key = "'task:1'", .key_width = 3});
  put_ready(database, {.id = 7, .key = "'lock:reports'"});

  auto runs = worker.claim(10);
  CHECK(runs.size() == 4);
  CHECK(worker.claim(10).empty());
  const std::string places =
      "SELECT string_agg(id || ' at ' || key_place, ', ' ORDER BY id) FROM carillon.run_live WHERE concurrency_key = "
      "'task:1'";
  CHECK(database.ask(places) == "1 at 1, 2 at 2, 3 at 3");
  const auto second =
      std::find_if(runs.begin(), runs.end(), [](const LeasedRun& run) { return run.lease.id == RunId{2}; });
  REQUIRE(second != runs.end());
  worker.path.settle({success(*second)});
  CHECK(worker.claim(10).size() == 1);
  CHECK(database.ask(places) == "1 at 1, 3 at 3, 4 at 2");

  // A run that was queued under a narrower key waits until there is room under its own.
  database.run("UPDATE carillon.run_ready SET key_width = 1 WHERE id = 5");
  database.run("DELETE FROM carillon.run_live WHERE id = 4");
  runs = worker.claim(10);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].lease.id == RunId{6});
}

TEST_CASE("the width of a key follows its run wherever it goes", "[store][hot_path]") {
  const test::TestDatabase database;
  Worker worker{database, "one"};
  worker.shards = worker.leases.take(16, kLease);
  const std::string width = "SELECT key_width FROM carillon.run_ready";
  put_ready(database, {.id = 1, .key = "'task:1'", .key_width = 3});

  auto runs = worker.claim(1);
  REQUIRE(runs.size() == 1);
  worker.path.hand_back({runs[0].lease});
  CHECK(database.ask(width) == "3");
  runs = worker.claim(1);
  REQUIRE(runs.size() == 1);
  Settlement again = success(runs[0]);
  again.state = RunState::queued;
  again.output.reset();
  again.run_at = machine_now() - std::chrono::seconds{1};
  worker.path.settle({again});
  CHECK(database.ask(width) == "3");
  REQUIRE(worker.claim(1, kEnded).size() == 1);
  worker.path.expire(worker.shards, {});
  CHECK(database.ask(width) == "3");
}
