#include "tools/tool_set.h"

#include <catch2/catch.hpp>

#include "server/base/metrics.h"
#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

TEST_CASE("a caller is shown only the tools that it may use and the list keeps its address", "[tools][tool_set]") {
  Installation here;
  CHECK(here.tools.list_tools(here.context())->tools.size() == 23);
  CHECK(here.tools.list_tools(here.context()) == here.tools.list_tools(here.context()));
  here.scopes = {"read", "a scope of tomorrow"};
  const auto readable = here.tools.list_tools(here.context());
  for (const auto& tool : readable->tools) CHECK(tool["annotations"]["readOnlyHint"] == true);
  CHECK(readable->tools.size() == 10);
}

TEST_CASE("a call without its scope is refused and names the scope", "[tools][tool_set]") {
  Installation here;
  here.scopes = {"read"};
  const json refused = here.refused("run_now", {{"task", "x"}});
  CHECK(refused["error"] == "not_allowed");
  CHECK(refused["scope"] == "run");
}

TEST_CASE("an unknown tool is a protocol error that names the nearest", "[tools][tool_set]") {
  Installation here;
  auto outcome = here.start("get_runs", json::object()).get();
  REQUIRE(std::holds_alternative<transport::ProtocolError>(outcome));
  CHECK(std::get<transport::ProtocolError>(outcome).code == -32602);
  CHECK(std::get<transport::ProtocolError>(outcome).data["nearest"][0] == "get_run");
}

TEST_CASE("toolsets and prefix shape the list and the calls", "[tools][tool_set]") {
  Installation here;
  ToolSet core{Ports{here.engine, here.downstream, here.pool, here.timer}, {.toolsets = {"core"}, .prefix = "cal_"}};
  const auto list = core.list_tools(here.context());
  CHECK(list->tools.size() == 11);
  CHECK(list->tools[0]["name"] == "cal_schedule_task");
  CHECK(core.instructions().find("`cal_get_run`") != std::string::npos);
  CHECK(core.offered().size() == 11);
  bool answered = false;
  core.call_tool(here.context(), "cal_list_tasks", json::object(), [&](const transport::ToolOutcome& outcome) {
    answered = std::holds_alternative<transport::Answer>(outcome);
  });
  CHECK(answered);
  core.call_tool(here.context(), "list_tasks", json::object(), [&](const transport::ToolOutcome& outcome) {
    answered = !std::holds_alternative<transport::ProtocolError>(outcome);
  });
  CHECK_FALSE(answered);
  CHECK_FALSE(core.call_row(here.context(), "preview", json::object(), [](const transport::ToolOutcome&) {}));
}

TEST_CASE("toolsets and prefixes that cannot be are refused", "[tools][tool_set]") {
  CHECK(check({.toolsets = {"core", "catalog"}, .prefix = "my-"}).ok());
  const auto unknown = check({.toolsets = {"cores"}});
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().message.find("\"core\"") != std::string::npos);
  CHECK_FALSE(check({.toolsets = {}, .prefix = "a b"}).ok());
  CHECK_FALSE(check({.toolsets = {}, .prefix = std::string(41, 'a')}).ok());
}

TEST_CASE("a database that is away makes a call unavailable and the answer keeps quiet about why",
          "[tools][tool_set]") {
  Installation here;
  here.database.run("ALTER TABLE carillon.task RENAME TO task_gone");
  const json refused = here.refused("list_tasks", json::object());
  CHECK(refused["error"] == "unavailable");
  CHECK(refused["retryable"] == true);
  CHECK(refused["id"] == here.context().correlation_id);
  CHECK(refused.dump().find("task_gone") == std::string::npos);
}

TEST_CASE("every call is counted by tool and outcome", "[tools][tool_set]") {
  Installation here;
  const auto counted = [](const char* outcome) {
    return metrics::value_of("carillon_tool_calls_total", {{"tool", "list_tasks"}, {"outcome", outcome}});
  };
  const double ok = counted("ok");
  const double invalid = counted("arguments_invalid");
  here.call("list_tasks", json::object());
  here.refused("list_tasks", {{"limit", 0}});
  CHECK(counted("ok") == ok + 1);
  CHECK(counted("arguments_invalid") == invalid + 1);
}

TEST_CASE("repairs are told in both halves of the answer", "[tools][tool_set]") {
  Installation here;
  const json answer = here.call("list_tasks", {{"limit", "5"}});
  CHECK(answer["warnings"].size() == 1);
}

}  // namespace
}  // namespace carillon::tools
