// Conditions: which looks at a tool's result fire.
#include "server/domain/schedule/condition.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/domain/schedule/slot_source.h"
#include "tests/domain/friday.h"

using namespace carillon;
using carillon::test::kNow;

namespace {

Trigger trigger_of_text(const std::string& text) { return parse_when(text, {kNow, "Europe/Berlin"})->triggers.front(); }

// f for each look that fires, . for each that waits.
std::string looks(const std::string& text, const std::vector<json>& results) {
  const Trigger trigger = trigger_of_text(text);
  ConditionMemory memory;
  std::string out;
  for (const auto& result : results) {
    const auto look = look_at(std::get<ConditionTrigger>(trigger.body), result, memory);
    REQUIRE(look.ok());
    memory = look->memory;
    out += look->verdict == ConditionLook::Verdict::fire ? 'f' : '.';
  }
  return out;
}

}  // namespace

TEST_CASE("a change fires when the result differs from the one before", "[domain][schedule][condition]") {
  CHECK(looks("when a.b changes, every 5m", {1, 1, 2, 2, 1}) == "..f.f");
  CHECK(looks("when a.b changes, every 5m", {{{"x", 1}, {"y", 2}}, {{"y", 2}, {"x", 1}}, {{"x", 1}}}) == "..f");
  CHECK(looks("when a.b changes, every 5m", {"\xff", "\xff", nullptr}) == "..f");
}

TEST_CASE("an edge fires when the condition becomes true and a level while it is", "[domain][schedule][condition]") {
  const std::vector<json> warm{{{"t", 20}}, {{"t", 31}}, {{"t", 32}}, {{"t", 29}}, {{"t", 33}}};
  CHECK(looks("when a.b where t > `30`, every 5m", warm) == ".f..f");
  CHECK(looks("when a.b where t > `30`, every 5m, while it holds", warm) == ".ff.f");
  CHECK(looks("when a.b where t > `30`, every 5m", {{{"t", 40}}}) == "f");
}

TEST_CASE("a look that cannot be judged is an error and forgets nothing", "[domain][schedule][condition]") {
  const Trigger trigger = trigger_of_text("when a.b where length(t) > `3`, every 5m");
  const auto look = look_at(std::get<ConditionTrigger>(trigger.body), {{"t", 4}}, {"true"});
  REQUIRE_FALSE(look.ok());
  CHECK(look.error().code == ErrorCode::arguments_invalid);
}

TEST_CASE("a condition looks on its rhythm and has no slots", "[domain][schedule][condition]") {
  const Trigger trigger = trigger_of_text("when a.b changes, every 30m between 08:00 and 14:30 on weekdays");
  const auto first = next_look(trigger, kNow);
  REQUIRE(first);
  CHECK(to_rfc3339_in(*first, "Europe/Berlin") == "2026-11-20T14:30:00+01:00");
  CHECK(to_rfc3339_in(*next_look(trigger, *first), "Europe/Berlin") == "2026-11-23T08:00:00+01:00");
  CHECK_FALSE(next_slot({"", "Europe/Berlin", {trigger}, {}, {}}, kNow));
  CHECK_FALSE(next_look(trigger_of_text("every 15m"), kNow));
}
