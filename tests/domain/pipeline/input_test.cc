#include "server/domain/pipeline/input.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;
using namespace carillon::pipeline;

TEST_CASE("an input gets its defaults and is judged with them", "[domain][pipeline][input]") {
  Pipeline pipeline;
  CHECK(*read_input(pipeline, {{"a", 1}}) == json{{"a", 1}});
  pipeline.inputs = json::parse(
      R"({"type":"object","required":["city"],"properties":{"city":{"type":"string","default":"Chisinau"},"n":{"type":"integer"}}})");
  CHECK(*read_input(pipeline, json::object()) == json{{"city", "Chisinau"}});
  CHECK(*read_input(pipeline, {{"city", "Oslo"}}) == json{{"city", "Oslo"}});
  const auto unfit = read_input(pipeline, {{"n", "x"}});
  REQUIRE_FALSE(unfit.ok());
  CHECK(unfit.error().pointer == "/input/n");
}
