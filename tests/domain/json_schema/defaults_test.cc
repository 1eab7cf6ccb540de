#include "server/domain/json_schema/defaults.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;
using carillon::json_schema::with_defaults;

TEST_CASE("members that are missing get the schema's defaults", "[domain][json_schema][defaults]") {
  const auto [schema, value, expected] = GENERATE(table<std::string, std::string, std::string>({
      {R"({"properties":{"a":{"default":1}}})", R"({})", R"({"a":1})"},
      {R"({"properties":{"a":{"default":1}}})", R"({"a":null})", R"({"a":null})"},
      {R"({"properties":{"a":{"default":{},"properties":{"b":{"default":2}}}}})", R"({})", R"({"a":{"b":2}})"},
      {R"({"properties":{"a":{"properties":{"b":{"default":2}}}}})", R"({})", R"({})"},
      {R"({"items":{"properties":{"b":{"default":2}}}})", R"([{},{"b":3}])", R"([{"b":2},{"b":3}])"},
      {R"({"properties":{"a":true}})", R"({})", R"({})"},
      {R"(true)", R"({})", R"({})"},
      {R"({"properties":7,"items":[]})", R"({})", R"({})"},
      {R"({"properties":{"a":{"default":1}}})", R"("text")", R"("text")"},
  }));
  INFO(schema);
  CHECK(with_defaults(json::parse(schema), json::parse(value)) == json::parse(expected));
}
