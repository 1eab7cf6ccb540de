#include "server/domain/json_schema/json_schema.h"

#include <catch2/catch.hpp>
#include <thread>

namespace carillon::json_schema {
namespace {

Schema compiled(const json& schema, const CompileOptions& options = {}) {
  auto result = compile(schema, options);
  if (!result) FAIL(result.error().pointer << " " << result.error().message);
  return *result;
}

Violation only_violation(const json& schema, const json& instance) {
  const auto violations = compiled(schema).validate(instance);
  REQUIRE(violations.size() == 1);
  return violations.front();
}

Error refused(const json& schema, const CompileOptions& options = {}) {
  auto result = compile(schema, options);
  REQUIRE_FALSE(result.ok());
  return result.error();
}

TEST_CASE("a violation names the place and says what to change", "[domain][json_schema]") {
  const json schema{{"type", "object"},
                    {"properties", {{"city", {{"type", "string"}}}, {"days", {{"enum", {1, 2}}}}}},
                    {"required", {"city"}},
                    {"additionalProperties", false}};
  const auto [instance, pointer, message] = GENERATE(table<json, std::string, std::string>({
      {json{{"city", 5}}, "/city", "must be a string, not an integer"},
      {json::object(), "", "lacks \"city\": add it"},
      {json{{"city", "x"}, {"citi", "y"}}, "/citi", "is not known here: did you mean \"city\"?"},
      {json{{"city", "x"}, {"zzzzzzz", 1}}, "/zzzzzzz", "is not known here: leave it out"},
      {json{{"city", "x"}, {"days", 3}}, "/days", "must be one of 1, 2, not 3"},
      {json("x"), "", "must be an object, not a string"},
  }));
  const Violation violation = only_violation(schema, instance);
  CHECK(violation.pointer == pointer);
  CHECK(violation.message == message);
}

TEST_CASE("each keyword says in its own words what it wants", "[domain][json_schema]") {
  const auto [schema, instance, message] = GENERATE(table<json, json, std::string>({
      {json{{"type", {"string", "null"}}}, 1, "must be a string or null, not an integer"},
      {json{{"const", "a"}}, "b", "must be \"a\", not \"b\""},
      {json{{"minimum", 2}}, 1, "must be at least 2, not 1"},
      {json{{"maximum", 2}}, 3, "must be at most 2, not 3"},
      {json{{"exclusiveMinimum", 2}}, 2, "must be above 2, not 2"},
      {json{{"exclusiveMaximum", 2}}, 2, "must be below 2, not 2"},
      {json{{"multipleOf", 0.5}}, 0.75, "must be a multiple of 0.5, not 0.75"},
      {json{{"minLength", 2}}, "a", "must have at least 2 characters, not 1"},
      {json{{"maxLength", 1}}, "ab", "must have at most 1 character, not 2"},
      {json{{"minItems", 1}}, json::array(), "must have at least 1 item, not 0"},
      {json{{"maxProperties", 0}}, json{{"a", 1}}, "must have at most 0 properties, not 1"},
      {json{{"uniqueItems", true}}, {1, 2, 1}, "must not hold an item twice: remove one 1"},
      {json{{"pattern", "^a"}}, "b", "must match the pattern ^a, which \"b\" does not"},
      {json{{"contains", {{"const", 1}}}}, {2}, "must hold at least 1 item of the kind asked for, not 0"},
      {json{{"not", {{"type", "string"}}}}, "a", "has the one form that is forbidden here: change it"},
      {json{{"oneOf", {true, true}}}, 1,
       "fits more than one of the forms allowed (numbers 1 and 2): make it fit one only"},
      {json{{"dependentRequired", {{"a", {"b"}}}}}, json{{"a", 1}}, "lacks \"b\": add it beside \"a\""},
  }));
  CHECK(only_violation(schema, instance).message == message);
}

TEST_CASE("of several forms the closest one is described", "[domain][json_schema]") {
  const json schema{
      {"oneOf",
       {{{"properties", {{"kind", {{"const", "a"}}}, {"n", {{"type", "integer"}}}}}, {"required", {"kind"}}},
        {{"type", "string"}}}}};
  const auto violations = compiled(schema).validate({{"kind", "a"}, {"n", "x"}});
  REQUIRE(violations.size() == 2);
  CHECK(violations[0].message == "fits none of the 2 forms allowed; the closest one is described next");
  CHECK(violations[1].pointer == "/n");
  CHECK(violations[1].schema_pointer == "#/oneOf/0/properties/n/type");
}

TEST_CASE("pointers escape what they must", "[domain][json_schema]") {
  const json schema{{"properties", {{"a/b~c", {{"items", {{"type", "null"}}}}}}}};
  CHECK(only_violation(schema, {{"a/b~c", {nullptr, 1}}}).pointer == "/a~1b~0c/1");
}

TEST_CASE("a schema that cannot be used is refused with its place", "[domain][json_schema]") {
  const auto [schema, pointer] = GENERATE(table<json, std::string>({
      {json(5), ""},
      {json{{"type", "strnig"}}, "/type"},
      {json{{"properties", {{"a", {{"minimum", "1"}}}}}}, "/properties/a/minimum"},
      {json{{"properties", {{"a", 1}}}}, "/properties/a"},
      {json{{"pattern", "("}}, "/pattern"},
      {json{{"$ref", "#/$defs/none"}}, "/$ref"},
      {json{{"$ref", "#none"}}, "/$ref"},
      {json{{"$ref", "https://example.com/schema.json"}}, "/$ref"},
      {json{{"$ref", "file:///etc/passwd"}}, "/$ref"},
      {json{{"$ref", "#/%zz"}}, "/$ref"},
      {json{{"$schema", "http://example.com/mine"}}, "/$schema"},
      {json{{"items", {{"$id", "a#b"}}}}, "/items/$id"},
      {json{{"items", {{"$id", "x"}}}, {"contains", {{"$id", "x"}}}}, "/items/$id"},
      {json{{"items", {{"$anchor", "x"}}}, {"contains", {{"$anchor", "x"}}}}, "/items/$anchor"},
  }));
  const Error error = refused(schema);
  CHECK(error.code == ErrorCode::arguments_invalid);
  CHECK(error.pointer == pointer);
}

TEST_CASE("a schema that refers to itself in a circle ends and accepts nothing", "[domain][json_schema]") {
  const auto schema = GENERATE(
      json{{"$ref", "#"}}, json{{"allOf", {{{"$ref", "#"}}, {{"$ref", "#"}}}}}, json{{"not", {{"$ref", "#"}}}},
      json{{"anyOf", {{{"$ref", "#"}}}}}, json{{"if", {{"$ref", "#"}}}, {"else", true}},
      json{{"$ref", "#/$defs/a"}, {"$defs", {{"a", {{"$ref", "#/$defs/b"}}}, {"b", {{"$ref", "#/$defs/a"}}}}}});
  const auto violations = compiled(schema).validate(1);
  REQUIRE_FALSE(violations.empty());
  CHECK(violations.back().message == "cannot be checked: the schema refers to itself in a circle");
}

TEST_CASE("a schema may refer to itself for what is inside the value", "[domain][json_schema]") {
  const Schema tree = compiled({{"type", "object"}, {"properties", {{"next", {{"$ref", "#"}}}}}});
  json value = json::object();
  for (int i = 0; i < 100; ++i) value = {{"next", value}};
  CHECK(tree.accepts(value));
  value = 1;
  for (int i = 0; i < 100; ++i) value = {{"next", value}};
  CHECK_FALSE(tree.accepts(value));
}

TEST_CASE("a value nested too deep is refused and does not exhaust the stack", "[domain][json_schema]") {
  const Schema tree = compiled({{"items", {{"$ref", "#"}}}, {"uniqueItems", true}});
  const json deep = json::parse(std::string(100'000, '[') + std::string(100'000, ']'));
  const auto violations = tree.validate(deep);
  REQUIRE_FALSE(violations.empty());
  CHECK(violations.back().message == "is nested too deep to check: flatten it");
}

TEST_CASE("a schema nested too deep or too large is refused", "[domain][json_schema]") {
  json deep = true;
  for (int i = 0; i < 2'000; ++i) deep = json{{"not", std::move(deep)}};
  CHECK(refused(deep).message == "the schema is nested too deep: use at most 500 levels");
  json wide = json::array();
  for (int i = 0; i < 30'000; ++i) wide.push_back(true);
  CHECK(refused({{"allOf", wide}}).message == "is too large: use at most 20000 subschemas");
}

TEST_CASE("a validation that takes too much work gives up", "[domain][json_schema]") {
  // Each level tries both ways: 2^40 of them.
  json schema{{"$defs", json::object()}, {"$ref", "#/$defs/0"}};
  for (int i = 0; i < 40; ++i) {
    const json next{{"$ref", "#/$defs/" + std::to_string(i + 1)}};
    schema["$defs"][std::to_string(i)] = {{"anyOf", {next, {{"allOf", {next}}}}}};
  }
  schema["$defs"]["40"] = false;
  CompileOptions hurried;
  hurried.limits.steps_max = 50'000;
  const auto violations = compiled(schema, hurried).validate(1);
  REQUIRE_FALSE(violations.empty());
  CHECK(violations.back().message == "takes too much work to check: send less at once");
}

TEST_CASE("a pattern that backtracks without end gives up", "[domain][json_schema]") {
  const auto violation = compiled({{"pattern", "^(a+)+$"}}).validate(std::string(60, 'a') + "!");
  REQUIRE_FALSE(violation.empty());
  CHECK(violation.back().message == "takes a pattern too much work to match: send a shorter text");
  CHECK_FALSE(compiled({{"not", {{"pattern", "^(a+)+$"}}}}).accepts(std::string(60, 'a') + "!"));
}

TEST_CASE("no more violations are reported than the limit", "[domain][json_schema]") {
  const json many(1'000, "x");
  CHECK(compiled({{"items", {{"type", "null"}}}}).validate(many).size() == 50);
}

TEST_CASE("formats are remarks until asked to be more", "[domain][json_schema]") {
  const json schema{{"format", "date"}};
  CHECK(compiled(schema).accepts("x"));
  CompileOptions strict;
  strict.formats = Formats::assert_known;
  const auto violations = compiled(schema, strict).validate("x");
  REQUIRE(violations.size() == 1);
  CHECK(violations[0].message == "must be a date such as 2026-11-21, not \"x\"");
  CHECK(compiled({{"format", "unheard-of"}}, strict).accepts("x"));
}

TEST_CASE("a reference may lead into a given document and nowhere else", "[domain][json_schema]") {
  CompileOptions options;
  options.documents = std::make_shared<const Documents>(Documents{{"https://example.com/a.json", {{"type", "null"}}}});
  CHECK(compiled({{"$ref", "https://example.com/a.json"}}, options).accepts(nullptr));
  CHECK_FALSE(compiled({{"$ref", "https://example.com/a.json"}}, options).accepts(1));
  CHECK(refused({{"$ref", "https://example.com/b.json"}}, options).message.find("nothing is fetched") !=
        std::string::npos);
}

TEST_CASE("integers beyond doubles are told apart", "[domain][json_schema]") {
  CHECK_FALSE(compiled({{"const", 18446744073709551615U}}).accepts(-1));
  CHECK_FALSE(compiled({{"const", 9007199254740993}}).accepts(9007199254740992));
  CHECK_FALSE(compiled({{"maximum", 1}}).accepts(18446744073709551615U));
}

TEST_CASE("a text that is no UTF-8 is judged without harm", "[domain][json_schema]") {
  CHECK_FALSE(compiled({{"pattern", "."}}).accepts("\xff\xfe"));
  CHECK_FALSE(compiled({{"enum", {"a"}}}).validate("\xff").empty());
}

TEST_CASE("one schema serves many threads", "[domain][json_schema]") {
  const Schema schema = compiled({{"items", {{"pattern", "^a+$"}, {"maxLength", 3}}}});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        if (!schema.accepts({"a", "aa"}) || schema.validate({"a", "b"}).size() != 1) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("violations become one error with the rest in its details", "[domain][json_schema]") {
  const auto violations = compiled({{"items", {{"type", "null"}}}}).validate({1, 2});
  const Error error = to_error(violations, "/input");
  CHECK(error.code == ErrorCode::arguments_invalid);
  CHECK(error.pointer == "/input/0");
  CHECK(error.message == "/input/0 must be null, not an integer");
  CHECK(error.details.at("violations").size() == 2);
  CHECK(error.details.at("violations")[1].at("pointer") == "/input/1");
}

}  // namespace
}  // namespace carillon::json_schema
