#include "server/domain/pipeline/outline.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;
using namespace carillon::pipeline;

namespace {

using Lines = std::vector<std::string>;

Lines between(const std::string& before, const std::string& after) {
  return differences(json::parse(before), json::parse(after));
}

}  // namespace

TEST_CASE("stages follow what steps need and not where they stand", "[domain][pipeline][outline]") {
  const auto read = read_pipeline(json::parse(R"({"steps":[
    {"id":"last","wait":"1s","needs":["one","two"]},
    {"id":"one","wait":"1s","needs":[]},
    {"id":"two","wait":"1s","needs":["one"]},
    {"id":"beside","wait":"1s","needs":[]}]})"),
                                  "");
  REQUIRE(read.ok());
  CHECK(stages_of(read->steps) == std::vector<Lines>{{"one", "beside"}, {"two"}, {"last"}});
}

TEST_CASE("what differs between two definitions is told by the ids of steps", "[domain][pipeline][outline]") {
  const auto [before, after, lines] = GENERATE(table<std::string, std::string, Lines>({
      {R"({"steps":[{"id":"a"}]})", R"({"steps":[{"id":"a"}]})", {}},
      {R"({"steps":[{"id":"a","with":{"x":1}}]})",
       R"({"steps":[{"id":"a","with":{"x":2}}]})",
       {"steps.a.with.x: 1 → 2"}},
      {R"({"steps":[{"id":"a"}]})", R"({"steps":[{"id":"b"},{"id":"a"}]})", {"steps.b: added"}},
      {R"({"steps":[{"id":"a"},{"id":"b"}]})",
       R"({"steps":[{"id":"b"},{"id":"a"}]})",
       {"steps: in the order a, b → b, a"}},
      {R"({"steps":[{"id":"s","sequence":[{"id":"a","wait":"1s"}]}]})",
       R"({"steps":[{"id":"s","sequence":[{"id":"a","wait":"2s"}]}]})",
       {R"(steps.s.sequence.a.wait: "1s" → "2s")"}},
      {R"({"steps":[],"description":"x"})",
       R"({"steps":[],"output":{"n":1}})",
       {"description: removed", "output: added"}},
      {R"({"steps":[{"id":"a","needs":["x"]}]})",
       R"({"steps":[{"id":"a","needs":[]}]})",
       {R"(steps.a.needs: ["x"] → [])"}},
      {R"({"steps":[{"id":"a"},{"id":"a"}]})",
       R"({"steps":[{"id":"a"}]})",
       {R"(steps: [{"id":"a"},{"id":"a"}] → [{"id":"a"}])"}},
  }));
  INFO(before << " " << after);
  CHECK(between(before, after) == lines);
}

TEST_CASE("long values are cut between characters and long lists say how many more", "[domain][pipeline][outline]") {
  std::string long_text = "x";
  for (int i = 0; i < 100; ++i) long_text += "ä";
  const Lines cut = differences({{"a", "b"}}, {{"a", long_text}});
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].size() < 120);
  CHECK_NOTHROW(json(cut[0]).dump());
  json before = json::object(), after = json::object();
  for (int i = 0; i < 100; ++i) after["m" + std::to_string(i)] = i;
  const Lines many = differences(before, after, 10);
  CHECK(many.size() == 10);
  CHECK(many.back() == "and 91 more");
}
