#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

Result<Backfilled> backfill(EngineFixture& f, const std::string& from, const std::string& to, bool dry_run = false) {
  return f.engine.backfill(f.caller(), {.task = "brief", .from = from, .to = to, .dry_run = dry_run});
}

}  // namespace

TEST_CASE("a backfill queues a run for each past slot that had none and only once", "[engine][backfill]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"cron 30 7 * * 1-5","message":"x"})");
  const auto looked = backfill(f, "2026-11-16", "now", true);
  REQUIRE(looked.ok());
  REQUIRE(looked->slots.size() == 5);
  CHECK(f.count("run_ready") == 0);

  const auto done = backfill(f, "2026-11-16", "now");
  REQUIRE(done.ok());
  REQUIRE(done->runs == std::vector<std::string>{"brief#1", "brief#2", "brief#3", "brief#4", "brief#5"});
  CHECK(done->slots.front() == f.at("2026-11-16T06:30:00Z"));
  CHECK(f.count("run_ready WHERE slot IS NOT NULL AND origin = 'schedule' AND reason = 'backfill by owner'") == 5);
  CHECK(f.count("run_ready WHERE concurrency_key IS NOT NULL AND key_width = 1") == 5);
  CHECK(f.count("run_slot") == 5);
  CHECK(f.count("audit WHERE action = 'backfill'") == 1);
  const auto again = backfill(f, "2026-11-16", "now");
  CHECK(again->runs.empty());
  CHECK(again->had_runs == 5);
  CHECK(f.count("run_ready") == 5);
}

TEST_CASE("a backfill takes slots that were missed and leaves those that ran", "[engine][backfill]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"cron 30 7 * * 1-5","message":"x"})");
  f.database.run(
      "INSERT INTO carillon.run_slot SELECT 'default', task_id, s, row_number() OVER () FROM carillon.task, "
      "unnest(ARRAY['2026-11-16T06:30Z', '2026-11-17T06:30Z']::timestamptz[]) s");
  f.database.run(
      "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
      "folded, "
      "run_at, finished_at, origin, agent_id, correlation_id, outcome, reason) SELECT 1, 'default', task_id, 1, 90, 1, "
      "0, "
      "0, 0, now(), now(), 'schedule', 'owner', '', 'missed', 'asleep' FROM carillon.task");
  const auto done = backfill(f, "2026-11-16", "2026-11-17 23:00");
  REQUIRE(done.ok());
  CHECK(done->slots == std::vector<Instant>{f.at("2026-11-16T06:30:00Z")});
  CHECK(done->had_runs == 1);
}

TEST_CASE("a backfill is bounded and lies in the past", "[engine][backfill]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"cron * * * * *","message":"x"})");
  CHECK(backfill(f, "2026-11-16", "now").error().code == ErrorCode::too_large);
  CHECK(backfill(f, "2026-11-20 13:00", "2026-11-20 15:00").error().pointer == "/to");
  CHECK(backfill(f, "2026-11-20 13:00", "2026-11-20 12:00").error().pointer == "/to");
  CHECK(backfill(f, "whenever", "now").error().pointer == "/from");
  CHECK(f.engine.backfill(f.caller(), {.task = "nobody", .from = "2026-11-16", .to = "now"}).error().code ==
        ErrorCode::unknown_name);
  CHECK(backfill(f, "2026-11-20 13:00", "2026-11-20 13:09")->runs.size() == 10);
}
