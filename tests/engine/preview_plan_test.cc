#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

const json kPlannedSteps = json::parse(R"([
  {"id":"issues","uses":"everything.echo","with":{"message":"${input.repo}"}},
  {"id":"mail","uses":"everything.write","needs":[]},
  {"id":"post","uses":"everything.write","needs":["issues","mail"],"with":{"text":"${steps.issues.count}"}},
  {"id":"tell","event":{"type":"told","payload":{}}}])");

struct Planned : EngineFixture {
  Planned() {
    ToolFacts write = tools.tools.at("everything.echo");
    write.tool = "everything.write";
    write.effect = Effect::destructive;
    write.input_schema = ordered_json::parse(R"({"type":"object"})");
    tools.tools.emplace("everything.write", write);
    REQUIRE(engine.save_pipeline(caller(), {.name = "brief", .steps = kPlannedSteps}).ok());
  }
  PlannedSteps plan(const PreviewPlan& query) {
    auto planned = engine.preview_plan(caller(), query);
    if (!planned) FAIL(planned.error().message);
    return *planned;
  }
};

}  // namespace

TEST_CASE("a plan says what runs side by side and what reads and writes (E2)", "[engine][preview_plan]") {
  Planned f;
  const auto planned = f.plan({.pipeline = "brief", .input = {{"repo", "a/b"}}});
  CHECK(planned.pipeline == "brief@1");
  REQUIRE(planned.plan.size() == 4);
  CHECK(planned.plan[0].stage == 1);
  CHECK(planned.plan[1].stage == 1);
  CHECK(planned.plan[2].stage == 2);
  CHECK(planned.plan[0].effect == "read");
  CHECK(planned.plan[2].effect == "write");
  CHECK(planned.plan[3].effect == "write");
  CHECK(planned.plan[0].arguments == json{{"message", "a/b"}});
  CHECK(planned.plan[2].open == std::vector<std::string>{"/text: ${steps.issues.count}"});
  CHECK(planned.problems.empty());
  CHECK(f.count("run_ready") == 0);
}

TEST_CASE("a plan with stubs goes through the steps and calls nothing", "[engine][preview_plan]") {
  Planned f;
  const PreviewPlan query{.pipeline = "brief",
                          .input = {{"repo", "a/b"}},
                          .stubs = json::parse(R"({"issues":{"count":3},"mail":{},"post":{"ok":true},"tell":{}})")};
  const auto planned = f.plan(query);
  CHECK(planned.ends == "succeeded");
  CHECK(planned.plan[2].arguments == json{{"text", 3}});
  CHECK(planned.plan[2].state == "succeeded");
  const auto half = f.plan({.pipeline = "brief", .input = {{"repo", "a/b"}}, .stubs = json{{"mail", 1}}});
  CHECK(half.ends.empty());
  REQUIRE(half.problems.size() == 1);
  CHECK_THAT(half.problems[0], Catch::Contains("issues"));
  CHECK(f.count("outbox WHERE event_type = 'event.published'") == 0);
}

TEST_CASE("what stands in the way of a plan is told with it", "[engine][preview_plan]") {
  Planned f;
  REQUIRE(f.engine
              .save_pipeline(f.caller(), {.name = "typed",
                                          .steps = kPlannedSteps,
                                          .inputs = json::parse(
                                              R"({"type":"object","required":["repo"],"properties":{"repo":{}}})")})
              .ok());
  const auto planned = f.plan({.pipeline = "typed"});
  REQUIRE(planned.problems.size() == 1);
  CHECK_THAT(planned.problems[0], Catch::StartsWith("/input"));
  CHECK(planned.plan.size() == 4);
  const auto unknown = f.plan({.steps = json::parse(R"([{"id":"a","uses":"no.body"}])")});
  REQUIRE(unknown.problems.size() == 1);
  CHECK_THAT(unknown.problems[0], Catch::StartsWith("/steps/0/uses"));
  const auto refused = [&](const PreviewPlan& query) {
    return f.engine.preview_plan(f.caller(), query).error().pointer;
  };
  CHECK(refused({}) == "/steps");
  CHECK(refused({.pipeline = "nobody"}) == "/pipeline");
  CHECK(refused({.steps = json::parse(R"([{"id":"a"}])")}) == "/steps/0");
  CHECK(refused({.pipeline = "brief", .stubs = json::array()}) == "/stubs");
}
