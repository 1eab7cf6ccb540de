#include "server/domain/schedule/chain.h"

#include <catch2/catch.hpp>

using namespace carillon;

namespace {

const WhenContext kInUtc{*parse_rfc3339("2026-11-20T13:00:00Z"), "UTC"};

}  // namespace

TEST_CASE("a chain follows from the ends that its word means and from no slot without a run",
          "[domain][schedule][chain]") {
  using On = ChainTrigger::On;
  const auto [on, ends] = GENERATE(table<On, std::string>({
      {On::succeeds, "succeeded"},
      {On::fails, "failed unknown"},
      {On::finishes, "succeeded failed cancelled unknown"},
  }));
  std::string counted;
  for (const auto name : kRunStateNames)
    if (sets_off(on, *run_state_named(name))) counted += (counted.empty() ? "" : " ") + std::string(name);
  CHECK(counted == ends);
  CHECK(ends_that_count(on).size() == static_cast<std::size_t>(std::count(ends.begin(), ends.end(), ' ') + 1));
}

TEST_CASE("a schedule waits for the tasks that it names with the ends of all its chains", "[domain][schedule][chain]") {
  const auto schedule =
      *parse_when("after etl succeeds or after etl fails or after load finishes or every day at 07:30", kInUtc);
  const auto awaited = awaited_tasks(schedule);
  REQUIRE(awaited.size() == 2);
  CHECK(awaited[0].task == "etl");
  CHECK(awaited[0].outcomes == std::vector<std::string>{"failed", "succeeded", "unknown"});
  CHECK(awaited[1].task == "load");
  CHECK(waits_for_end(schedule, "etl", RunState::failed));
  CHECK_FALSE(waits_for_end(schedule, "etl", RunState::cancelled));
  CHECK(waits_for_end(schedule, "load", RunState::cancelled));
  CHECK_FALSE(waits_for_end(schedule, "other", RunState::succeeded));
  CHECK(awaited_tasks(*parse_when("every 15m", kInUtc)).empty());
}
