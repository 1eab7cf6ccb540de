#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

struct Fixture : EngineFixture {
  Fixture() {
    scheduled(R"({"name":"order","when":"manual","steps":[{"id":"pause","wait":"1h"}],"options":{"overlap":"allow"}})");
  }

  Result<TaskStateSet> set(TaskState state, const std::vector<std::string>& runs, SetTaskState more = {}) {
    more.state = state;
    more.runs = runs;
    return engine.set_task_state(caller("ann"), more);
  }
  std::vector<std::string> waits_for(const RunStarted& run) {
    return engine.get_run(caller(), {.run = run.run})->waits_for;
  }
};

}  // namespace

TEST_CASE("runs are paused by their handles and say by whom until they are resumed", "[engine][set_task_state]") {
  Fixture f;
  const auto run = f.ran("order");
  const std::string state = GENERATE("queued", "running", "waiting");
  if (state == "running") f.start(run);
  if (state == "waiting") f.wait(run);
  f.worker.take();
  const auto paused = f.set(TaskState::paused, {run.run}, {.until = "today 18:00", .reason = "too loud"});
  REQUIRE(paused.ok());
  CHECK(paused->runs == std::vector{run.run});
  CHECK(paused->queued == (state == "queued" ? 1 : 0));
  CHECK(f.worker.take().cancels.size() == (state == "running" ? 1 : 0));
  const auto waits = f.waits_for(run);
  REQUIRE_FALSE(waits.empty());
  CHECK(waits[0].find("it is paused by ann: too loud (until ") == 0);
  const auto listed = f.engine.list_runs(f.caller(), {.task = "order"});
  CHECK(listed->runs.at(0).waits_for.find("it is paused by ann") == 0);
  CHECK(listed->runs.at(0).run_at <= f.clock.now());
  CHECK(
      f.engine.snooze(f.caller(), {.run = run.run, .delay = std::chrono::minutes{1}}).error().message.find("paused") !=
      std::string::npos);

  const auto resumed = f.set(TaskState::active, {run.run});
  REQUIRE(resumed.ok());
  CHECK(resumed->runs == std::vector{run.run});
  const auto told = f.worker.take();
  CHECK(told.ready.size() == (state == "queued" ? 1 : 0));
  CHECK(told.told.size() == (state == "queued" ? 0 : 1));
  CHECK(f.engine.list_runs(f.caller(), {.task = "order"})->runs.at(0).waits_for.find("paused") == std::string::npos);
  CHECK(f.set(TaskState::active, {run.run})->unchanged == 1);
  CHECK(f.count("audit WHERE action = 'set_task_state'") == 2);
}

TEST_CASE("a pause that has ended by itself is told no more", "[engine][set_task_state]") {
  Fixture f;
  const auto run = f.ran("order");
  f.start(run);
  REQUIRE(f.set(TaskState::paused, {run.run}, {.until = "in 1h"}).ok());
  CHECK_FALSE(f.waits_for(run).empty());
  f.set_now("2026-11-20T14:00:00Z");
  CHECK(f.waits_for(run).empty());
}

TEST_CASE("a paused run that is cancelled is paused no more", "[engine][set_task_state]") {
  Fixture f;
  const auto run = f.ran("order");
  f.start(run);
  REQUIRE(f.set(TaskState::paused, {run.run}).ok());
  REQUIRE(f.engine.cancel_run(f.caller(), {.run = run.run, .compensate = true}).ok());
  CHECK(f.waits_for(run).empty());
  const auto refused = f.set(TaskState::paused, {run.run}).error();
  CHECK(refused.code == ErrorCode::conflict);
  CHECK(refused.pointer == "/runs/0");
}

TEST_CASE("all runs are paused or none", "[engine][set_task_state]") {
  Fixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto good = f.ran("order"), call = f.ran("job"), ended = f.ran("order");
  f.start(call);
  f.finish(ended, "succeeded");
  const auto pointer = [&](const std::string& bad) {
    return f.set(TaskState::paused, {good.run, bad}).error().pointer;
  };
  CHECK(pointer("order#77") == "/runs/1");
  CHECK(pointer(ended.run) == "/runs/1");
  CHECK(pointer(call.run) == "/runs/1");
  CHECK(f.count("run_ready WHERE paused_by IS NOT NULL") == 0);
  CHECK(f.set(TaskState::paused, {good.run}, {.all = true}).error().pointer == "/tasks");
  CHECK(f.set(TaskState::active, {good.run}, {.meanwhile = Meanwhile::all}).error().pointer == "/meanwhile");
  CHECK(f.set(TaskState::active, {good.run}, {.until = "in 1h"}).error().pointer == "/until");
}

TEST_CASE("a paused run that is queued still counts as one that goes on", "[engine][set_task_state]") {
  EngineFixture f;
  f.scheduled(R"({"name":"order","when":"manual","steps":[{"id":"pause","wait":"1h"}],"options":{"overlap":"skip"}})");
  const auto run = f.ran("order");
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .runs = {run.run}}).ok());
  const auto second = f.engine.run_now(f.caller(), {.task = "order"});
  REQUIRE(second.ok());
  CHECK(second->state == "skipped");
}
