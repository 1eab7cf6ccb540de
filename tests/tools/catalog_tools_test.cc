#include <catch2/catch.hpp>

#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

ToolFacts echo(Installation& here) {
  return *here.tool_caller.describe(TenantId{"default"}, "stand_in.echo", Duration{0});
}

TEST_CASE("tools are found with as much detail as was asked for", "[tools][catalog]") {
  Installation here;
  here.downstream.found = {.servers = {}, .tools = {echo(here)}, .total = 1};
  const json summary = here.call("search_tools", {{"query", "echo"}, {"limit", 5}});
  CHECK(here.downstream.asked.query == "echo");
  CHECK(here.downstream.asked.limit == 5);
  CHECK(summary["tools"][0] == json{{"tool", "stand_in.echo"}, {"effect", "read"}, {"summary", "Says it again"}});
  CHECK(here.call("search_tools", {{"detail", "name"}, {"server", "stand_in"}})["tools"][0] ==
        json{{"tool", "stand_in.echo"}});
  const auto schema = here.answer("search_tools", {{"detail", "schema"}, {"query", "echo"}});
  CHECK(schema.structured->at("tools")[0]["input_schema"]["required"] == json{"message"});
  CHECK(schema.content[0]["text"].get<std::string>().find("\"required\":[\"message\"]") != std::string::npos);
}

TEST_CASE("servers are listed with their trouble", "[tools][catalog]") {
  Installation here;
  here.downstream.found.servers = {
      {.name = "stand_in",
       .state = "ready",
       .detail = {},
       .latency = std::chrono::milliseconds{3},
       .tools = 2,
       .stderr_tail = {}},
      {.name = "gone", .state = "failed", .detail = "no such command", .sign_in = "sign in", .stderr_tail = "boom"}};
  const json listed = here.call("search_tools", json::object());
  CHECK(listed["servers"][0]["tools"] == 2);
  CHECK(listed["servers"][1]["stderr"] == "boom");
  CHECK(listed["servers"][1]["sign_in"] == "sign in");
  CHECK_FALSE(listed["servers"][0].contains("sign_in"));
  CHECK(here.downstream.asked.limit == 0);
  CHECK(here.call("search_tools", {{"query", "echo"}})["servers"].size() == 1);
  CHECK(here.refused("search_tools", {{"server", "nowhere"}})["error"] == "unknown_name");
  const json status = here.call("get_status", json::object());
  CHECK(status["servers"]["known"] == 2);
  CHECK(status["servers"]["trouble"][0]["server"] == "gone");
}

TEST_CASE("of what a server wrote only the end is shown", "[tools][catalog]") {
  Installation here;
  std::string flood = "first words\n";
  for (int i = 0; i < 1'000; ++i) flood += "line " + std::to_string(i) + "\n";
  here.downstream.found.servers = {
      {.name = "stand_in", .state = "backing_off", .detail = "it died", .stderr_tail = flood}};
  const auto in_list = here.call("search_tools", json::object())["servers"][0]["stderr"].get<std::string>();
  const auto of_one = here.call("search_tools", {{"server", "stand_in"}})["servers"][0]["stderr"].get<std::string>();
  CHECK(in_list.size() <= 410);
  CHECK(of_one.size() <= 4'010);
  CHECK(of_one.size() > 3'000);
  CHECK(in_list.find("line 999") != std::string::npos);
  CHECK(of_one.find("first words") == std::string::npos);
}

TEST_CASE("what does not fit an answer is counted", "[tools][catalog]") {
  Installation here;
  ToolFacts long_one = echo(here);
  long_one.description = std::string(150, 'x');
  here.downstream.found = {.servers = {}, .tools = std::vector<ToolFacts>(90, long_one), .total = 90};
  const json found = here.call("search_tools", {{"query", "echo"}, {"limit", 100}});
  CHECK(found["tools"].size() < 40);
  CHECK(found["total"] == 90);
}

TEST_CASE("a tool that is guarded or costs something says so where it is found", "[tools][catalog]") {
  Installation here;
  ToolFacts dear = echo(here);
  dear.scopes = {Scope::admin};
  dear.cost = Cost::of_dollars(0.002);
  here.downstream.found = {.servers = {}, .tools = {dear, echo(here)}, .total = 2};
  const json found = here.call("search_tools", {{"query", "echo"}});
  CHECK(found["tools"][0]["needs_scopes"] == json::array({"admin"}));
  CHECK(found["tools"][0]["cost_usd"] == 0.002);
  CHECK_FALSE(found["tools"][1].contains("cost_usd"));
}

TEST_CASE("a call without waiting is a run of the hidden task call", "[tools][catalog]") {
  Installation here;
  const json called =
      here.call("call_tool", {{"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}, {"wait_seconds", 0}});
  CHECK(called["run"] == "call#1");
  CHECK(called["status"] == "queued");
  auto waiting = here.start("call_tool", {{"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}});
  here.settle("call#2", "succeeded", {{"text", "hi"}, {"structured", nullptr}}, "");
  REQUIRE(waiting.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  CHECK(std::get<transport::Answer>(waiting.get()).structured->at("output") == "hi");
}

TEST_CASE("a dry run only checks the arguments", "[tools][catalog]") {
  Installation here;
  const json checked =
      here.call("call_tool", {{"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}, {"dry_run", true}});
  CHECK(checked == json{{"tool", "stand_in.echo"}, {"effect", "read"}, {"accepted", true}});
  const json refused =
      here.refused("call_tool", {{"tool", "stand_in.echo"}, {"arguments", {{"message", 1}}}, {"dry_run", true}});
  CHECK(refused["error"] == "arguments_invalid");
  CHECK(refused["pointer"] == "/arguments/message");
  CHECK(here.refused("call_tool", {{"tool", "no.tool"}, {"arguments", json::object()}})["error"] == "unknown_tool");
}

}  // namespace
}  // namespace carillon::tools
