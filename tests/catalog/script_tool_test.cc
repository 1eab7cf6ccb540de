#include "catalog/script_tool.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "server/process/child.h"
#include "tests/catalog/catalog_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

struct Scripts {
  Scripts() { bench.options.script.programs = {"/bin/sh"}; }
  ToolReply sh(const std::string& text, const json& input = nullptr, Duration timeout = 20s) {
    json arguments{{"command", {"/bin/sh", "-c", text}}};
    if (!input.is_null()) arguments["stdin"] = input;
    return bench.call("carillon.run_script", std::move(arguments), timeout);
  }
  Bench bench;
};

}  // namespace

TEST_CASE("programs that nobody allowed are not started", "[catalog][script_tool]") {
  Bench off;
  CHECK(off.describe("carillon.run_script").error().code == ErrorCode::not_allowed);
  const auto reply = off.call("carillon.run_script", {{"command", {"/bin/sh"}}});
  CHECK(reply.failure == ErrorClass::not_allowed);
  CHECK(reply.message.find("script.programs") != std::string::npos);
  Scripts scripts;
  CHECK(scripts.bench.describe("carillon.run_script")->effect == Effect::destructive);
  for (const char* program : {"sh", "/bin/../bin/sh", "/bin/ls", ""}) {
    const auto refused = scripts.bench.call("carillon.run_script", {{"command", {program}}});
    CHECK(refused.failure == ErrorClass::invalid_arguments);
    CHECK(refused.message.find("/command/0") != std::string::npos);
    CHECK(refused.arrived == Arrived::no);
  }
  CHECK(scripts.sh(std::string{"echo a\0b", 8}).failure == ErrorClass::invalid_arguments);
  CHECK(scripts.bench.call("carillon.run_script", {{"command", json::array()}}).failure ==
        ErrorClass::invalid_arguments);
}

TEST_CASE("a program that nobody allowed is known before templates are filled in", "[catalog][script_tool]") {
  Scripts scripts;
  const auto facts = scripts.bench.describe("carillon.run_script");
  REQUIRE(facts.ok());
  const std::string allowed = scripts.bench.options.script.programs.at(0);
  CHECK(facts->check({{"command", {allowed, "${input.a}"}}}).ok());
  CHECK(facts->check({{"command", {"${input.program}"}}}).ok());
  for (const json& unread : {json("x"), json::array(), json{1}, json()})
    CHECK(facts->check({{"command", unread}}).ok());
  const Status refused = facts->check({{"command", {"/bin/false", "${input.a}"}}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().pointer == "/command/0");
}

TEST_CASE("what a program writes is its result", "[catalog][script_tool]") {
  Scripts scripts;
  const auto reply = scripts.sh("cat; echo oh >&2", {{"a", 1}});
  CHECK_FALSE(reply.failure);
  CHECK(reply.structured["stdout"] == json{{"a", 1}});
  CHECK(reply.structured["stderr"] == "oh\n");
  CHECK(reply.structured["exit_code"] == 0);
  CHECK(reply.structured["cut"] == false);
  CHECK(scripts.sh("cat", "plain ${x}").structured["stdout"] == "plain ${x}");
  CHECK(scripts.sh("printf '[1'").structured["stdout"] == "[1");
  CHECK(scripts.sh("printf '\\377'").structured["stdout"] == "\xEF\xBF\xBD");
}

TEST_CASE("how a program ends decides what comes next", "[catalog][script_tool]") {
  Scripts scripts;
  const auto failed = scripts.sh("echo '{\"a\": 1}'; echo no such luck >&2; exit 3");
  CHECK(failed.failure == ErrorClass::tool_error);
  CHECK(failed.message.find("status 3: no such luck") != std::string::npos);
  CHECK(failed.structured["exit_code"] == 3);
  CHECK(failed.structured["stdout"]["a"] == 1);
  CHECK(scripts.sh("kill -9 $$").structured["signal"] == 9);
  scripts.bench.stop();
  scripts.bench.options.script.programs = {"/nowhere/program"};
  const auto missing = scripts.bench.call("carillon.run_script", {{"command", {"/nowhere/program"}}});
  CHECK(missing.failure == ErrorClass::unavailable);
  CHECK(missing.arrived == Arrived::no);
}

TEST_CASE("a program has nothing of ours", "[catalog][script_tool]") {
  ::setenv("OF_OURS", "1", 1);
  Scripts scripts;
  CHECK(scripts.sh("echo \"<$OF_OURS>\"").structured["stdout"] == "<>\n");
  const std::string directory = scripts.sh("echo x > file; pwd").structured["stdout"];
  CHECK(directory.find("carillon-script-") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(directory.substr(0, directory.find('\n'))));
  CHECK(scripts.sh("ls").structured["stdout"] == "");
  CHECK(scripts.sh("ulimit -c; ulimit -n").structured["stdout"] == "0\n64\n");
  CHECK(scripts.sh("ulimit -v").structured["stdout"] == std::to_string((1u << 30) / 1024) + "\n");
  const auto devices = scripts.sh("tail -n +3 /proc/self/net/dev | cut -d: -f1 | tr -d ' '");
  CHECK(devices.structured["network"] == !process::can_take_network_away());
  if (process::can_take_network_away()) CHECK(devices.structured["stdout"] == "lo\n");
}

TEST_CASE("what a program writes beyond the limit is cut and said to be", "[catalog][script_tool]") {
  Scripts scripts;
  scripts.bench.options.script.output_bytes_max = 1024;
  const auto reply = scripts.sh("head -c 100000 /dev/zero | tr '\\0' x");
  CHECK_FALSE(reply.failure);
  CHECK(reply.structured["cut"] == true);
  CHECK(reply.structured["stdout"] == std::string(1024, 'x'));
}

TEST_CASE("a program ends with its time and when it is cancelled and all of its group with it",
          "[catalog][script_tool]") {
  Scripts scripts;
  const std::string mark = scripts.bench.file("alive");
  const std::string work = "(sleep 60; :) & echo $! > " + mark + "; exec >&- 2>&-; wait";
  const auto is_gone = [&] {
    std::ifstream in{mark};
    std::string pid;
    in >> pid;
    // Where nobody reaps what init adopts, it is a zombie.
    std::ifstream state{"/proc/" + pid + "/stat"};
    std::string text;
    std::getline(state, text);
    return !pid.empty() && (text.empty() || text.find(") Z") != std::string::npos);
  };
  const auto late = scripts.sh(work, nullptr, 1s);
  CHECK(late.failure == ErrorClass::timeout);
  CHECK(late.arrived == Arrived::maybe);
  CHECK(eventually(is_gone));
  std::filesystem::remove(mark);
  CallId id = 0;
  auto cancelled = scripts.bench.start("carillon.run_script", {{"command", {"/bin/sh", "-c", work}}}, 1h, &id);
  REQUIRE(eventually([&] { return std::filesystem::exists(mark) && std::filesystem::file_size(mark) > 0; }));
  scripts.bench.catalog().cancel(id, "nobody wants it");
  CHECK(cancelled.get().failure == ErrorClass::cancelled);
  CHECK(eventually(is_gone));
}
