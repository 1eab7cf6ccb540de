#include <catch2/catch.hpp>

#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

// As REST calls it; refusals too.
json over_rest(Installation& here, const std::string& tool, const json& arguments) {
  std::promise<transport::Answer> promise;
  const auto done = [&](const transport::ToolOutcome& outcome) {
    promise.set_value(std::get<transport::Answer>(outcome));
  };
  REQUIRE(here.tools.call_row(here.context(), tool, arguments, done));
  const transport::Answer answer = promise.get_future().get();
  return answer.structured ? *answer.structured : json::parse(answer.content.front()["text"].get<std::string>());
}

TEST_CASE("a calendar is kept and shown and deleted over REST", "[tools][rest_tools]") {
  Installation here;
  const json saved =
      over_rest(here, "save_calendar", {{"name", "holidays"}, {"days", "2026-11-23"}, {"client_generated_id", "one"}});
  CHECK(saved["result"] == "created");
  CHECK(saved["days"] == 1);
  CHECK(over_rest(here, "save_calendar",
                  {{"name", "holidays"}, {"days", "2026-11-23"}, {"client_generated_id", "one"}})["result"] ==
        "created");
  here.call(
      "schedule_task",
      {{"name", "brief"}, {"when", "weekdays at 07:30"}, {"message", "m"}, {"options", {{"calendars", {"holidays"}}}}});
  const json from_file = over_rest(
      here, "save_calendar",
      {{"name", "holidays"},
       {"days", "2026-11-23"},
       {"ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20261124\nEND:VEVENT\nEND:VCALENDAR\n"},
       {"description", "days off"}});
  CHECK(from_file["days"] == 2);
  CHECK(from_file["derived_anew"] == json::array({"brief"}));
  const json listed = over_rest(here, "list_calendars", json::object())["calendars"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["days"] == "2026-11-23, 2026-11-24");
  CHECK(listed[0]["description"] == "days off");
  CHECK(listed[0]["tasks"] == json::array({"brief"}));
  CHECK(over_rest(here, "delete_calendar", {{"name", "holidays"}})["error"] == "conflict");
  here.call("update_task", {{"task", "brief"}, {"options", {{"calendars", ""}}}});
  const json gone = {{"name", "holidays"}, {"client_generated_id", "two"}};
  CHECK(over_rest(here, "delete_calendar", gone)["result"] == "deleted");
  CHECK(over_rest(here, "delete_calendar", gone)["result"] == "deleted");
  CHECK(over_rest(here, "delete_calendar", {{"name", "holidays"}})["error"] == "unknown_name");
  CHECK(over_rest(here, "save_calendar", {{"name", "none"}})["pointer"] == "/days");
}

TEST_CASE("past slots get their runs over REST", "[tools][rest_tools]") {
  Installation here;
  here.call("schedule_task", {{"name", "etl"}, {"when", "cron 0 6 * * *"}, {"message", "m"}});
  const json looked = over_rest(here, "backfill_task", {{"task", "etl"}, {"from", "2026-11-18"}, {"dry_run", true}});
  CHECK(looked["slots"].size() == 3);
  CHECK_FALSE(looked.contains("runs"));
  const json done = over_rest(here, "backfill_task", {{"task", "etl"}, {"from", "2026-11-18"}});
  CHECK(done["runs"] == json::array({"etl#1", "etl#2", "etl#3"}));
  CHECK(over_rest(here, "backfill_task", {{"task", "etl"}, {"from", "2026-11-18"}})["had_runs"] == 3);
}

TEST_CASE("what REST alone offers is no tool of MCP and needs its scope", "[tools][rest_tools]") {
  Installation here;
  for (const auto& entry : here.tools.list_tools(here.context())->tools)
    for (const auto& row : rest_tools()) CHECK(entry["name"] != row.name);
  bool refused = false;
  here.tools.call_tool(here.context(), "list_calendars", json::object(), [&](const transport::ToolOutcome& outcome) {
    refused = std::holds_alternative<transport::ProtocolError>(outcome);
  });
  CHECK(refused);
  here.scopes = {"read"};
  CHECK(over_rest(here, "save_calendar", {{"name", "x"}, {"days", "2026-11-23"}})["error"] == "not_allowed");
}

}  // namespace
}  // namespace carillon::tools
