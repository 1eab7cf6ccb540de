#include "server/domain/json_repair.h"

#include <catch2/catch.hpp>
#include <random>

namespace carillon {
namespace {

const json kSchema = json::parse(R"({
  "type": "object",
  "properties": {
    "count": {"type": "integer"},
    "ratio": {"type": "number"},
    "on": {"type": "boolean"},
    "name": {"type": "string"},
    "tags": {"type": "array", "items": {"type": "integer"}},
    "options": {"type": "object", "properties": {"retries": {"type": "integer"}}, "additionalProperties": {"type": "boolean"}},
    "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    "point": {"$ref": "#/$defs/point"},
    "free": {}
  },
  "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}}}
})");

TEST_CASE("what has the wrong type but can be read as the right one is repaired and told", "[domain][json_repair]") {
  const auto [sent, meant, warning] = GENERATE(table<std::string, std::string, std::string>({
      {R"({"count": "5"})", R"({"count": 5})",
       "/count came as a string and was read as a number: send it without quotes"},
      {R"({"count": " 5 "})", R"({"count": 5})",
       "/count came as a string and was read as a number: send it without quotes"},
      {R"({"count": "5.0"})", R"({"count": 5})",
       "/count came as a string and was read as a number: send it without quotes"},
      {R"({"ratio": "0.5"})", R"({"ratio": 0.5})",
       "/ratio came as a string and was read as a number: send it without quotes"},
      {R"({"on": "true"})", R"({"on": true})",
       "/on came as a string and was read as a boolean: send it without quotes"},
      {R"({"on": "False"})", R"({"on": false})",
       "/on came as a string and was read as a boolean: send it without quotes"},
      {R"({"tags": "[1, 2]"})", R"({"tags": [1, 2]})",
       "/tags came as a string and was read as an array: send it without quotes"},
      {R"({"tags": [1, "2"]})", R"({"tags": [1, 2]})",
       "/tags/1 came as a string and was read as a number: send it without quotes"},
      {R"({"options": "{\"retries\": 1}"})", R"({"options": {"retries": 1}})",
       "/options came as a string and was read as an object: send it without quotes"},
      {R"({"options": {"retries": "1"}})", R"({"options": {"retries": 1}})",
       "/options/retries came as a string and was read as a number: send it without quotes"},
      {R"({"options": {"a/b": "true"}})", R"({"options": {"a/b": true}})",
       "/options/a~1b came as a string and was read as a boolean: send it without quotes"},
      {R"({"maybe": "7"})", R"({"maybe": 7})",
       "/maybe came as a string and was read as a number: send it without quotes"},
      {R"({"maybe": "None"})", R"({"maybe": null})",
       "/maybe came as a string and was read as null: send it without quotes"},
      {R"({"point": {"x": "1"}})", R"({"point": {"x": 1}})",
       "/point/x came as a string and was read as a number: send it without quotes"},
      {R"("{\"count\": 1}")", R"({"count": 1})",
       "the arguments came as a string and was read as an object: send it without quotes"},
      {R"({"arguments": {"count": 1}})", R"({"count": 1})",
       "/arguments was unpacked: send its members themselves as the arguments"},
      {R"({"params": "{\"count\": 1}"})", R"({"count": 1})",
       "/params was unpacked: send its members themselves as the arguments"},
      {R"({"my_tool": {"count": 1, "on": true}})", R"({"count": 1, "on": true})",
       "/my_tool was unpacked: send its members themselves as the arguments"},
  }));
  const auto repaired = repair_arguments(kSchema, json::parse(sent));
  CHECK(repaired.arguments == json::parse(meant));
  CHECK(repaired.warnings == std::vector<std::string>{warning});
}

TEST_CASE("what is right or beyond repair is left alone", "[domain][json_repair]") {
  const auto sent = GENERATE(as<std::string>{}, R"({"count": 5})", R"({"count": "five"})", R"({"count": "5.5"})",
                             R"({"count": "1e999"})", R"({"count": "[5]"})", R"({"name": "5"})", R"({"name": "true"})",
                             R"({"name": 5})", R"({"free": "5"})", R"({"unknown": "5"})",
                             R"({"unknown": {"other": 1}})", R"({"options": {"arguments": true}})", R"("not json")",
                             R"([1])", R"({})", R"({"count": "99999999999999999999999"})");
  const auto repaired = repair_arguments(kSchema, json::parse(sent));
  CHECK(repaired.arguments == json::parse(sent));
  CHECK(repaired.warnings.empty());
}

TEST_CASE("no arguments at all are an empty object", "[domain][json_repair]") {
  CHECK(repair_arguments(kSchema, nullptr).arguments == json::object());
}

TEST_CASE("an argument called like a wrapper stays when the tool has one", "[domain][json_repair]") {
  const json schema = json::parse(R"({"properties": {"input": {"type": "object"}, "count": {"type": "integer"}}})");
  CHECK(repair_arguments(schema, {{"input", {{"count", 1}}}}).warnings.empty());
}

TEST_CASE("a warning never quotes the value", "[domain][json_repair]") {
  const auto repaired = repair_arguments(kSchema, {{"count", "12345678"}});
  REQUIRE(repaired.warnings.size() == 1);
  CHECK(repaired.warnings[0].find("12345678") == std::string::npos);
}

TEST_CASE("schemas that refer to themselves or are no schemas end the repair", "[domain][json_repair]") {
  const auto schema =
      GENERATE(as<std::string>{}, R"({"$ref": "#"})", R"({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}})",
               R"({"properties": {"a": {"$ref": "#"}}})", R"({"anyOf": [{"$ref": "#/anyOf/0"}]})", R"(true)", R"(5)",
               R"({"properties": 5, "type": [1]})", R"({"anyOf": [{"anyOf": [{"type": "object"}]}]})");
  const json sent{{"a", {{"a", {{"a", "1"}}}}}};
  CHECK(repair_arguments(json::parse(schema), sent).arguments == sent);
}

TEST_CASE("random schemas and arguments never crash the repair and a second repair finds nothing",
          "[domain][json_repair]") {
  std::mt19937 random{7};  // NOLINT: the same every time
  const std::vector<json> values{
      1, "1", "true", "[\"1\"]", "{\"a\": \"2\"}", nullptr, json::array({"3"}), {{"a", "4"}}, "\"5\""};
  const std::vector<json> schemas{{{"type", "integer"}},
                                  {{"type", {"boolean", "null"}}},
                                  {{"items", {{"type", "integer"}}}},
                                  {{"type", "object"}, {"additionalProperties", {{"type", "number"}}}},
                                  true};
  const auto pick = [&](const auto& from) { return from[random() % from.size()]; };
  for (int i = 0; i < 2'000; ++i) {
    const json schema{{"type", "object"}, {"properties", {{"a", pick(schemas)}, {"b", pick(schemas)}}}};
    const auto once = repair_arguments(schema, {{"a", pick(values)}, {"b", pick(values)}});
    CHECK(repair_arguments(schema, once.arguments).warnings.empty());
  }
}

}  // namespace
}  // namespace carillon
