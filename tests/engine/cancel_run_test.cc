#include <thread>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("a queued run is cancelled at once", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  int told = 0;
  f.engine.watch().watch(RunId{run.run_id}, [&] { ++told; });
  const auto cancelled = f.engine.cancel_run(f.caller(), {.run = run.run, .reason = "not needed"});
  REQUIRE(cancelled.ok());
  CHECK(cancelled->was == "queued");
  CHECK(cancelled->state == "cancelled");
  CHECK_FALSE(cancelled->requested);
  CHECK(told == 1);
  CHECK(f.count("run_ready") == 0);
  CHECK(f.count("run_history WHERE outcome = 'cancelled' AND reason = 'not needed' AND error_class = 'cancelled'") ==
        1);
  CHECK(f.count("outbox WHERE event_type = 'task.run.cancelled'") == 1);
  const auto again = f.engine.cancel_run(f.caller(), {.run = run.run});
  CHECK(again.error().code == ErrorCode::conflict);
  CHECK(again.error().details["state"] == "cancelled");
}

TEST_CASE("a running run is asked to stop", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  f.start(run, "calling");
  f.worker.take();
  const auto cancelled = f.engine.cancel_run(f.caller(), {.run = std::to_string(run.run_id), .reason = "stop"});
  REQUIRE(cancelled.ok());
  CHECK(cancelled->requested);
  CHECK(cancelled->state == "running");
  CHECK(f.worker.take().cancels == std::vector{RunId{run.run_id}});
  CHECK(f.engine.get_run(f.caller(), {.run = run.run})->cancel_reason == "stop");
  CHECK(f.engine.cancel_run(f.caller(), {.run = run.run, .reason = "again"})->requested);
  CHECK(f.engine.get_run(f.caller(), {.run = run.run})->cancel_reason == "stop");
}

TEST_CASE("force takes the lease away and tells the truth about the call", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  auto [call_state, state, unknown] = GENERATE(table<std::string, std::string, bool>({
      {"idle", "cancelled", false},
      {"calling", "unknown", true},
  }));
  const auto run = f.ran("job");
  f.start(run, call_state);
  f.worker.take();
  const auto cancelled = f.engine.cancel_run(f.caller(), {.run = run.run, .force = true});
  REQUIRE(cancelled.ok());
  CHECK(cancelled->state == state);
  CHECK(cancelled->outcome_unknown == unknown);
  CHECK(f.worker.take().taken == std::vector{RunId{run.run_id}});
  CHECK(f.count("run_live") == 0);
  CHECK(f.count("outbox WHERE event_type = 'task.run." + state + "'") == 1);
  const auto detail = f.engine.get_run(f.caller(), {.run = run.run});
  CHECK(detail->diagnosis.has_value() == unknown);
  if (unknown) CHECK(detail->diagnosis->error_class == "unknown_outcome");
}

TEST_CASE("a waiting run tells for what and is cancelled at once", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  f.wait(run);
  f.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, not_before) "
      "SELECT id, path, 1, tenant_id, s.state, now(), at::timestamptz FROM carillon.run_live, (VALUES "
      "('again', 'retrying', '2026-11-20 15:00Z'), ('before', 'retrying', '2026-11-20 11:00Z'), "
      "('pause', 'waiting', '2026-11-20 14:00Z')) AS s(path, state, at)");
  const auto told = f.engine.get_run(f.caller(), {.run = run.run})->waits_for;
  REQUIRE(told.size() == 2);
  CHECK(told[0].find("step again failed; its next attempt is due ") == 0);
  CHECK(told[1].find("step pause, until ") == 0);
  CHECK(f.engine.cancel_run(f.caller(), {.run = run.run})->state == "cancelled");
}

namespace {

constexpr auto kOrder = R"({"name":"order","when":"manual","steps":[{"id":"pause","wait":"1h","undo":{"wait":"1s"}}]})";

}  // namespace

