// What every row must have, whoever adds the next one.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "tools/dispatch.h"
#include "tools/instructions.h"
#include "tools/tool.h"
#include "tools/tool_set.h"

namespace carillon::tools {
namespace {

const std::set<std::string_view> kStableResults{"schedule_task", "preview",    "list_runs", "get_run",
                                                "run_now",       "get_status", "call_tool", "set_state"};

// The keywords that make strict clients refuse a tool or the whole list, wherever they stand.
void check_plain(const json& schema, const std::string& where) {
  INFO(where);
  for (const char* keyword :
       {"oneOf", "anyOf", "allOf", "not", "$ref", "$defs", "additionalProperties", "patternProperties"})
    CHECK_FALSE(schema.contains(keyword));
  if (schema.contains("type")) CHECK(schema["type"].is_string());
  if (schema.contains("items")) check_plain(schema["items"], where + "/items");
  if (!schema.contains("properties")) return;
  for (const auto& [name, property] : schema["properties"].items()) {
    check_plain(property, where + "/" + name);
    CHECK(property.contains("type"));
  }
}

// Those that models see, and those that REST alone offers.
std::vector<Tool> every_row() {
  std::vector<Tool> rows{all_tools().begin(), all_tools().end()};
  rows.insert(rows.end(), rest_tools().begin(), rest_tools().end());
  return rows;
}

std::size_t estimated_tokens(const std::vector<Toolset>& toolsets) {
  // Four characters a token; a byte pair encoder (o200k) gave 3,898 for all and 2,909 for core where this says 4,009
  // and 2,941, so the estimate errs on the careful side.
  constexpr std::size_t kCharsPerToken = 4;
  transport::ToolEntry listing = transport::ToolEntry::array();
  for (const auto& tool : all_tools())
    if (std::find(toolsets.begin(), toolsets.end(), tool.toolset) != toolsets.end())
      listing.push_back(tool_entry(tool, ""));
  return listing.dump().size() / kCharsPerToken;
}

TEST_CASE("the tools are listed once each in a fixed order", "[tools][rows]") {
  std::vector<std::string_view> names;
  for (const auto& tool : all_tools()) names.push_back(tool.name);
  CHECK(names == std::vector<std::string_view>{"schedule_task",  "preview",        "list_tasks",     "get_task",
                                               "update_task",    "set_task_state", "snooze",         "run_now",
                                               "list_runs",      "get_run",        "cancel_run",     "retry_run",
                                               "respond_to_run", "save_pipeline",  "list_pipelines", "publish_event",
                                               "list_events",    "search_tools",   "call_tool",      "get_state",
                                               "set_state",      "get_status",     "delete_item"});
  for (const auto name : names) CHECK(find_tool(name)->name == name);
  CHECK(find_tool("schedule") == nullptr);
  for (const auto& tool : rest_tools()) CHECK(find_tool(tool.name) == nullptr);
}

TEST_CASE("every row has a short name and a title and a description that states facts", "[tools][rows]") {
  for (const auto& tool : every_row()) {
    INFO(tool.name);
    CHECK(tool.name.size() <= 24);
    CHECK(tool.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK_FALSE(tool.title.empty());
    CHECK(tool.summary.size() >= 20);
    CHECK(tool.summary.size() <= 400);
    CHECK(tool.call != nullptr);
    CHECK(std::string_view(tool.input_schema.name) == tool.name);
  }
}

TEST_CASE("input schemas are plain objects that strict clients accept", "[tools][rows]") {
  for (const auto& tool : every_row()) {
    const json schema = json::parse(tool.input_schema.text);
    CHECK(schema["type"] == "object");
    check_plain(schema, std::string(tool.name));
    for (const auto& required : schema.value("required", json::array()))
      CHECK(schema["properties"].contains(required.get<std::string>()));
  }
}

TEST_CASE("only the stable results have an output schema and it requires nothing that a refusal lacks",
          "[tools][rows]") {
  for (const auto& tool : every_row()) {
    INFO(tool.name);
    CHECK(tool.output_schema.empty() == (kStableResults.count(tool.name) == 0));
    if (tool.output_schema.empty()) continue;
    const json schema = json::parse(tool.output_schema);
    CHECK(schema["type"] == "object");
    CHECK_FALSE(schema.contains("required"));
    CHECK(compile_tool(tool).output->accepts(*encode(Error{ErrorCode::internal, "x"}).structured));
  }
}

TEST_CASE("what a tool changes decides its hints and its scope and whether a call can be repeated by id",
          "[tools][rows]") {
  for (const auto& tool : every_row()) {
    INFO(tool.name);
    const json properties = json::parse(tool.input_schema.text)["properties"];
    CHECK(tool.hints.reads_only == (tool.scope == Scope::read));
    CHECK(properties.contains("client_generated_id") == !tool.hints.reads_only);
    if (tool.hints.reads_only) CHECK_FALSE(tool.hints.destroys);
    const auto entry = tool_entry(tool, "");
    for (const char* hint : {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"})
      CHECK(entry["annotations"][hint].is_boolean());
    CHECK(entry["title"] == tool.title);
  }
}

TEST_CASE("every row's example is a call that passes its own schema without repairs", "[tools][rows]") {
  for (const auto& tool : every_row()) {
    INFO(tool.name);
    const auto accepted = accept_arguments(compile_tool(tool), json::parse(tool.example));
    REQUIRE(accepted.ok());
    CHECK(accepted->warnings.empty());
  }
}

TEST_CASE("a row that may wait for a run can be called as a task and no other", "[tools][rows]") {
  std::vector<std::string_view> names;
  for (const auto& tool : all_tools())
    if (tool.resume != nullptr) names.push_back(tool.name);
  CHECK(names == std::vector<std::string_view>{"run_now", "get_run", "retry_run", "call_tool"});
  for (const auto& tool : all_tools()) {
    INFO(tool.name);
    const bool waits = json::parse(tool.input_schema.text)["properties"].contains("wait_seconds");
    CHECK(waits == (tool.resume != nullptr));
    const auto entry = tool_entry(tool, "");
    CHECK(entry.value("execution", json::object()).value("taskSupport", "forbidden") ==
          (waits ? "optional" : "forbidden"));
  }
}

TEST_CASE("every row has a test that names its handler", "[tools][rows]") {
  std::string tests;
  for (const char* file : {"task_tools_test.cc", "task_state_tools_test.cc", "run_tools_test.cc",
                           "pipeline_tools_test.cc", "event_tools_test.cc", "catalog_tools_test.cc",
                           "state_tools_test.cc", "status_tools_test.cc", "rest_tools_test.cc"}) {
    std::ifstream source{std::string("tests/tools/") + file};
    REQUIRE(source);
    std::stringstream text;
    text << source.rdbuf();
    tests += text.str();
  }
  for (const auto& tool : every_row()) {
    INFO(tool.name);
    CHECK(tests.find("\"" + std::string(tool.name) + "\"") != std::string::npos);
  }
}

TEST_CASE("the listing stays within its token budget", "[tools][rows]") {
  CHECK(estimated_tokens({Toolset::core, Toolset::pipelines, Toolset::events, Toolset::catalog, Toolset::state}) <=
        5'500);
  CHECK(estimated_tokens({Toolset::core}) <= 3'000);
}

TEST_CASE("the instructions are short and name only tools that exist", "[tools][instructions]") {
  CHECK(kInstructions.size() < 1'500);
  std::size_t named = 0;
  for (std::size_t open = kInstructions.find('`'); open != std::string_view::npos; ++named) {
    const std::size_t close = kInstructions.find('`', open + 1);
    REQUIRE(close != std::string_view::npos);
    const auto name = kInstructions.substr(open + 1, close - open - 1);
    INFO(name);
    CHECK((find_tool(name) != nullptr || name == "when"));
    open = kInstructions.find('`', close + 1);
  }
  CHECK(named >= 4);
}

TEST_CASE("a prefix goes before names and before the tools that texts mention", "[tools][instructions]") {
  CHECK(with_prefix("use `get_run`, then `get_run` and `when`", "cal_") ==
        "use `cal_get_run`, then `cal_get_run` and `when`");
  CHECK(with_prefix("use `get_run`", "") == "use `get_run`");
  CHECK(tool_entry(*find_tool("snooze"), "cal_")["name"] == "cal_snooze");
}

}  // namespace
}  // namespace carillon::tools
