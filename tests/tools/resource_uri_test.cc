#include "tools/resource_uri.h"

#include <catch2/catch.hpp>

namespace carillon::tools {
namespace {

using Segments = std::vector<std::string>;

TEST_CASE("a URI is a scheme and decoded segments", "[tools][resource_uri]") {
  using Row = std::tuple<std::string, Segments>;
  const auto [text, segments] = GENERATE(table<std::string, Segments>({
      Row{"run://morning-brief%23142", {"morning-brief#142"}},
      Row{"run://morning-brief#142", {"morning-brief#142"}},  // as people write it
      Row{"RUN://1/log", {"1", "log"}}, Row{"run://a%2Fb%20%C3%BC/log", {"a/b ü", "log"}},
      Row{"run://a/", {"a"}},  // as some clients write it
      Row{"run://a?b=c", {"a?b=c"}},
      Row{"run://%2e%2E", {".."}},  // a name like any other: nothing is looked up in folders
  }));
  INFO(text);
  const auto uri = parse_uri(text);
  REQUIRE(uri.has_value());
  CHECK(uri->scheme == "run");
  CHECK(uri->segments == segments);
}

TEST_CASE("what is no URI of ours is refused", "[tools][resource_uri]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "run", "run:1", "://a", "1run://a", "run://", "run:///log", "run://a//log",
               "run://a%", "run://a%2", "run://a%zz", "run://%00", "run://a%0Ab", "run://%FF", "run://a\nb");
  INFO(text);
  CHECK_FALSE(parse_uri(text).has_value());
  CHECK_FALSE(parse_uri("run://" + std::string(kUriBytesMax, 'a')).has_value());
}

TEST_CASE("whatever a name holds comes back from its URI", "[tools][resource_uri]") {
  const std::string name =
      GENERATE(as<std::string>{}, "plain", "a b", "50%", "a/b#c?d", "größe", "日本", "a+b&c=d", "%41");
  const std::string uri = fill_uri("run://{id}/steps/{step}/output", {name, name});
  INFO(uri);
  const auto parsed = parse_uri(uri);
  REQUIRE(parsed.has_value());
  const auto variables = match_uri("run://{id}/steps/{step}/output", *parsed);
  REQUIRE(variables.has_value());
  CHECK(variables->at("id") == name);
  CHECK(variables->at("step") == name);
  CHECK(uri.find_first_of(" #?%&+", uri.size() - 1) == std::string::npos);
}

TEST_CASE("a pattern fits only URIs of its form", "[tools][resource_uri]") {
  const auto fits = [](const char* pattern, const char* uri) {
    return match_uri(pattern, *parse_uri(uri)).has_value();
  };
  CHECK(fits("run://{id}/log", "run://a/log"));
  CHECK(fits("status://now", "status://now"));
  CHECK_FALSE(fits("run://{id}/log", "run://a/logs"));
  CHECK_FALSE(fits("run://{id}/log", "run://a"));
  CHECK_FALSE(fits("run://{id}", "run://a/log"));
  CHECK_FALSE(fits("run://{id}", "task://a"));
  CHECK_FALSE(fits("status://now", "status://later"));
}

}  // namespace
}  // namespace carillon::tools
