#include "server/worker/run_in_flight.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;

TEST_CASE("who has taken a run up again stays in the register when its earlier lease ends", "[worker][run_in_flight]") {
  LeasedRun leased;
  leased.lease.id = RunId{7};
  const auto before = std::make_shared<RunInFlight>(leased), again = std::make_shared<RunInFlight>(leased);
  RunsInFlight runs;
  CHECK(runs.add({before}).empty());
  before->phase = RunPhase::ended;
  CHECK(runs.add({again}) == std::vector<RunPtr>{before});
  CHECK_FALSE(runs.remove(before));
  CHECK(runs.take_ended({RunId{7}}).empty());
  CHECK(runs.find(RunId{7}) == again);
  again->phase = RunPhase::ended;
  CHECK(runs.take_ended({RunId{7}}) == std::vector<RunPtr>{again});
  CHECK_FALSE(runs.remove(again));
  CHECK(runs.size() == 0);
}