TEST_CASE("a run that has begun is undone before it ends", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(kOrder);
  const auto run = f.ran("order");
  const std::string state = GENERATE("running", "waiting", "queued");
  if (state == "running") f.start(run, "calling");
  if (state == "waiting") f.wait(run);
  if (state == "queued") f.database.run("UPDATE carillon.run_ready SET attempt = 2, run_at = run_at + interval '1 h'");
  f.worker.take();
  const auto cancel = [&](const CancelRun& command) { return f.engine.cancel_run(f.caller(), command); };
  const auto cancelled = cancel({.run = run.run, .reason = "enough", .compensate = true});
  REQUIRE(cancelled.ok());
  CHECK(cancelled->requested);
  CHECK(cancelled->undoes);
  CHECK(cancelled->state == state);
  const auto told = f.worker.take();
  CHECK(told.ready.size() == (state == "queued" ? 1 : 0));
  CHECK(told.cancels.size() == (state == "queued" ? 0 : 1));
  CHECK(told.told.size() == (state == "waiting" ? 1 : 0));
  const auto detail = f.engine.get_run(f.caller(), {.run = run.run});
  CHECK(detail->undoes);
  CHECK(detail->cancel_reason == "enough");
  CHECK(detail->row.run_at <= f.clock.now());

  // Who only wants its end is told that it will be undone; who cannot wait takes it away.
  const auto again = cancel({.run = run.run, .reason = "now"});
  REQUIRE(again.ok());
  CHECK(again->requested);
  CHECK(again->undoes);
  CHECK(f.engine.get_run(f.caller(), {.run = run.run})->cancel_reason == "enough");
  REQUIRE(cancel({.run = run.run, .force = true}).ok());
  CHECK(f.engine.get_run(f.caller(), {.run = run.run})->compensated == false);
  CHECK(cancel({.run = run.run, .compensate = true}).error().code == ErrorCode::conflict);
}

TEST_CASE("a wish to undo is added to a cancel while the run has not ended", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(kOrder);
  const auto run = f.ran("order");
  f.start(run);
  CHECK_FALSE(f.engine.cancel_run(f.caller(), {.run = run.run})->undoes);
  CHECK(f.engine.cancel_run(f.caller(), {.run = run.run, .compensate = true})->undoes);
  CHECK(f.engine.get_run(f.caller(), {.run = run.run})->undoes);
}

TEST_CASE("a run that has not begun has nothing to undo", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(kOrder);
  const auto cancelled = f.engine.cancel_run(f.caller(), {.run = f.ran("order").run, .compensate = true});
  REQUIRE(cancelled.ok());
  CHECK(cancelled->state == "cancelled");
  CHECK_FALSE(cancelled->undoes);
}

TEST_CASE("what cannot be undone is refused with what would work", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  f.start(run);
  const auto error = [&](const CancelRun& command) { return f.engine.cancel_run(f.caller(), command).error(); };
  const auto no_steps = error({.run = run.run, .compensate = true});
  CHECK(no_steps.code == ErrorCode::arguments_invalid);
  CHECK(no_steps.pointer == "/compensate");
  CHECK(no_steps.try_instead == json::array({{{"run", run.run}}}));
  CHECK(error({.run = run.run, .force = true, .compensate = true}).pointer == "/compensate");
  CHECK(f.count("run_live WHERE cancel_requested_at IS NOT NULL") == 0);
}

TEST_CASE("an overlap does not cut off what is undone", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(
      R"({"name":"order","when":"manual","steps":[{"id":"pause","wait":"1h"}],"options":{"overlap":"cancel"}})");
  const auto run = f.ran("order");
  f.database.run("UPDATE carillon.run_ready SET undoes = true");
  f.ran("order");
  CHECK(f.count("run_ready WHERE undoes") == 1);
  CHECK(f.count("run_history") == 0);
}

TEST_CASE("cancelling races with a claim and one of them wins", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x","options":{"overlap":"allow"}})");
  for (int round = 0; round < 10; ++round) {
    const auto run = f.ran("job");
    std::optional<Result<RunCancelled>> cancelled;
    {
      std::jthread claimer{[&] { f.start(run); }};
      std::jthread canceller{[&] { cancelled.emplace(f.engine.cancel_run(f.caller(), {.run = run.run})); }};
    }
    REQUIRE(cancelled.has_value());
    REQUIRE(cancelled->ok());
    const std::string id = std::to_string(run.run_id);
    const auto places = f.count("run_ready WHERE id = " + id) + f.count("run_live WHERE id = " + id) +
                        f.count("run_history WHERE id = " + id);
    CHECK(places == 1);
    // Either it never started, or its worker has been asked.
    CHECK(f.count("run_history WHERE id = " + id) == ((*cancelled)->requested ? 0 : 1));
    CHECK(f.count("run_live WHERE cancel_requested_at IS NOT NULL AND id = " + id) ==
          ((*cancelled)->requested ? 1 : 0));
  }
}

TEST_CASE("runs that nobody knows are refused with help", "[engine][cancel_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto error = [&](const std::string& run) { return f.engine.cancel_run(f.caller(), {.run = run}).error(); };
  CHECK(error("job#7").message.find("list_runs") != std::string::npos);
  CHECK(error("jobb#7").details["nearest"] == json::array({"job"}));
  CHECK(error("job").message.find("nightly-report#142") != std::string::npos);
  CHECK(error("12345").code == ErrorCode::unknown_name);
  const auto run = f.ran("job");
  CHECK(f.engine.cancel_run(f.caller("x", "other"), {.run = std::to_string(run.run_id)}).error().code ==
        ErrorCode::unknown_name);
}
