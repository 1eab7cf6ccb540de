#include <catch2/catch.hpp>

#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

void schedule_brief(Installation& here) {
  here.call("schedule_task",
            {{"name", "morning-brief"}, {"when", "weekdays at 07:30"}, {"message", "m"}, {"tags", {"work"}}});
}

TEST_CASE("a tag is paused until a moment and the answer names what is affected", "[tools][task_state]") {
  Installation here;
  schedule_brief(here);
  const json set = here.call("set_task_state",
                             {{"tag", "work"}, {"state", "paused"}, {"until", "2026-12-07 06:00"}, {"reason", "away"}});
  REQUIRE(set["tasks"].size() == 1);
  CHECK(set["tasks"][0]["task"] == "morning-brief");
  CHECK(set["tasks"][0]["was"] == "active");
  CHECK(set["tasks"][0]["left_out"] == "10");
  CHECK(set["until"].get<std::string>().find("2026-12-07 06:00") != std::string::npos);
  const json shown = here.call("get_task", {{"task", "morning-brief"}});
  CHECK(shown["state"] == "paused");
  CHECK(shown["paused"]["reason"] == "away");
  CHECK(shown["paused"]["by"] == "owner");
  CHECK(here.call("set_task_state", {{"tasks", {"morning-brief"}}, {"state", "active"}})["tasks"][0]["was"] ==
        "paused");
}

TEST_CASE("everything is paused by the kill switch and the status says so", "[tools][task_state]") {
  Installation here;
  schedule_brief(here);
  const json set = here.call("set_task_state", {{"all", true}, {"state", "paused"}, {"reason", "stop"}});
  CHECK(set["dispatch_paused"] == true);
  CHECK(set["still_running"] == 0);
  CHECK(here.call("get_status", json::object())["dispatch"].get<std::string>().find("stop") != std::string::npos);
}

TEST_CASE("whose state is to be set must be said in one way", "[tools][task_state]") {
  Installation here;
  CHECK(here.refused("set_task_state", {{"state", "paused"}})["error"] == "arguments_invalid");
  CHECK(here.refused("set_task_state", {{"state", "paused"}, {"all", true}, {"tag", "x"}})["error"] ==
        "arguments_invalid");
  CHECK(here.refused("set_task_state", {{"state", "done"}, {"all", true}})["pointer"] == "/state");
}

TEST_CASE("a snooze moves only the next slot and can be taken back", "[tools][task_state]") {
  Installation here;
  schedule_brief(here);
  const json moved = here.call("snooze", {{"task", "morning-brief"}, {"for", "30m"}});
  CHECK(moved["was_next"].get<std::string>().find("07:30") != std::string::npos);
  CHECK(moved["next"].get<std::string>().find("08:00") != std::string::npos);
  CHECK(moved["rhythm"] == "weekdays at 07:30");
  const json restored = here.call("snooze", {{"task", "morning-brief"}, {"skip", 0}});
  CHECK(restored["restored"] == 1);
  CHECK(restored["next"].get<std::string>().find("07:30") != std::string::npos);
}

TEST_CASE("skipping two slots makes the third the next one", "[tools][task_state]") {
  Installation here;
  schedule_brief(here);
  const json skipped = here.call("snooze", {{"task", "morning-brief"}, {"skip", 2}, {"reason", "holiday"}});
  CHECK(skipped["skipped"].size() == 2);
  CHECK(skipped["next"].get<std::string>().find("Wed 2026-11-25 07:30") != std::string::npos);
}

TEST_CASE("a snooze says what is missing or wrong", "[tools][task_state]") {
  Installation here;
  schedule_brief(here);
  CHECK(here.refused("snooze", {{"task", "morning-brief"}})["error"] == "arguments_invalid");
  CHECK(here.refused("snooze", {{"task", "morning-brief"}, {"for", "soonish"}})["pointer"] == "/for");
  CHECK(here.refused("snooze", {{"task", "evening-brief"}, {"for", "5m"}})["error"] == "unknown_name");
}

}  // namespace
}  // namespace carillon::tools
