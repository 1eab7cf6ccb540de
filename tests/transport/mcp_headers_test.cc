#include "transport/mcp_headers.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "transport/base64.h"

namespace carillon::transport {
namespace {

TEST_CASE("values that are not plain travel in base64 marks", "[transport][mcp_headers]") {
  const auto [value, header] = GENERATE(table<std::string, std::string>({
      {"plain text", "plain text"},
      {"", ""},
      {"Zürich", "=?base64?WsO8cmljaA==?="},
      {" blank", "=?base64?IGJsYW5r?="},
      {"a\tb", "=?base64?YQli?="},
      {"a\r\nb", "=?base64?YQ0KYg==?="},
      {"=?base64?eA==?=", "=?base64?PT9iYXNlNjQ/ZUE9PT89?="},
      {"=?base64?open", "=?base64?open"},
  }));
  CHECK(to_header_value(value) == header);
  CHECK(from_header_value(header) == value);
}

TEST_CASE("broken marks are refused", "[transport][mcp_headers]") {
  const auto header = GENERATE(as<std::string>{}, "=?base64?SGVsbG8?=", "=?base64?SGVs*G8=?=", "=?base64?=?=", "a\x01z",
                               "Zürich", "=?base64?SGVsbG9=?=");
  CAPTURE(header);
  CHECK_FALSE(from_header_value(header).has_value());
}

TEST_CASE("base64 comes back as it went", "[transport][base64]") {
  const auto bytes = GENERATE(as<std::string>{}, "", "a", "ab", "abc", std::string("\0\xff\xfe", 3));
  CHECK(from_base64(to_base64(bytes)) == bytes);
  CHECK(from_base64url(to_base64url(bytes)) == bytes);
}

TEST_CASE("the parameters a header mirrors are found by their path", "[transport][mcp_headers]") {
  const auto schema = ordered_json::parse(R"({"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"Region"},
    "at":{"type":"object","properties":{"level":{"type":"integer","x-mcp-header":"Level"}}},
    "on":{"type":"boolean","x-mcp-header":"On"}, "free":{"type":"string"}}})");
  const auto found = header_params(schema);
  const auto* params = std::get_if<std::vector<HeaderParam>>(&found);
  REQUIRE(params != nullptr);
  REQUIRE(params->size() == 3);
  CHECK((*params)[1].path == std::vector<std::string>{"at", "level"});
  const json arguments{{"region", "eu"}, {"at", {{"level", 42}}}, {"on", true}};
  CHECK(argument_at(arguments, (*params)[1]) == 42);
  CHECK(header_matches((*params)[0], "eu", "eu"));
  CHECK_FALSE(header_matches((*params)[0], "EU", "eu"));
  CHECK(header_matches((*params)[1], "42.0", 42));
  CHECK_FALSE(header_matches((*params)[1], "42x", 42));
  CHECK(header_matches((*params)[2], "true", true));
  CHECK(argument_at({{"at", 7}}, (*params)[1]).is_null());
}

TEST_CASE("a schema that breaks the rules for mirrored parameters is refused", "[transport][mcp_headers]") {
  const auto properties =
      GENERATE(as<std::string>{}, R"({"a":{"type":"string","x-mcp-header":""}})",
               R"({"a":{"type":"string","x-mcp-header":"has space"}})", R"({"a":{"type":"string","x-mcp-header":7}})",
               R"({"a":{"type":"number","x-mcp-header":"N"}})", R"({"a":{"type":"object","x-mcp-header":"O"}})",
               R"({"a":{"x-mcp-header":"None"}})",
               R"({"a":{"type":"string","x-mcp-header":"X"},"b":{"type":"string","x-mcp-header":"x"}})",
               R"({"a":{"type":"array","items":{"type":"string","x-mcp-header":"X"}}})");
  CAPTURE(properties);
  const auto found = header_params({{"type", "object"}, {"properties", ordered_json::parse(properties)}});
  CHECK(std::holds_alternative<std::string>(found));
}

TEST_CASE("which member a name header mirrors follows from the method", "[transport][mcp_headers]") {
  CHECK(name_member("tools/call") == "name");
  CHECK(name_member("resources/read") == "uri");
  CHECK(name_member("tasks/get") == "taskId");
  CHECK_FALSE(name_member("tools/list").has_value());
}

}  // namespace
}  // namespace carillon::transport
