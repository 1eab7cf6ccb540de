// A trigger that nobody would set off is refused when a task is saved, changed or only looked at.
#include "server/engine/served_sources.h"

#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

const WhenContext kBerlin{*parse_rfc3339("2026-11-20T13:00:00Z"), "Europe/Berlin"};

// One text for each source, in the order of the table.
const std::vector<std::pair<TriggerSource, std::string>> kTexts{
    {TriggerSource::clock, "every 15m"},
    {TriggerSource::hand, "manual"},
    {TriggerSource::run_end, "15m after each run"},
    {TriggerSource::task_slot, "2h before task etl"},
    {TriggerSource::event, "on event deploy.*"},
    {TriggerSource::webhook, "on webhook"},
    {TriggerSource::condition, "when weather.current changes, every 5m"},
    {TriggerSource::chain, "after etl succeeds"},
};

}  // namespace

TEST_CASE("a schedule is accepted when each of its sources is served", "[engine][served_sources]") {
  for (const auto& [source, text] : kTexts) {
    const auto schedule = *parse_when(text, kBerlin);
    INFO(text);
    REQUIRE(schedule.triggers.front().source() == source);
    const auto served = check_served(schedule);
    CHECK(served.ok() == is_served(source));
    CHECK(served_warnings(schedule).empty() == is_served(source));
    if (served) continue;
    CHECK(served.error().code == ErrorCode::arguments_invalid);
    CHECK(served.error().pointer == "/when");
    CHECK_FALSE(check_served(*parse_when("weekdays at 09:00 or " + text, kBerlin)).ok());
  }
}

TEST_CASE("a task that nobody would start is not saved", "[engine][served_sources]") {
  EngineFixture f;
  const std::string text = "on webhook";
  REQUIRE_FALSE(is_served(TriggerSource::webhook));
  const auto made = f.schedule(R"({"name":"a","when":"on webhook","message":"x"})");
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().code == ErrorCode::arguments_invalid);
  CHECK_THAT(made.error().message, Catch::Contains("on webhook"));
  REQUIRE(f.schedule(R"({"name":"a","when":"manual","message":"x"})").ok());
  CHECK_FALSE(f.update("a", R"({"when":"on webhook"})").ok());
  const auto seen = f.engine.preview(f.caller(), {.when = text});
  REQUIRE(seen.ok());
  CHECK(seen->kind == "webhook");
  CHECK(seen->next.empty());
  REQUIRE(seen->warnings.size() == 1);
}
