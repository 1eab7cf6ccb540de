#include "server/domain/pipeline/pipeline.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace carillon::pipeline;
using namespace std::chrono_literals;

namespace {

Result<Pipeline> read(const std::string& steps) { return read_pipeline(json{{"steps", json::parse(steps)}}, ""); }

}  // namespace

TEST_CASE("the briefing of the specification is read", "[domain][pipeline]") {
  const auto pipeline = read_pipeline(json::parse(R"({
    "inputs": {"type": "object", "properties": {"city": {"type": "string", "default": "Chisinau"}}},
    "steps": [
      {"id": "calendar", "uses": "google-calendar-mcp.list_events", "with": {"start": "${now}", "end": "${now+24h}"}, "save_as": "events"},
      {"id": "weather", "uses": "weather-mcp.forecast", "with": {"city": "${input.city}"}, "needs": []},
      {"id": "brief", "uses": "llm.plan", "with": {"calendar": "${steps.events}", "weather": "${steps.weather}"},
       "needs": ["calendar", "weather"], "retry": {"max_attempts": 3}},
      {"id": "notify", "if": "length(steps.events) > `0`", "uses": "telegram-mcp.send_message", "with": {"text": "${steps.brief.text}"}}
    ]})"),
                                      "");
  REQUIRE(pipeline.ok());
  REQUIRE(pipeline->steps.size() == 4);
  CHECK(pipeline->steps[0].save_as == "events");
  CHECK(pipeline->steps[1].needs.empty());
  CHECK(pipeline->steps[2].needs == std::vector<std::size_t>{0, 1});
  CHECK(pipeline->steps[2].retry->max_attempts == 3);
  CHECK(pipeline->steps[3].needs == std::vector<std::size_t>{2});
  CHECK(pipeline->steps[3].condition == "length(steps.events) > `0`");
}

