#include "server/domain/pipeline/rehearsal.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using namespace carillon::pipeline;
using carillon::test::kNow;

namespace {

Pipeline rehearsable(const std::string& steps, const json& output = nullptr) {
  json definition{{"steps", json::parse(steps)}};
  if (!output.is_null()) definition["output"] = output;
  auto pipeline = read_pipeline(definition, "");
  if (!pipeline) FAIL(pipeline.error().message);
  return *std::move(pipeline);
}

Rehearsal rehearsed(const Pipeline& pipeline, const std::string& stubs) {
  return rehearse(pipeline, {.input = {{"n", 1}}, .now = to_rfc3339(kNow)}, json::parse(stubs), kNow);
}

std::vector<std::string> paths(const Rehearsal& done) {
  std::vector<std::string> found;
  for (const auto& step : done.steps) found.push_back(step.path);
  return found;
}

}  // namespace

TEST_CASE("what is known is filled in and the rest is named", "[domain][pipeline][rehearsal]") {
  const auto pipeline = rehearsable(R"([
    {"id":"issues","uses":"g.list","with":{"repo":"${input.repo}","since":"${run.previous_success_at}"}},
    {"id":"mail","uses":"m.unread","needs":[]},
    {"id":"post","uses":"s.send","needs":["issues","mail"],"with":{"to":"#me","text":["${steps.issues.n} of ${input.repo}"]}}])");
  const auto rows = foreseen(pipeline, {{"input", {{"repo", "a/b"}}}}, "UTC");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].stage == 1);
  CHECK(rows[1].stage == 1);
  CHECK(rows[2].stage == 2);
  CHECK(rows[0].arguments == json{{"repo", "a/b"}, {"since", "${run.previous_success_at}"}});
  CHECK(rows[0].open == std::vector<std::string>{"/since: ${run.previous_success_at}"});
  CHECK(rows[2].open == std::vector<std::string>{"/text/0: ${steps.issues.n} of ${input.repo}"});
}

TEST_CASE("steps inside lists are foreseen at the stage of their list", "[domain][pipeline][rehearsal]") {
  const auto pipeline = rehearsable(R"([
    {"id":"first","wait":"1s"},
    {"id":"each","map":"${input.l}","do":[{"id":"a","uses":"s.t"}]},
    {"id":"both","parallel":[{"id":"b","uses":"s.t"},[{"id":"c","sequence":[{"id":"d","uses":"s.t"}]}]]}])");
  const auto rows = foreseen(pipeline, json::object(), "UTC");
  std::vector<std::pair<std::string, int>> found;
  for (const auto& row : rows) found.emplace_back(row.path, row.stage);
  CHECK(found == std::vector<std::pair<std::string, int>>{{"first", 1},
                                                          {"each", 2},
                                                          {"each[*].a", 2},
                                                          {"both", 3},
                                                          {"both.0.b", 3},
                                                          {"both.1.c", 3},
                                                          {"both.1.c.d", 3}});
}

TEST_CASE("the planner goes through the steps with the results that are given", "[domain][pipeline][rehearsal]") {
  const auto pipeline = rehearsable(R"([
    {"id":"list","uses":"s.t"},
    {"id":"pause","wait":"2h"},
    {"id":"each","map":"${steps.list.items}","as":"it","do":[{"id":"one","uses":"s.t","with":{"x":"${it}"}}]},
    {"id":"big","if":"length(steps.each.results) > `5`","uses":"s.t"},
    {"id":"last","uses":"s.t","with":{"n":"${length(steps.each.results)}"}}])",
                                    {{"n", "${steps.last.n}"}});
  const auto done = rehearsed(pipeline, R"({"list":{"items":[7,8]},"one":{"ok":true},"last":{"n":3}})");
  CHECK(paths(done) == std::vector<std::string>{"list", "pause", "each[0].one", "each[1].one", "last"});
  CHECK(done.steps[3].arguments == json{{"x", 8}});
  CHECK(done.steps[2].stage == done.steps[3].stage);
  CHECK(done.steps[4].arguments == json{{"n", 2}});
  REQUIRE(done.end);
  CHECK(done.end->state == RunState::succeeded);
  CHECK(done.end->output == json{{"n", 3}});
}

TEST_CASE("a step without a result ends what comes after it and nothing else", "[domain][pipeline][rehearsal]") {
  const auto pipeline = rehearsable(R"([
    {"id":"a","uses":"s.t","needs":[]},{"id":"b","uses":"s.t","needs":["a"]},{"id":"c","uses":"s.t","needs":[]}])");
  const auto done = rehearsed(pipeline, R"({"c":1})");
  CHECK(paths(done) == std::vector<std::string>{"a", "c"});
  CHECK(done.missing == std::vector<std::string>{"a"});
  CHECK_FALSE(done.end);
  CHECK(done.steps[1].state == StepState::succeeded);
}

TEST_CASE("a template that leads nowhere and a result that is not expected fail as they would",
          "[domain][pipeline][rehearsal]") {
  const auto nowhere =
      rehearsed(rehearsable(R"([{"id":"a","uses":"s.t"},{"id":"b","uses":"s.t","with":{"x":"${steps.a.y}"}}])"),
                R"({"a":{"z":1},"b":1})");
  REQUIRE(nowhere.end);
  CHECK(nowhere.end->state == RunState::failed);
  CHECK_THAT(nowhere.steps[1].problem, Catch::Contains("steps.a.y"));
  const auto unexpected = rehearsed(
      rehearsable(R"([{"id":"a","uses":"s.t","undo":{"uses":"s.u"}},{"id":"b","uses":"s.t","expect":"n > `1`"}])"),
      R"({"a":1,"b":{"n":1}})");
  REQUIRE(unexpected.end);
  CHECK(unexpected.end->state == RunState::failed);
  CHECK(paths(unexpected) == std::vector<std::string>{"a", "b", "a!undo"});
}

TEST_CASE("branches that are not needed any more are left", "[domain][pipeline][rehearsal]") {
  const auto done = rehearsed(
      rehearsable(R"([{"id":"p","join":"any","parallel":[{"id":"a","uses":"s.t"},{"id":"b","uses":"s.t"}]}])"),
      R"({"b":1})");
  REQUIRE(done.end);
  CHECK(done.end->state == RunState::succeeded);
  CHECK(done.steps[0].state == StepState::cancelled);
}
