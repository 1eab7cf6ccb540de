#include <catch2/catch.hpp>

#include "server/domain/pipeline/pipeline.h"
#include "server/engine/own_steps.h"
#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

TEST_CASE("the status tells time and identity and the depth of the queue", "[tools][status]") {
  Installation here;
  here.call("schedule_task",
            {{"name", "echo"}, {"when", "every 15m"}, {"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}});
  here.call("run_now", {{"task", "echo"}});
  const json status = here.call("get_status", json::object());
  CHECK(status["now"] == "Fri 2026-11-20 14:00 Europe/Berlin");
  CHECK(status["you"]["agent"] == "owner");
  CHECK(status["you"]["kind"] == "person");
  CHECK(status["durable"] == "daemon");
  CHECK(status["queue"]["due"] == 1);
  CHECK(status["queue"]["oldest_due"].get<std::string>().find("14:00") != std::string::npos);
  CHECK(status["tasks"]["active"] == 1);
  CHECK(status["next"][0]["task"] == "echo");
  CHECK(status["workers"].get<std::string>().find("no worker") == 0);
  CHECK(status["dispatch"] == "on");
}

TEST_CASE("what waits to be approved is told and can be read whole", "[tools][status]") {
  Installation here;
  here.call("schedule_task", {{"name", "deploy"}, {"when", "manual"}, {"message", "x"}});
  here.call("run_now", {{"task", "deploy"}});
  here.begin("deploy#1");
  const RunId run{std::stoll(here.database.ask("SELECT id FROM carillon.run_live"))};
  const Caller agent{TenantId{"default"}, AgentId{"owner"}, Scopes::all(), "c", ""};
  for (int i = 1; i <= 6; ++i) {
    const OwnStep step{
        .caller = agent,
        .key = {{run, 1, 1}, "test", "ask" + std::to_string(i), 1},
        .kind = pipeline::StepKind::approval,
        .body = {{"message", "Deploy?"}, {"within", std::to_string(i) + "h"}, {"arguments", {{"tag", "v9"}}}},
        .began_at = here.clock.now()};
    REQUIRE(here.engine.perform_step(step)->waits_until.has_value());
  }
  const json status = here.call("get_status", json::object());
  CHECK(status["approvals"].size() == 5);
  CHECK(status["approvals_in_all"] == 6);
  CHECK(status["approvals"][0]["run"] == "deploy#1");
  CHECK(status["approvals"][0]["step"] == "ask1");
  CHECK(status["approvals"][0]["until"].get<std::string>().find("15:00") != std::string::npos);
  CHECK_FALSE(status["approvals"][0].contains("digest"));
}

TEST_CASE("failures are told once to who asks", "[tools][status]") {
  Installation here;
  here.call("schedule_task",
            {{"name", "echo"}, {"when", "manual"}, {"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}});
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#1", "failed", nullptr, "timeout");
  here.clock.advance(std::chrono::minutes{1});
  const json first = here.call("get_status", json::object());
  CHECK(first["since_last_asked"]["failed"] == 1);
  CHECK(first["attention"][0]["run"] == "echo#1");
  here.clock.advance(std::chrono::minutes{1});
  CHECK(here.call("get_status", json::object())["since_last_asked"]["failed"] == 0);
}

TEST_CASE("guides are short and name what they are about", "[tools][status]") {
  Installation here;
  const auto topic = GENERATE(as<std::string>(), "when", "pipelines", "errors", "limits");
  const json help = here.call("get_status", {{"help", topic}});
  CHECK(help["guide"].get<std::string>().size() <= 3'200);  // 800 tokens
  CHECK(help["guide"].get<std::string>().size() > 400);
}

TEST_CASE("the steps that the guide shows can be read", "[tools][status]") {
  Installation here;
  const std::string guide = here.call("get_status", {{"help", "pipelines"}})["guide"];
  const auto begin = guide.find("```json\n") + 8;
  const auto read =
      pipeline::read_pipeline({{"steps", json::parse(guide.substr(begin, guide.find("```", begin) - begin))}}, "");
  REQUIRE(read.ok());
  CHECK(read->steps.size() == 3);
  for (const auto kind : pipeline::kStepKindMembers)
    CHECK(guide.find("`" + std::string(kind) + ":") != std::string::npos);
}

}  // namespace
}  // namespace carillon::tools
