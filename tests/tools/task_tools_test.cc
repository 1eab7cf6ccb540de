#include <catch2/catch.hpp>

#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

const json kReminder{{"name", "check-build"}, {"when", "in 20m"}, {"message", "Check the build"}};

TEST_CASE("a reminder is created with its local time and distance and once more changes nothing", "[tools][tasks]") {
  Installation here;
  const json made = here.call("schedule_task", kReminder);
  CHECK(made["task"] == "check-build");
  CHECK(made["result"] == "created");
  CHECK(made["state"] == "active");
  CHECK(made["schedule"]["timezone"] == "Europe/Berlin");
  CHECK(made["schedule"]["next"][0].get<std::string>().find("14:20") != std::string::npos);
  CHECK(made["schedule"]["next_at"][0] == "2026-11-20T14:20:00+01:00");
  CHECK(made["runs"]["message"] == "Check the build");
  CHECK(made["runs"]["as"] == "owner");
  CHECK(made["durable"] == "daemon");
  CHECK(here.call("schedule_task", kReminder)["result"] == "unchanged");
}

TEST_CASE("what could mean two things is refused with both readings and nothing is saved", "[tools][tasks]") {
  Installation here;
  const json refused = here.refused("schedule_task", {{"name", "x"}, {"when", "30m"}, {"message", "x"}});
  CHECK(refused["error"] == "when_ambiguous");
  CHECK(refused["pointer"] == "/when");
  CHECK(refused["got"] == "30m");
  CHECK(refused["try"] == json{"in 30m", "every 30m"});
  const json past = here.refused("schedule_task", {{"name", "x"}, {"when", "2025-11-21 09:00"}, {"message", "x"}});
  CHECK(past["error"] == "when_in_past");
  CHECK(past["now"].get<std::string>().find("14:00") != std::string::npos);
  CHECK(here.call("list_tasks", json::object())["total"] == 0);
}

TEST_CASE("another definition under a taken name is refused unless the caller says what to do", "[tools][tasks]") {
  Installation here;
  here.call("schedule_task", kReminder);
  json other = kReminder;
  other["when"] = "in 40m";
  CHECK(here.refused("schedule_task", other)["error"] == "name_taken");
  other["on_conflict"] = "keep";
  CHECK(here.call("schedule_task", other)["result"] == "unchanged");
  other["on_conflict"] = "update";
  const json updated = here.call("schedule_task", other);
  CHECK(updated["result"] == "updated");
  CHECK(updated["changed"][0]["field"] == "when");
}

TEST_CASE("exactly one action is wanted", "[tools][tasks]") {
  Installation here;
  CHECK(here.refused("schedule_task", {{"name", "x"}, {"when", "manual"}})["error"] == "one_action_needed");
  CHECK(here.refused("schedule_task",
                     {{"name", "x"}, {"when", "manual"}, {"message", "a"}, {"tool", "stand_in.echo"}})["error"] ==
        "one_action_needed");
}

