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
