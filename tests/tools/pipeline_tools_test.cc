// Saved pipelines through the ToolSet and as resources, against the real engine and database.
#include <catch2/catch.hpp>

#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

json steps(const std::string& message) {
  return json::array({{{"id", "one"}, {"uses", "stand_in.echo"}, {"with", {{"message", message}}}}});
}

json save(Installation& here, const std::string& name, const std::string& message) {
  return here.call("save_pipeline", {{"name", name}, {"steps", steps(message)}});
}

json read(Installation& here, const std::string& uri) {
  transport::ReadOutcome answered;
  here.resources.read_resource(here.context(), uri, [&](transport::ReadOutcome given) { answered = std::move(given); });
  if (const auto* error = std::get_if<transport::ProtocolError>(&answered)) return {{"error", error->message}};
  return json::parse(std::get<transport::Contents>(answered).blocks.at(0)["text"].get<std::string>());
}

TEST_CASE("a pipeline is saved with its order and effects told and read back", "[tools][pipelines]") {
  Installation here;
  const json saved = save(here, "brief", "hello");
  CHECK(saved["result"] == "created");
  CHECK(saved["version"] == 1);
  CHECK(saved["order"] == "one");
  CHECK(saved["tools"] == json::parse(R"([{"tool":"stand_in.echo","effect":"read","steps":["one"]}])"));
  CHECK(save(here, "brief", "hello")["result"] == "unchanged");
  const json next = save(here, "brief", "bye");
  CHECK(next["changed"][0] == R"(steps.one.with.message: "hello" → "bye")");
  const json listed = here.call("list_pipelines", json::object());
  CHECK(listed["total"] == 1);
  CHECK(listed["pipelines"][0] == json::parse(R"({"pipeline":"brief","version":2,"steps":["one"]})"));
  const json named = here.call("list_pipelines", {{"names", {"brief@1", "brief"}}});
  CHECK(named["pipelines"][0]["latest"] == 2);
  CHECK(named["pipelines"][0]["definition"]["steps"] == steps("hello"));
  CHECK(named["difference"].size() == 1);
}

TEST_CASE("a definition that is long is told as an extract with the resource that holds it", "[tools][pipelines]") {
  Installation here;
  save(here, "brief", std::string(5'000, 'x'));
  const json told = here.call("list_pipelines", {{"names", {"brief"}}})["pipelines"][0];
  CHECK(told["definition"].is_string());
  CHECK(told["definition_resource"] == "pipeline://brief%401");
  CHECK(read(here, told["definition_resource"])["definition"]["steps"] == steps(std::string(5'000, 'x')));
  CHECK(read(here, "pipeline://brief@1")["version"] == 1);
  CHECK(read(here, "pipeline://nobody").contains("error"));
}

TEST_CASE("a task and run_now say which version they run", "[tools][pipelines]") {
  Installation here;
  save(here, "brief", "hello");
  const json task = here.call("schedule_task", {{"name", "t"}, {"when", "manual"}, {"pipeline", "brief"}});
  CHECK(task["runs"]["pipeline"] == "brief@1");
  const json run = here.call("run_now", {{"pipeline", "brief"}});
  CHECK(run["run"] == "brief#1");
  CHECK(here.call("get_run", {{"run", "brief#1"}})["action"]["pipeline"] == "brief@1");
  CHECK(here.call("list_runs", {{"pipeline", "brief"}})["total"] == 1);
  CHECK(here.call("get_task", {{"task", "t"}, {"response_format", "detailed"}})["definition"]["pipeline"] == "brief");
  CHECK(here.refused("delete_item", {{"kind", "pipeline"}, {"name", "brief"}})["tasks"] == json{"t"});
}

TEST_CASE("preview shows the plan of a pipeline and with stubs where it leads", "[tools][pipelines]") {
  Installation here;
  save(here, "brief", "${input.word} ${run.handle}");
  const json planned = here.call("preview", {{"pipeline", "brief"}, {"input", {{"word", "x"}}}});
  CHECK(planned["plan"][0]["effect"] == "read");
  CHECK(planned["plan"][0]["filled_in_by_the_run"][0] == "/message: ${input.word} ${run.handle}");
  const json through =
      here.call("preview",
                {{"steps", steps("${input.word}")}, {"input", {{"word", "x"}}}, {"stubs", {{"one", {{"text", "y"}}}}}});
  CHECK(through["ends"] == "succeeded");
  CHECK(through["plan"][0]["arguments"] == json{{"message", "x"}});
  CHECK(through["output"] == json{{"text", "y"}});
  CHECK(here.refused("preview", {{"pipeline", "brief"}, {"when", "every 1h"}})["pointer"] == "/when");
}

TEST_CASE("what makes steps unfit is told at its place", "[tools][pipelines]") {
  Installation here;
  const json refused = here.refused("save_pipeline", {{"name", "x"}, {"steps", {{{"id", "a"}, {"uses", "no.tool"}}}}});
  CHECK(refused["error"] == "unknown_tool");
  CHECK(refused["pointer"] == "/steps/0/uses");
  here.scopes = {"read", "schedule"};
  CHECK(here.refused("save_pipeline", {{"name", "x"}, {"steps", steps("y")}})["error"] == "not_allowed");
}

}  // namespace
}  // namespace carillon::tools
