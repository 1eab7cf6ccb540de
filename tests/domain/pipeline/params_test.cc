#include "server/domain/pipeline/params.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/domain/pipeline/pipeline.h"
#include "server/domain/template.h"

using namespace carillon;
using namespace carillon::pipeline;

namespace {

// A template of one step, made with these values; its `with`.
Result<json> filled(const std::string& with, const std::string& values) {
  const json definition{
      {"steps", json::array({{{"id", "a"}, {"uses", "s.t"}, {"with", json::parse(with)}}})},
      {"params", json::parse(R"({"type":"object","properties":{"a":{},"b":{"default":7},"list":{}}})")}};
  const auto made = with_params(definition, json::parse(values));
  if (!made) return made.error();
  CHECK_FALSE(made->contains("params"));
  return made->at("steps")[0]["with"];
}

}  // namespace

TEST_CASE("params take their places in texts with their types", "[domain][pipeline][params]") {
  const auto [with, values, expected] = GENERATE(table<std::string, std::string, std::string>({
      {R"({"x":"${params.a}"})", R"({"a":"one"})", R"({"x":"one"})"},
      {R"({"x":"${params.a}"})", R"({"a":{"n":1}})", R"({"x":{"n":1}})"},
      {R"({"x":"is ${params.b}!"})", R"({})", R"({"x":"is 7!"})"},
      {R"({"x":"${params.a} and ${steps.y.n}"})", R"({"a":"one"})", R"({"x":"one and ${steps.y.n}"})"},
      {R"({"x":"$${params.a}"})", R"({"a":"one"})", R"({"x":"$${params.a}"})"},
      {R"({"x":"${steps.y[?n > params.b]}"})", R"({})", R"({"x":"${steps.y[?n > `7`]}"})"},
      {R"({"x":"${steps.params.a}"})", R"({"a":1})", R"({"x":"${steps.params.a}"})"},
      {R"({"x":"${length(params.list)}"})", R"({"list":[1,2]})", R"({"x":2})"},
      {R"({"x":["${params.a}",{"y":"${params.a}"}]})", R"({"a":1})", R"({"x":[1,{"y":1}]})"},
  }));
  INFO(with);
  const auto made = filled(with, values);
  REQUIRE(made.ok());
  CHECK(*made == json::parse(expected));
}

TEST_CASE("what a param holds is data and no template", "[domain][pipeline][params]") {
  const auto made = filled(R"({"x":"${params.a}","y":"see ${params.a}","z":"${join(params.a, steps.l)}"})",
                           R"({"a":"${secret.key} `x` \" }"})");
  REQUIRE(made.ok());
  CHECK(made->at("x") == "$${secret.key} `x` \" }");
  CHECK(made->at("y") == "see $${secret.key} `x` \" }");
  const auto rendered = render_template(*made, json{{"steps", {{"l", {"1", "2"}}}}});
  REQUIRE(rendered.ok());
  CHECK(rendered->at("x") == "${secret.key} `x` \" }");
  CHECK(rendered->at("z") == "1${secret.key} `x` \" }2");
}

TEST_CASE("conditions and inner lists are filled in wherever they stand", "[domain][pipeline][params]") {
  const json definition{{"params", json::parse(R"({"type":"object","properties":{"n":{}}})")},
                        {"output", {{"n", "${params.n}"}}},
                        {"steps", json::parse(R"([
    {"id":"a","if":"${steps.x > params.n}","sequence":[{"id":"b","uses":"s.t","expect":"n < params.n"}]},
    {"id":"c","parallel":[{"id":"d","uses":"s.t","with":{"n":"${params.n}","if":"params.n"}},[{"id":"e","wait":"1s"}]]},
    {"id":"f","switch":[{"if":"params.n","do":[{"id":"g","uses":"s.t","with":{"n":"${params.n}"}}]},
                        {"else":[{"id":"h","uses":"s.t","undo":{"uses":"s.u","with":{"n":"${params.n}"}}}]}]},
    {"id":"i","map":"${params.n}","do":[{"id":"j","uses":"s.t"}]}])")}};
  REQUIRE(read_pipeline(json{{"steps", definition["steps"]}}, "").ok());
  const auto made = with_params(definition, {{"n", 5}});
  REQUIRE(made.ok());
  const json& steps = made->at("steps");
  CHECK(steps[0]["if"] == "steps.x > `5`");
  CHECK(steps[0]["sequence"][0]["expect"] == "n < `5`");
  CHECK(steps[1]["parallel"][0]["with"] == json{{"n", 5}, {"if", "params.n"}});
  CHECK(steps[2]["switch"][0]["if"] == "`5`");
  CHECK(steps[2]["switch"][0]["do"][0]["with"]["n"] == 5);
  CHECK(steps[2]["switch"][1]["else"][0]["undo"]["with"]["n"] == 5);
  CHECK(steps[3]["map"] == 5);
  CHECK(made->at("output")["n"] == 5);
}

TEST_CASE("values that do not fit are refused at their place", "[domain][pipeline][params]") {
  CHECK(filled("{}", R"({"c":1})").error().pointer == "/params/c");
  const auto missing = filled(R"({"x":"${params.a.b}"})", R"({})");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().pointer == "/steps/0/with/x");
}
