#include "server/domain/action.h"

#include <catch2/catch.hpp>

#include "server/domain/duration_text.h"
#include "server/domain/pipeline/pipeline.h"
#include "server/domain/template.h"

using namespace carillon;
using namespace std::chrono_literals;

TEST_CASE("durations are read in words and in ISO 8601", "[domain][action]") {
  auto [text, expected] = GENERATE(table<std::string, Duration>({
      {"90s", 90s},
      {"1h30m", 90min},
      {"1h 30 min", 90min},
      {"2d", 48h},
      {"1w", 168h},
      {"250ms", 250ms},
      {"1.5h", 90min},
      {"2 Hours", 2h},
      {"PT5M", 5min},
      {"P1DT2H", 26h},
      {"p1w", 168h},
      {"0s", 0s},
  }));
  CAPTURE(text);
  const auto read = read_duration(text, "/for");
  REQUIRE(read.ok());
  CHECK(*read == expected);
}

TEST_CASE("what is no duration is refused with examples", "[domain][action]") {
  const std::string text =
      GENERATE("", "30", "m", "5 parsecs", "-5m", "PT", "P1M", "PT1D", "P5", "1h30", "99999999999999999999s", "9999w");
  CAPTURE(text);
  const auto read = read_duration(text, "/for");
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == ErrorCode::arguments_invalid);
  CHECK(read.error().pointer == "/for");
  CHECK_FALSE(read.error().try_instead.empty());
}

TEST_CASE("a bare number is offered with units", "[domain][action]") {
  CHECK(read_duration("30", "/for").error().try_instead == json::array({"30s", "30m"}));
}

TEST_CASE("durations are written as short as they can be", "[domain][action]") {
  auto [duration, text] = GENERATE(table<Duration, std::string>({
      {90min, "1h30m"},
      {0s, "0s"},
      {48h, "2d"},
      {1500ms, "1s500ms"},
      {-30s, "-30s"},
      {Duration{7}, "7us"},
  }));
  CHECK(to_text(duration) == text);
}

TEST_CASE("an action survives being stored", "[domain][action]") {
  const json stored = GENERATE(json{{"kind", "tool"}, {"tool", "everything.echo"}, {"arguments", {{"message", "hi"}}}},
                               json{{"kind", "message"}, {"message", "Check the build"}},
                               json::parse(R"({"kind":"steps","input":{"a":1},"steps":[
        {"id":"one","uses":"s.t","with":{"x":"${input.a}"},"save_as":"first","timeout":"5s",
         "retry":{"max_attempts":3,"backoff":"fixed","base":"2s","max":"5m"}},
        {"id":"two","uses":"s.u","with":{}}]})"));
  const auto action = read_action(stored, "/action");
  REQUIRE(action.ok());
  CHECK(to_json(*action) == stored);
}

TEST_CASE("a wrong action is refused where it is wrong", "[domain][action]") {
  auto [text, pointer] = GENERATE(table<std::string, std::string>({
      {R"(7)", "/a"},
      {R"({"kind":"dream"})", "/a/kind"},
      {R"({"kind":"tool"})", "/a/tool"},
      {R"({"kind":"tool","tool":"echo"})", "/a/tool"},
      {R"({"kind":"tool","tool":"a.b","arguments":[]})", "/a/arguments"},
      {R"({"kind":"tool","tool":"a.b","argumens":{}})", "/a/argumens"},
      {R"({"kind":"message","message":""})", "/a/message"},
      {R"({"kind":"message","message":"x","to":"y"})", "/a/to"},
      {R"({"kind":"steps","steps":[]})", "/a/steps"},
      {R"({"kind":"steps","steps":[1]})", "/a/steps/0"},
      {R"({"kind":"steps","steps":[{"uses":"a.b"}]})", "/a/steps/0/id"},
      {R"({"kind":"steps","steps":[{"id":"1a","uses":"a.b"}]})", "/a/steps/0/id"},
      {R"({"kind":"steps","steps":[{"id":"a-b","uses":"a.b"}]})", "/a/steps/0/id"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"b"}]})", "/a/steps/0/uses"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b","with":1}]})", "/a/steps/0/with"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b","if":"x["}]})", "/a/steps/0/if"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b","save_as":"a b"}]})", "/a/steps/0/save_as"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b","timeout":5}]})", "/a/steps/0/timeout"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b","timeout":"0s"}]})", "/a/steps/0/timeout"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b","timeout":"soon"}]})", "/a/steps/0/timeout"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b","retry":"x"}]})", "/a/steps/0/retry"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b"},{"id":"a","uses":"a.b"}]})", "/a/steps/1/id"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b"},{"id":"b","uses":"a.b","save_as":"a"}]})",
       "/a/steps/1/save_as"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b"}],"input":[]})", "/a/input"},
      {R"({"kind":"steps","steps":[{"id":"a","uses":"a.b"}],"needs":[]})", "/a/needs"},
  }));
  CAPTURE(text);
  const auto action = read_action(json::parse(text), "/a");
  REQUIRE_FALSE(action.ok());
  CHECK(action.error().code == ErrorCode::arguments_invalid);
  CHECK(action.error().pointer == pointer);
}