TEST_CASE("a downstream tool and its arguments are checked when the task is made", "[tools][tasks]") {
  Installation here;
  const json task{
      {"name", "echo"}, {"when", "every 15m"}, {"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}};
  CHECK(here.call("schedule_task", task)["runs"]["tool"] == "stand_in.echo");
  json wrong = task;
  wrong["name"] = "wrong";
  wrong["arguments"] = {{"message", 5}};
  CHECK(here.refused("schedule_task", wrong)["error"] == "arguments_invalid");
  wrong["tool"] = "stand_in.eco";
  const json unknown = here.refused("schedule_task", wrong);
  CHECK(unknown["error"] == "unknown_tool");
  CHECK(unknown["nearest"][0] == "stand_in.echo");
}

TEST_CASE("an unknown zone and unknown options are refused by name", "[tools][tasks]") {
  Installation here;
  json task = kReminder;
  task["timezone"] = "Europe/Berlim";
  CHECK(here.refused("schedule_task", task)["error"] == "unknown_zone");
  task = kReminder;
  task["options"] = {{"timout", "5s"}};
  const json refused = here.refused("schedule_task", task);
  CHECK(refused["error"] == "arguments_invalid");
  CHECK(refused["pointer"] == "/options/timout");
}

TEST_CASE("a call repeated by its id gets the first answer and other content under the id is refused",
          "[tools][tasks]") {
  Installation here;
  json task = kReminder;
  task["client_generated_id"] = "c-1";
  const json first = here.call("schedule_task", task);
  here.clock.advance(std::chrono::minutes{3});
  CHECK(here.call("schedule_task", task) == first);
  task["message"] = "Something else";
  CHECK(here.refused("schedule_task", task)["error"] == "idempotency_mismatch");
}

TEST_CASE("an Ordinaut task file is accepted as it is", "[tools][tasks]") {
  Installation here;
  const json made = here.call(
      "schedule_task",
      {{"title", "nightly"},
       {"schedule_kind", "cron"},
       {"schedule_expr", "0 3 * * *"},
       {"timezone", "Europe/Chisinau"},
       {"payload", {{"pipeline", {{{"id", "a"}, {"uses", "stand_in.echo"}, {"with", {{"message", "hi"}}}}}}}}});
  CHECK(made["task"] == "nightly");
  CHECK(made["schedule"]["kind"] == "cron");
  CHECK(made["schedule"]["timezone"] == "Europe/Chisinau");
  CHECK(made["runs"]["steps"] == json{"a"});
  CHECK_FALSE(made["warnings"].empty());
}

TEST_CASE("tasks are listed in short rows with total and cursor", "[tools][tasks]") {
  Installation here;
  for (int i = 10; i < 70; ++i)
    here.call("schedule_task", {{"name", "task-" + std::to_string(i)},
                                {"when", "weekdays at 07:30"},
                                {"message", "m"},
                                {"tags", {i % 2 == 0 ? "even" : "odd"}}});
  const auto answer = here.answer("list_tasks", json::object());
  CHECK(answer.content[0]["text"].get<std::string>().size() + answer.structured->dump().size() < 6'000);
  const json page = here.call("list_tasks", json::object());
  CHECK(page["tasks"].size() == 10);
  CHECK(page["total"] == 60);
  const json second = here.call("list_tasks", {{"cursor", page["next_cursor"]}});
  CHECK(second["tasks"][0]["task"] == "task-20");
  CHECK(here.call("list_tasks", {{"tag", "even"}, {"state", "active"}})["total"] == 30);
  CHECK(here.call("list_tasks", {{"state", {"paused", "any"}}, {"query", "task-1"}})["total"] == 10);
  CHECK(here.call("list_tasks", {{"state", {"paused", "done", "failing"}}})["total"] == 0);
  const json wide = here.call("list_tasks", {{"limit", 100}});
  CHECK(wide["tasks"].size() < 60);
  CHECK(wide.contains("next_cursor"));
  const json detailed = here.call("list_tasks", {{"response_format", "detailed"}, {"limit", 2}, {"priority", 5}});
  CHECK(detailed["tasks"][0]["kind"] == "calendar");
  CHECK(detailed["tasks"][0]["tags"] == json{"even"});
}

TEST_CASE("one task is shown with its next times and what it did", "[tools][tasks]") {
  Installation here;
  here.call("schedule_task",
            {{"name", "brief"}, {"when", "weekdays at 07:30"}, {"message", "m"}, {"description", "why"}});
  const json shown = here.call("get_task", {{"task", "brief"}});
  CHECK(shown["schedule"]["next"].size() == 5);
  CHECK(shown["schedule"]["when"] == "weekdays at 07:30");
  CHECK(shown["description"] == "why");
  CHECK_FALSE(shown.contains("definition"));
  const json detailed = here.call("get_task", {{"task", "brief"}, {"response_format", "detailed"}});
  CHECK(detailed["definition"]["message"] == "m");
  const json unknown = here.refused("get_task", {{"task", "brif"}});
  CHECK(unknown["error"] == "unknown_name");
  CHECK(unknown["nearest"][0] == "brief");
}

TEST_CASE("an update tells field by field what changed and refuses an outdated version", "[tools][tasks]") {
  Installation here;
  here.call("schedule_task", kReminder);
  const json updated =
      here.call("update_task", {{"task", "check-build"}, {"message", "Look"}, {"expected_version", 1}});
  CHECK(updated["result"] == "updated");
  CHECK(updated["version"] == 2);
  CHECK(updated["changed"] == json::array({{{"field", "message"}, {"before", "Check the build"}, {"after", "Look"}}}));
  const json conflict =
      here.refused("update_task", {{"task", "check-build"}, {"message", "x"}, {"expected_version", 1}});
  CHECK(conflict["error"] == "version_conflict");
  CHECK(here.call("update_task", {{"task", "check-build"}, {"new_name", "look"}})["task"] == "look");
}

TEST_CASE("a task whose last run lacked a sign-in is failing for want of a person", "[tools][tasks]") {
  Installation here;
  here.call("schedule_task",
            {{"name", "echo"}, {"when", "every 15m"}, {"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}});
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#1", "failed", nullptr, "timeout");
  CHECK(here.call("get_task", {{"task", "echo"}})["state"] == "failing");
  CHECK_FALSE(here.call("get_task", {{"task", "echo"}}).contains("warnings"));
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#2", "failed", nullptr, "needs_sign_in");
  CHECK(here.call("get_task", {{"task", "echo"}})["state"] == "failing (needs sign-in)");
  CHECK(here.call("list_tasks", {{"state", "failing"}})["tasks"][0]["state"] == "failing (needs sign-in)");
  // Its server is still described as before.
  CHECK_THAT(here.call("get_task", {{"task", "echo"}})["warnings"][0].get<std::string>(),
             Catch::StartsWith("the last run wanted a sign-in"));
}

TEST_CASE("a deleted task can be restored and one that is gone for good cannot", "[tools][tasks]") {
  Installation here;
  here.call("schedule_task", kReminder);
  const json deleted = here.call("delete_item", {{"kind", "task"}, {"name", "check-build"}});
  CHECK(deleted["deleted"] == "restorable");
  CHECK(here.call("list_tasks", json::object())["total"] == 0);
  CHECK(here.call("update_task", {{"task", "check-build"}, {"restore", true}})["task"] == "check-build");
  CHECK(here.call("delete_item", {{"kind", "task"}, {"name", "check-build"}, {"hard", true}})["deleted"] == "for good");
  CHECK(here.refused("update_task", {{"task", "check-build"}, {"restore", true}})["error"] == "unknown_name");
}

TEST_CASE("a preview shows local time and distance and saves nothing", "[tools][tasks]") {
  Installation here;
  const json shown = here.call("preview", {{"when", "weekdays at 09:00"}, {"count", 3}});
  REQUIRE(shown["next"].size() == 3);
  CHECK(shown["next"][0]["utc"] == "2026-11-23T08:00:00Z");
  CHECK(shown["next"][0]["at"] == "2026-11-23T09:00:00+01:00");
  CHECK(shown["next"][0]["distance"] == "in 2 d 19 h");
  CHECK(here.call("list_tasks", json::object())["total"] == 0);
}

TEST_CASE("a preview notes the slot that a clock change moved", "[tools][tasks]") {
  Installation here;
  const json shown =
      here.call("preview", {{"when", "every day at 02:30"}, {"from", "2027-03-27"}, {"to", "2027-03-30"}});
  REQUIRE(shown["next"].size() == 3);
  CHECK(shown["next"][1]["local"].get<std::string>().find("03:30") != std::string::npos);
  CHECK_FALSE(shown["next"][1]["note"].get<std::string>().empty());
}

TEST_CASE("a window without a schedule is the agenda of all tasks", "[tools][tasks]") {
  Installation here;
  here.call("schedule_task", kReminder);
  const json agenda = here.call("preview", {{"from", "today 14:00"}, {"to", "today 18:00"}});
  REQUIRE(agenda["agenda"].size() == 1);
  CHECK(agenda["agenda"][0]["task"] == "check-build");
}

TEST_CASE("a preview gives its times as a calendar too when it is asked to", "[tools][tasks]") {
  Installation here;
  here.call("schedule_task", kReminder);
  const json plain = here.call("preview", {{"when", "weekdays at 09:00"}, {"count", 2}});
  CHECK_FALSE(plain.contains("calendar"));
  const json shown = here.call("preview", {{"when", "weekdays at 09:00"}, {"count", 2}, {"calendar", true}});
  const std::string text = shown["calendar"];
  CHECK(text.find("BEGIN:VCALENDAR") == 0);
  CHECK(text.find("SUMMARY:weekdays at 09:00") != std::string::npos);
  CHECK(text.find("DTSTART:20261123T080000Z") != std::string::npos);
  const json agenda = here.call("preview", {{"from", "today 14:00"}, {"to", "today 18:00"}, {"calendar", true}});
  CHECK(agenda["calendar"].get<std::string>().find("SUMMARY:check-build") != std::string::npos);
}

TEST_CASE("a dry run answers as the call would and saves nothing", "[tools][tasks]") {
  Installation here;
  json tried = kReminder;
  tried["dry_run"] = true;
  const json answer = here.call("schedule_task", tried);
  CHECK(answer["result"] == "created");
  CHECK(answer["saved"] == false);
  CHECK(here.call("list_tasks", json::object())["total"] == 0);
  CHECK_FALSE(here.call("schedule_task", kReminder).contains("saved"));
}

}  // namespace
}  // namespace carillon::tools
