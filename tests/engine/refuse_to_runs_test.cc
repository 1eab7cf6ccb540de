// A call that makes tasks and comes from a run.
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("a call that a run makes is refused where it makes tasks and that is audited", "[engine][refuse_to_runs]") {
  EngineFixture bench;
  bench.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const RunStarted run = bench.ran("job");
  Caller caller = bench.caller();
  const auto refused = bench.engine.refuse_to_runs(caller, RunId{run.run_id}, "schedule_task");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::not_allowed);
  CHECK(refused.error().details["run"] == run.run);
  const std::string noted =
      "audit WHERE action = 'refuse_to_run' AND subject = 'run:" + std::to_string(run.run_id) + "'";
  CHECK(bench.count(noted) == 1);
  CHECK(bench.engine.refuse_to_runs(caller, RunId{run.run_id + 1}, "schedule_task").ok());
  caller.correlation_id = "1af7651916cd43dd8448eb211c80319c";  // a trace in which the run is not
  CHECK(bench.engine.refuse_to_runs(caller, RunId{run.run_id}, "schedule_task").ok());
  CHECK(bench.count(noted) == 1);
}