TEST_CASE("limits of an action are told", "[domain][action]") {
  json steps = json::array();
  for (int i = 0; i < 101; ++i) steps.push_back({{"id", "s" + std::to_string(i)}, {"uses", "a.b"}});
  CHECK_FALSE(read_action({{"kind", "steps"}, {"steps", steps}}, "").ok());
  const auto message = read_action({{"kind", "message"}, {"message", std::string(70'000, 'x')}}, "");
  CHECK(message.error().code == ErrorCode::too_large);
}

TEST_CASE("templates where none are filled in are pointed out", "[domain][action]") {
  Action action;
  action.kind = ActionKind::tool;
  action.tool = "slack.send";
  action.arguments = {{"text", "deployed ${event.payload.tag} at ${now}"}};
  CHECK(action_warnings(action) ==
        std::vector<std::string>{R"(${event…} stays as it is in arguments; templates are filled in in steps: )"
                                 R"(steps: [{"id": "one", "uses": "slack.send", "with": {…}}])"});
  action.arguments = {{"script", "echo ${HOME} ${input}"}};
  CHECK(action_warnings(action).empty());
  action.arguments = {{"text", "${"}};
  CHECK(action_warnings(action).empty());
  action = {};
  action.message = "late by ${run.late_by}";
  CHECK(action_warnings(action).size() == 1);
  const auto steps = read_action(
      {{"kind", "steps"},
       {"steps", json::array({{{"id", "one"}, {"uses", "slack.send"}, {"with", {{"text", "${event.payload.tag}"}}}}})}},
      "");
  REQUIRE(steps.ok());
  CHECK(action_warnings(*steps).empty());
}

TEST_CASE("a prompt is one step that asks an agent or the model and nothing in it is filled in", "[domain][action]") {
  const json said{{"kind", "prompt"}, {"prompt", "Keep ${x} and $${y}."}, {"agent", "scout"}};
  const auto action = read_action(said, "");
  REQUIRE(action.ok());
  CHECK(action->kind == ActionKind::steps);
  REQUIRE(action->pipeline->steps.size() == 1);
  const pipeline::Step& step = action->pipeline->steps[0];
  CHECK(step.kind == pipeline::StepKind::agent);
  const auto rendered = render_template(step.body, {{"input", {{"n", 1}}}, {"event", nullptr}}, {.zone = "UTC"});
  REQUIRE(rendered.ok());
  CHECK((*rendered)["prompt"] == "Keep ${x} and $${y}.");
  CHECK((*rendered)["name"] == "scout");
  CHECK((*rendered)["data"] == json{{"input", {{"n", 1}}}, {"event", nullptr}});
  CHECK(to_json(*action) == said);
  CHECK(as_arguments(*action) == json{{"prompt", "Keep ${x} and $${y}."}, {"agent", "scout"}});
  CHECK(action_warnings(*action).size() == 1);  // about ${x}

  const auto model = read_action({{"kind", "prompt"}, {"prompt", "x"}, {"model", true}}, "");
  REQUIRE(model.ok());
  CHECK(model->pipeline->steps[0].body["uses"] == "llm.generate");
  CHECK(as_arguments(*model) == json{{"prompt", "x"}});
  CHECK(action_warnings(*model).at(0).find("uses tokens") != std::string::npos);
  const auto any = read_action({{"kind", "prompt"}, {"prompt", "x"}}, "");
  CHECK(who_answers(*any->prompt) == "any agent");
  CHECK(action_warnings(*any).at(0).find("no model is configured") != std::string::npos);
}

TEST_CASE("a prompt that nobody can be given is refused at its place", "[domain][action]") {
  auto [text, pointer] = GENERATE(table<std::string, std::string>({
      {R"({"kind":"prompt"})", "/a/prompt"},
      {R"({"kind":"prompt","prompt":""})", "/a/prompt"},
      {R"({"kind":"prompt","prompt":"x","agent":"a b"})", "/a/agent"},
      {R"({"kind":"prompt","prompt":"x","agent":1})", "/a/agent"},
      {R"({"kind":"prompt","prompt":"x","agent":"a","model":true})", "/a/model"},
      {R"({"kind":"prompt","prompt":"x","input":1})", "/a/input"},
      {R"({"kind":"prompt","prompt":"x","promt":"y"})", "/a/promt"},
  }));
  CAPTURE(text);
  CHECK(read_action(json::parse(text), "/a").error().pointer == pointer);
  const json large{{"kind", "prompt"}, {"prompt", std::string(32'001, 'x')}};
  CHECK(read_action(large, "/a").error().code == ErrorCode::too_large);
}