TEST_CASE("every kind of step is read", "[domain][pipeline]") {
  const auto [step, kind] = GENERATE(table<std::string, StepKind>({
      {R"({"id":"a","uses":"s.t","with":{"x":"${input.x}"},"timeout":"5s","sensitive":["/x"]})", StepKind::tool},
      {R"({"id":"a","sequence":[{"id":"b","uses":"s.t"}]})", StepKind::sequence},
      {R"({"id":"a","parallel":[{"id":"b","uses":"s.t"},[{"id":"c","uses":"s.t"}]],"join":{"at_least":1},"fail_fast":false})",
       StepKind::parallel},
      {R"({"id":"a","map":"${input.items}","as":"issue","max_parallel":3,"do":[{"id":"b","uses":"s.t","with":{"n":"${issue.n}"}}]})",
       StepKind::map},
      {R"({"id":"a","switch":[{"if":"input.x","do":[{"id":"b","uses":"s.t"}]},{"else":[{"id":"c","uses":"s.t"}]}]})",
       StepKind::choice},
      {R"({"id":"a","wait":"2h"})", StepKind::wait},
      {R"({"id":"a","wait":{"until":"${input.at}"}})", StepKind::wait},
      {R"({"id":"a","signal":{"event":"deploy.finished","match":"payload.env == 'prod'","within":"3d"}})",
       StepKind::signal},
      {R"({"id":"a","approval":{"message":"deploy ${input.tag}?","by":["person"],"quorum":2,"within":"24h","on_expiry":"reject"}})",
       StepKind::approval},
      {R"({"id":"a","http":{"method":"POST","url":"https://x.example/","body":{"n":1}}})", StepKind::http},
      {R"({"id":"a","script":{"command":["sort","-u"],"stdin":"${steps.b}"}})", StepKind::script},
      {R"({"id":"a","event":{"type":"deploy.checked","payload":{"ok":true}}})", StepKind::event},
      {R"({"id":"a","state":{"op":"acquire","key":"repo/a","ttl":"30m"}})", StepKind::state},
      {R"({"id":"a","pipeline":"smoke@3","with":{"x":1}})", StepKind::child},
      {R"({"id":"a","agent":{"name":"scout","prompt":"look at ${input.url}"}})", StepKind::agent},
  }));
  CAPTURE(step);
  const auto pipeline = read("[" + step + "]");
  INFO((pipeline ? "" : pipeline.error().pointer + " " + pipeline.error().message));
  REQUIRE(pipeline.ok());
  CHECK(pipeline->steps[0].kind == kind);
}

TEST_CASE("what a definition has wrong is told with its place", "[domain][pipeline]") {
  const auto [steps, pointer, message] = GENERATE(table<std::string, std::string, std::string>({
      {"[]", "/steps", "at least one step"},
      {"7", "/steps", "at least one step"},
      {"[7]", "/steps/0", "a step is an object"},
      {R"([{"id":"a"}])", "/steps/0", "a step needs a kind"},
      {R"([{"id":"a","use":"s.t"}])", "/steps/0/use", "did you mean"},
      {R"([{"id":"a","uses":"s.t","wiht":{}}])", "/steps/0/wiht", "did you mean"},
      {R"([{"id":"a","uses":"s.t","wait":"2h"}])", "/steps/0/wait", "a step has one kind"},
      {R"([{"id":"1a","uses":"s.t"}])", "/steps/0/id", "begins with no digit"},
      {R"([{"id":"a-b","uses":"s.t"}])", "/steps/0/id", "letters, digits and _"},
      {R"([{"id":"a","uses":"t"}])", "/steps/0/uses", "server.tool"},
      {R"([{"id":"a","uses":"s.t"},{"id":"a","uses":"s.t"}])", "/steps/1/id", "another step called"},
      {R"([{"id":"a","uses":"s.t"},{"id":"b","sequence":[{"id":"a","uses":"s.t"}]}])", "/steps/1/sequence/0/id",
       "another step called"},
      {R"([{"id":"a","uses":"s.t","needs":["b"]},{"id":"bb","uses":"s.t"}])", "/steps/0/needs/0", "did you mean"},
      {R"([{"id":"a","uses":"s.t","needs":["c"]},{"id":"b","uses":"s.t"},{"id":"c","uses":"s.t"}])", "/steps/0/needs",
       "a after c after b after a"},
      {R"([{"id":"a","uses":"s.t","needs":["a"]}])", "/steps/0/needs", "a after a"},
      {R"([{"id":"a","uses":"s.t","needs":["b"],"on_error":"b"},{"id":"b","uses":"s.t","needs":[]}])", "/steps/0/needs",
       "a after b after a"},
      {R"([{"id":"a","uses":"s.t"},{"id":"b","uses":"s.t","on_error":"a"}])", "/steps/1/on_error", "later step"},
      {R"([{"id":"a","uses":"s.t","on_error":"x"}])", "/steps/0/on_error", "no step"},
      {R"([{"id":"a","uses":"s.t","if":"a ||"}])", "/steps/0/if", ""},
      {R"([{"id":"a","uses":"s.t","with":{"x":["${a."]}}])", "/steps/0/with/x/0", ""},
      {R"([{"id":"a","uses":"s.t","timeout":"soon"}])", "/steps/0/timeout", ""},
      {R"([{"id":"a","uses":"s.t","timeout":"0s"}])", "/steps/0/timeout", "longer than nothing"},
      {R"([{"id":"a","uses":"s.t","retry":{"attempts":3}}])", "/steps/0/retry/attempts", ""},
      {R"([{"id":"a","uses":"s.t","sensitive":["x"]}])", "/steps/0/sensitive", "JSON pointer"},
      {R"([{"id":"a","uses":"s.t","undo":{"id":"b","uses":"s.u"}}])", "/steps/0/undo/id", "an undo has no"},
      {R"([{"id":"a","uses":"s.t","undo":{"sequence":[]}}])", "/steps/0/undo", "one step"},
      {R"([{"id":"a","parallel":[[{"id":"b","uses":"s.t"}]],"join":"some"}])", "/steps/0/join", "how many branches"},
      {R"([{"id":"a","parallel":[[{"id":"b","uses":"s.t"}]],"join":{"at_least":2}}])", "/steps/0/join",
       "how many branches"},
      {R"([{"id":"a","map":7,"do":[{"id":"b","uses":"s.t"}]}])", "/steps/0/map", "is a list"},
      {R"([{"id":"a","map":[],"max_parallel":0,"do":[{"id":"b","uses":"s.t"}]}])", "/steps/0/max_parallel",
       "1 to 1000"},
      {R"([{"id":"a","map":[]}])", "/steps/0/do", "at least one step"},
      {R"([{"id":"a","switch":[{"else":[{"id":"b","uses":"s.t"}]},{"if":"x","do":[{"id":"c","uses":"s.t"}]}]}])",
       "/steps/0/switch/0/else", "last branch"},
      {R"([{"id":"a","switch":[{"do":[{"id":"b","uses":"s.t"}]}]}])", "/steps/0/switch/0", "a branch is"},
      {R"([{"id":"a","wait":"soon"}])", "/steps/0/wait", "a wait is a duration"},
      {R"([{"id":"a","signal":{"match":"x"}}])", "/steps/0/signal/event", "missing"},
      {R"([{"id":"a","approval":{"message":"?","on_expiry":"maybe"}}])", "/steps/0/approval/on_expiry",
       "fail approve reject"},
      {R"([{"id":"a","script":{"command":[]}}])", "/steps/0/script/command", "list of texts"},
      {R"([{"id":"a","pipeline":"smoke@x"}])", "/steps/0/pipeline", "name@3"},
      {R"([{"id":"a","pipeline":"${input.which}"}])", "/steps/0/pipeline", "name@3"},
      {R"([{"id":"a","pipeline":"smoke","retry":{"max_attempts":2}}])", "/steps/0/retry", "steps inside"},
      {R"([{"id":"a","state":{"op":"steal","key":"k"}}])", "/steps/0/state/op", "give one of"},
  }));
  CAPTURE(steps);
  const auto pipeline = read(steps);
  REQUIRE_FALSE(pipeline.ok());
  CHECK(pipeline.error().pointer == pointer);
  CHECK_THAT(pipeline.error().message, Catch::Contains(message));
}

TEST_CASE("a definition has its limits", "[domain][pipeline]") {
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back({{"id", "s" + std::to_string(i)}, {"uses", "s.t"}});
  CHECK(read_pipeline({{"steps", many}}, "").error().code == ErrorCode::too_large);
  many.erase(100);
  CHECK(read_pipeline({{"steps", many}}, "").ok());
  json deep{{"id", "leaf"}, {"uses", "s.t"}};
  for (int i = 0; i < 8; ++i) deep = {{"id", "d" + std::to_string(i)}, {"sequence", {deep}}};
  CHECK(read_pipeline({{"steps", {deep}}}, "").error().code == ErrorCode::too_large);
  CHECK(read_pipeline({{"steps", deep["sequence"]}}, "").ok());
  const json large{{"steps", {{{"id", "a"}, {"uses", "s.t"}, {"with", {{"x", std::string(1'000'000, 'x')}}}}}}};
  CHECK(read_pipeline(large, "").error().code == ErrorCode::too_large);
  CHECK(read_pipeline({{"steps", many}, {"inputs", {{"type", "objct"}}}}, "/pipeline").error().pointer ==
        "/pipeline/inputs/type");
  CHECK(read_pipeline({{"steps", many}, {"output", "${"}}, "").error().pointer == "/output");
  CHECK(read_pipeline({{"steps", many}, {"stpes", 1}}, "").error().pointer == "/stpes");
}
