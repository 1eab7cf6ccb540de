// Conditions as commands see them: what is checked when they are saved, and where their looks stand.
#include <catch2/catch.hpp>

#include "server/store/condition_store.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

ToolFacts weather() {
  ToolFacts facts;
  facts.tool = "weather.current";
  facts.effect = Effect::read;
  facts.input_schema = ordered_json::parse(
      R"({"type":"object","required":["city"],"properties":{"city":{"type":"string"}},"additionalProperties":false})");
  return facts;
}

std::string watch(const std::string& when) { return json{{"name", "watch"}, {"when", when}, {"message", "x"}}.dump(); }

const std::string kRain = R"(when weather.current with {"city": "Berlin"} where rain, every 5m)";

}  // namespace

TEST_CASE("the tool of a condition is checked when the task is saved", "[engine][conditions]") {
  EngineFixture f;
  f.tools.tools["weather.current"] = weather();
  const auto wrong = f.schedule(watch("when weather.current where rain, every 5m"));
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == ErrorCode::arguments_invalid);
  CHECK(wrong.error().pointer == "/when");
  CHECK_FALSE(f.schedule(watch("when weather.tomorrow changes, every 5m")).ok());
  const auto saved = f.scheduled(watch(kRain));
  CHECK(saved.warnings.empty());
  CHECK(
      f.database.ask("SELECT place || ' ' || to_char(next_look_at AT TIME ZONE 'UTC', 'HH24:MI') || ' ' || looks FROM "
                     "carillon.condition") == "0 13:05 0");
  CHECK_FALSE(f.update("watch", json{{"when", "when weather.tomorrow changes, every 5m"}}.dump()).ok());

  ToolFacts careless = weather();
  careless.effect = Effect::destructive;
  f.tools.tools["weather.current"] = careless;
  const auto warned = f.update("watch", json{{"when", kRain + ", while it holds"}}.dump());
  REQUIRE(warned.ok());
  CHECK_THAT(warned->warnings.at(0), Catch::Contains("not declared read-only"));
}

TEST_CASE("preview tells where the looks of a condition stand and an edit begins them anew", "[engine][conditions]") {
  EngineFixture f;
  f.tools.tools["weather.current"] = weather();
  f.scheduled(watch(kRain));
  f.database.run("UPDATE carillon.condition SET looks = 7, failures = 2, last_error = 'unavailable: it is away'");
  const auto seen = f.engine.preview(f.caller(), {.task = "watch"});
  REQUIRE(seen.ok());
  REQUIRE(seen->warnings.size() == 1);
  CHECK_THAT(seen->warnings[0], Catch::Contains("weather.current has been looked at 7 times") &&
                                    Catch::Contains("14:05") && Catch::Contains("the last 2 failed: unavailable"));
  REQUIRE(f.update("watch", R"({"description":"the same rhythm"})").ok());
  CHECK(f.database.ask("SELECT looks FROM carillon.condition") == "7");
  REQUIRE(f.update("watch", json{{"when", kRain + ", while it holds"}}.dump()).ok());
  CHECK(f.database.ask("SELECT looks FROM carillon.condition") == "0");
  const TaskId task{std::stoll(f.database.ask("SELECT task_id FROM carillon.condition"))};
  const auto standing =
      f.store.in_tx(f.caller().tenant, [&](Tx& tx) { return ConditionStore{tx}.list(f.caller().tenant, task); });
  REQUIRE(standing.size() == 1);
  CHECK(standing[0].next_look_at == f.at("2026-11-20T13:05:00Z"));
  CHECK_FALSE(standing[0].looked_at.has_value());
  REQUIRE(f.update("watch", R"({"when":"every 15m"})").ok());
  CHECK(f.count("condition") == 0);
}
