#include "server/worker/keeper.h"

#include <catch2/catch.hpp>

#include "tests/worker/rig.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

TEST_CASE("a lease is renewed when it is half a period old and a wished cancel is heard of at once",
          "[worker][keeper]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.read")));
  put_ready(database, {.id = 1});
  HotPath path{HotPathOptions{.url = database.urls().dispatch, .application = "keeper"}, "one"};
  ShardLeases leases{path.connection(), "one"};
  Ownership ownership;
  ownership.set(leases.take(16, 10s));
  DbClock clock;
  const LeaseOptions options;
  const auto claimed = path.claim({.pairs = {{ownership.shards().at(0), 5, Floor{}, 1}},
                                   .now = clock.now(),
                                   .n_max = 1,
                                   .lease = options.run_lease});
  const auto run = std::make_shared<RunInFlight>(claimed.runs.at(0));
  RunsInFlight runs;
  runs.add({run});

  FakeTools tools;
  Completer completer{path, BatchOptions{}, [](const std::vector<SettledRun>&) {}};
  QuestionRows rows{path.connection(), "one"};
  QuestionDesk desk{{rows, clock, {}}, QuestionOptions{}};
  Executor executor{{tools, clock, runs, [&](RunId) -> Completer& { return completer; }, desk}, ExecutorOptions{}};
  DueBoard board{clock};
  LeaseKeeper keeper{{path, clock, ownership, board, runs, executor, [](RunId) {}}, options};
  const auto heartbeat = [&] { return database.ask("SELECT heartbeat_at FROM carillon.run_live WHERE id = 1"); };
  const std::string when_leased = heartbeat();

  run->lease_end = BootClock::now() + options.run_lease - 500ms;
  keeper.renew_once(LeaseKeeper::Leases::older);
  CHECK(heartbeat() == when_leased);

  run->lease_end = BootClock::now() + options.run_lease - 500ms - options.renew_every / 2;
  keeper.renew_once(LeaseKeeper::Leases::older);
  CHECK(heartbeat() != when_leased);
  CHECK(run->lease_end.load() > BootClock::now() + options.run_lease - 1s);

  database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough'");
  keeper.renew_once(LeaseKeeper::Leases::older);
  CHECK_FALSE(run->cancelled);
  keeper.renew_once(LeaseKeeper::Leases::all);
  CHECK(run->cancelled);
}
