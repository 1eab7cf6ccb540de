#include "server/domain/quiet_rules.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using carillon::test::at;

namespace {

TaskDefinition task_in(const std::string& zone, std::optional<Quiet> own = std::nullopt) {
  TaskDefinition definition;
  definition.schedule = *parse_when("every 15m", {.now = Instant{}, .zone = zone});
  definition.action.kind = ActionKind::tool;
  definition.options.quiet_hours = std::move(own);
  return definition;
}

const QuietOwner kScout{TenantId{"acme"}, AgentId{"scout"}};

std::string decided(const std::vector<BoundQuiet>& bound, const std::string& start) {
  const QuietVerdict verdict = decide_quiet(bound, at(start));
  const char* const names[]{"start", "defer", "skip"};
  return std::string(names[static_cast<int>(verdict.act)]) + " " + to_rfc3339(verdict.at) +
         (verdict.reason.empty() ? "" : " " + verdict.reason);
}

}  // namespace

TEST_CASE("a run waits until all quiet hours that bind it are over", "[domain][quiet_rules]") {
  const QuietSettings settings{.tenants = {"other 00:00-12:00", "acme 06:00-08:00"},
                               .agents = {"scout 05:00-06:30"},
                               .notify = "",
                               .timezone = ""};
  const auto bound = quiet_hours_of(task_in("UTC", Quiet{"22:00-05:00"}), kScout, settings);
  REQUIRE(bound.size() == 3);
  CHECK(decided(bound, "2026-11-20T23:00:00Z") == "defer 2026-11-21T08:00:00Z quiet hours 22:00-05:00");
  CHECK(decided(bound, "2026-11-20T05:30:00Z") ==
        "defer 2026-11-20T08:00:00Z quiet hours 05:00-06:30 of the agent scout");
  CHECK(decided(bound, "2026-11-20T08:00:00Z") == "start 2026-11-20T08:00:00Z");
}

TEST_CASE("quiet hours that say skip leave the slot out", "[domain][quiet_rules]") {
  const auto bound = own_quiet_hours(task_in("Europe/Berlin", Quiet{"22:00-07:00", QuietPolicy::skip}));
  CHECK(decided(bound, "2026-11-20T21:30:00Z") == "skip 2026-11-20T21:30:00Z quiet hours 22:00-07:00");
  CHECK(decided(bound, "2026-11-20T20:30:00Z") == "start 2026-11-20T20:30:00Z");
}

TEST_CASE("quiet hours that hand a run to each other for ever leave it out", "[domain][quiet_rules]") {
  const QuietSettings settings{.tenants = {}, .agents = {"scout 12:00-24:00"}, .notify = "", .timezone = ""};
  const auto bound = quiet_hours_of(task_in("UTC", Quiet{"00:00-12:00"}), kScout, settings);
  CHECK(decide_quiet(bound, at("2026-11-20T10:00:00Z")).act == QuietVerdict::Act::skip);
}

TEST_CASE("messages have quiet hours of their own and a zone may be set for all settings", "[domain][quiet_rules]") {
  TaskDefinition message = task_in("UTC");
  message.action.kind = ActionKind::message;
  QuietSettings settings{.tenants = {}, .agents = {}, .notify = "22:00-07:00", .timezone = ""};
  CHECK(quiet_hours_of(task_in("UTC"), kScout, settings).empty());
  CHECK(decided(quiet_hours_of(message, kScout, settings), "2026-11-20T06:30:00Z") ==
        "defer 2026-11-20T07:00:00Z quiet hours 22:00-07:00 of messages");
  settings.timezone = "Europe/Berlin";
  CHECK(decided(quiet_hours_of(message, kScout, settings), "2026-11-20T06:30:00Z") == "start 2026-11-20T06:30:00Z");
}

TEST_CASE("a setting that is no quiet hours is told apart from one that is", "[domain][quiet_rules]") {
  CHECK_FALSE(check_quiet_entry("", QuietEntry::hours));
  CHECK_FALSE(check_quiet_entry("22:00-07:00 on weekdays", QuietEntry::hours));
  CHECK_FALSE(check_quiet_entry("scout 22:00-07:00", QuietEntry::named_hours));
  CHECK(check_quiet_entry("22:00-07:00", QuietEntry::named_hours));  // no name
  CHECK(check_quiet_entry("scout", QuietEntry::named_hours));
  CHECK(check_quiet_entry("at night", QuietEntry::hours));
  CHECK(check_quiet_entry("00:00-24:00", QuietEntry::hours));
}

TEST_CASE("a task's quiet hours are refused when they cannot be read or never end", "[domain][quiet_rules]") {
  CHECK(check_quiet_hours({"22:00-07:00"}, "UTC").ok());
  for (const auto* text : {"at night", "00:00-24:00", ""}) {
    const auto checked = check_quiet_hours({text}, "UTC");
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().pointer == "/options/quiet_hours");
  }
}
