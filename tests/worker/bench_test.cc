// How fast the worker is by itself: hidden cases that print figures. Names the database server by
// CARILLON_TEST_DATABASE, whose durability is what the figures mean.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/base/metrics.h"
#include "tests/worker/rig.h"

using namespace carillon;
using namespace carillon::test;

namespace {

// Where the time went, by statement.
void print_statements() {
  for (const auto& family : metrics::snapshot()) {
    if (family.name != "carillon_statement_seconds") continue;
    for (const auto& series : family.series)
      std::printf("  %-22s %6llu times, %8.3f s\n", series.labels.at("statement").c_str(),
                  static_cast<unsigned long long>(series.observations), series.sum);
  }
}

}  // namespace

TEST_CASE("how many runs a second a full queue gives", "[.bench]") {
  constexpr int kRuns = 60'000;
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.read")));
  put_many_ready(database, 1, kRuns, 1);
  database.run("VACUUM ANALYZE carillon.run_ready");
  const auto started = std::chrono::steady_clock::now();
  Rig rig{database, WorkerOptions{}};
  REQUIRE(rig.wait_ended(kRuns));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("drain: %.0f runs/s\n", kRuns / took.count());
  print_statements();
  CHECK(misplaced(database).empty());
}

TEST_CASE("how late a run starts when nothing else happens", "[.bench]") {
  constexpr int kRuns = 300;
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.read")));
  Rig rig{database, WorkerOptions{}};
  for (int i = 1; i <= kRuns; ++i)
    put_ready(
        database,
        {.id = i, .shard = i % 16, .run_at = "now() + interval '8 s' + interval '1 ms' * " + std::to_string(i * 23)});
  REQUIRE(rig.wait_ended(kRuns));
  std::printf(
      "due to start: p50 %s ms, p99 %s ms, most %s ms\n",
      database
          .ask("SELECT round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - "
               "run_at))::numeric, 2) FROM carillon.run_history")
          .c_str(),
      database
          .ask("SELECT round(1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - "
               "run_at))::numeric, 2) FROM carillon.run_history")
          .c_str(),
      database
          .ask("SELECT round(1000 * max(extract(epoch FROM started_at - run_at))::numeric, 2) FROM "
               "carillon.run_history")
          .c_str());
}
