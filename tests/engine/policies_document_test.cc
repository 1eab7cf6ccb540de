// docs/policies.md: every `options` of its table is accepted as it stands and kept.
#include <fstream>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("every example of the page about policies is accepted", "[engine][documents]") {
  EngineFixture f;
  for (const auto& [name, days] :
       {std::pair{"holidays", "2027-12-24..2027-12-27"}, {"trading-days", "2027-12-20..2027-12-31"}})
    REQUIRE(f.engine.save_calendar(f.caller(), {.name = name, .days = *read_days(days, "")}).ok());
  std::ifstream page{"docs/policies.md"};
  int examples = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `{")) continue;
    const std::string options = line.substr(3, line.find("` |") - 3);
    INFO(options);
    const std::string name = "example-" + std::to_string(++examples);
    const auto saved =
        f.schedule(R"({"name":")" + name + R"(","when":"every day at 12:00","message":"x","options":)" + options + "}");
    if (!saved) FAIL(saved.error().message);
    const json kept = to_json(f.engine.get_task(f.caller(), {.task = name})->definition.options);
    const json given = json::parse(options);
    for (const auto& [member, value] : given.items()) CHECK(kept.contains(member));
  }
  CHECK(examples >= 11);
}
