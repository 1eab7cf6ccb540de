#include "server/cli/import_items.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon::cli {
namespace {

json answered(const json& structured, bool is_error = false) {
  return {{"isError", is_error},
          {"structuredContent", structured},
          {"content", {{{"type", "text"}, {"text", structured.dump()}}}}};
}

struct Daemon {
  json asked;
  std::optional<json> answer;
  ImportTarget target{.tool = "schedule_task", .call = [this](const json& params) {
                        asked = params;
                        return answer;
                      }};
};

TEST_CASE("a file is one item or a list of them", "[cli][import]") {
  CHECK(items_of({{"name", "x"}}, "f").size() == 1);
  const auto list = items_of(json::parse(R"([{"name": "x"}, 7])"), "f");
  REQUIRE(list.size() == 2);
  CHECK(list[1].place == "f/1");
  const auto page = items_of(json::parse(R"({"items": [{"title": "x"}], "total": 2})"), "f");
  REQUIRE(page.size() == 2);
  CHECK(page[0].place == "f/items/0");
  CHECK(page[1].problem == "the list has only 1 of 2 tasks; fetch all of them");
  CHECK(items_of(json::parse(R"({"items": [{"title": "x"}], "total": 1})"), "f").size() == 1);
}

TEST_CASE("an item is one call and its answer a row", "[cli][import]") {
  Daemon daemon;
  daemon.target.more = {{"dry_run", true}};
  daemon.answer = answered(json::parse(R"({"result": "created", "schedule": {"next": ["Mon 08:30"]},
                                           "warnings": ["title is called name here", "mind the gap"]})"));
  const auto row = import_item({.place = "f", .arguments = {{"title", "x"}}}, daemon.target);
  REQUIRE(row);
  CHECK(daemon.asked == json{{"name", "schedule_task"}, {"arguments", {{"title", "x"}, {"dry_run", true}}}});
  CHECK((row->what == "created" && row->name == "x" && row->said == "next Mon 08:30"));
  CHECK(row->notes == std::vector<std::string>{"mind the gap"});
}

TEST_CASE("a refusal names the place in the file", "[cli][import]") {
  Daemon daemon;
  daemon.answer =
      answered(json::parse(R"({"error": "unknown_tool", "message": "there is no tool", "pointer": "/steps/0/uses",
                                           "try": ["a.b"]})"),
               true);
  const ImportItem ordinaut{.place = "f", .arguments = json::parse(R"({"title": "x", "payload": {"pipeline": []}})")};
  CHECK(import_item(ordinaut, daemon.target)->said == "/payload/pipeline/0/uses: there is no tool; try \"a.b\"");
  CHECK(import_item({.place = "f", .arguments = {{"name", "x"}}}, daemon.target)->said ==
        "/steps/0/uses: there is no tool; try \"a.b\"");
  daemon.answer =
      answered(json::parse(R"({"message": "/steps/0/with/a must be 1", "pointer": "/steps/0/with/a"})"), true);
  CHECK(import_item(ordinaut, daemon.target)->said == "/payload/pipeline/0/with/a: must be 1");
  daemon.answer =
      answered(json::parse(R"({"message": "there is no tool", "pointer": "/steps/0/uses", "try": ["a.b"]})"), true);
  daemon.answer->erase("structuredContent");
  CHECK(import_item(ordinaut, daemon.target)->said == "/payload/pipeline/0/uses: there is no tool; try \"a.b\"");
  daemon.answer = answered(json::parse(R"({"message": "first", "problems": [{"pointer": "/a", "message": "first"},
                                           {"pointer": "/b", "message": "second"}]})"),
                           true);
  CHECK(import_item(ordinaut, daemon.target)->said == "/a: first; /b: second");
}

TEST_CASE("what cannot be asked for is not asked", "[cli][import]") {
  Daemon daemon;
  CHECK(import_item({.place = "f", .arguments = 7}, daemon.target)->what == "refused");
  CHECK(import_item({.place = "f", .problem = "no"}, daemon.target)->said == "no");
  CHECK(import_item({.place = "f", .problem = "no use", .is_left_out = true}, daemon.target)->what == "left out");
  CHECK(daemon.asked.is_null());
  CHECK_FALSE(import_item({.place = "f", .arguments = {{"name", "x"}}}, daemon.target));
}

TEST_CASE("the lines of a crontab keep their order", "[cli][import]") {
  const auto items = items_of_crontab(
      "@reboot /bin/a\n0 1 * * * /bin/sh -c 'x' | y\nSHELL=/bin/sh\n0 1 * * * /bin/sh\n", "crontab", CrontabForm::own);
  REQUIRE(items.size() == 4);
  CHECK((items[0].place == "crontab:1" && !items[0].problem.empty()));
  CHECK(items[1].problem.find("`|`") != std::string::npos);
  CHECK(items[2].is_left_out);
  CHECK(items[3].arguments["name"] == "cron-sh");
}

}  // namespace
}  // namespace carillon::cli
