#include "server/worker/keeper.h"

#include <catch2/catch.hpp>

#include "server/worker/known_tasks.h"
#include "tests/worker/rig.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

// One run, claimed, and what would perform it.
struct InFlight {
  TestDatabase database;
  HotPath path{HotPathOptions{.url = database.urls().dispatch, .application = "keeper"}, "one"};
  ShardLeases leases{path.connection(), "one"};
  Ownership ownership;
  DbClock clock;
  const LeaseOptions options{};
  KnownTasks known;
  RunsInFlight runs;
  FakeTools tools;
  Completer completer{path, BatchOptions{}, [](const std::vector<SettledRun>&) {}};
  QuestionRows rows{path.connection(), "one"};
  QuestionDesk desk{{rows, clock, {}}, QuestionOptions{}};
  Executor executor{{tools, clock, runs, [this](RunId) -> Completer& { return completer; }, desk}, ExecutorOptions{}};
  RunPtr run;

  InFlight() {
    put_task(database, 1, definition_of(tool_action("t.read")));
    put_ready(database, {.id = 1});
    ownership.set(leases.take(16, 10s));
    const auto claimed = path.claim({.pairs = {{ownership.shards().at(0), 5, Floor{}, 1}},
                                     .now = clock.now(),
                                     .n_max = 1,
                                     .lease = options.run_lease});
    run = std::make_shared<RunInFlight>(claimed.runs.at(0));
    run->task = known.of(path, claimed.runs).at(0);
    runs.add({run});
  }
};

}  // namespace

TEST_CASE("a run whose lease has ended by the time of its call is not called any more", "[worker][executor]") {
  const bool has_ended = GENERATE(true, false);
  InFlight here;
  here.run->lease_end = BootClock::now() + (has_ended ? 0s : 1h);
  here.executor.start({here.run});
  while (here.executor.work().try_once()) continue;
  CHECK(here.tools.calls().size() == (has_ended ? 0U : 1U));
  CHECK(here.runs.size() == (has_ended ? 0U : 1U));
}

TEST_CASE("a lease is renewed when it is half a period old and a wished cancel is heard of at once",
          "[worker][keeper]") {
  InFlight here;
  const auto& options = here.options;
  const auto& run = here.run;
  DueBoard board{here.clock};
  LeaseKeeper keeper{{here.path, here.clock, here.ownership, board, here.runs, here.executor, [](RunId) {}}, options};
  const auto heartbeat = [&] { return here.database.ask("SELECT heartbeat_at FROM carillon.run_live WHERE id = 1"); };
  const std::string when_leased = heartbeat();

  run->lease_end = BootClock::now() + options.run_lease - 500ms;
  keeper.renew_once(LeaseKeeper::Leases::older);
  CHECK(heartbeat() == when_leased);

  run->lease_end = BootClock::now() + options.run_lease - 500ms - options.renew_every / 2;
  keeper.renew_once(LeaseKeeper::Leases::older);
  CHECK(heartbeat() != when_leased);
  CHECK(run->lease_end.load() > BootClock::now() + options.run_lease - 1s);

  here.database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough'");
  keeper.renew_once(LeaseKeeper::Leases::older);
  CHECK_FALSE(run->cancelled);
  keeper.renew_once(LeaseKeeper::Leases::all);
  CHECK(run->cancelled);
}
