#include "server/domain/retry_json.h"

#include <catch2/catch.hpp>

#include "server/base/json.h"

namespace carillon {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a retry policy is a number or an object", "[domain][retry]") {
  CHECK(read_retry(2, "/r")->max_attempts == 3);
  CHECK(read_retry(0, "/r")->max_attempts == 1);
  const auto full = read_retry(json::parse(R"({"max_attempts":4,"backoff":"linear","base":"2s","max":"1m"})"), "/r");
  REQUIRE(full.ok());
  CHECK(full->backoff == Backoff::linear);
  CHECK(full->base == 2s);
  CHECK(full->max == 1min);
  auto [text, pointer] = GENERATE(table<std::string, std::string>({
      {"-1", "/r"},
      {"1000", "/r"},
      {"[]", "/r"},
      {R"({"max_attempts":0})", "/r/max_attempts"},
      {R"({"max_attempts":"3"})", "/r/max_attempts"},
      {R"({"attempts":3})", "/r/attempts"},
      {R"({"backoff":"random"})", "/r/backoff"},
      {R"({"backoff":1})", "/r/backoff"},
      {R"({"base":1})", "/r/base"},
      {R"({"max":"x"})", "/r/max"},
  }));
  CAPTURE(text);
  CHECK(read_retry(json::parse(text), "/r").error().pointer == pointer);
}

TEST_CASE("a retry policy says which classes of errors are repeated", "[domain][retry]") {
  const json said = R"({"max_attempts":3,"backoff":"fixed","base":"1s","max":"5m",
                        "on":["tool_error","timeout"],"not_on":["rate_limited"]})"_json;
  const auto policy = read_retry(said, "/r");
  REQUIRE(policy.ok());
  CHECK(policy->on->has(ErrorClass::tool_error));
  CHECK(policy->not_on.has(ErrorClass::rate_limited));
  json again = to_json(*policy);
  CHECK(again["on"] == json::parse(R"(["tool_error","timeout"])"));
  CHECK(again["not_on"] == json::parse(R"(["rate_limited"])"));
  CHECK(to_json(*read_retry(again, "")) == again);
  CHECK_FALSE(to_json(*read_retry(3, "")).contains("on"));
  CHECK_FALSE(to_json(*read_retry(3, "")).contains("not_on"));
}

TEST_CASE("classes that a retry policy cannot mean are refused", "[domain][retry]") {
  auto [text, pointer, words] = GENERATE(table<std::string, std::string, std::string>({
      {R"({"max_attempts":3,"on":"timeout"})", "/r/on", "list of classes"},
      {R"({"max_attempts":3,"on":[]})", "/r/on", "list of classes"},
      {R"({"max_attempts":3,"on":["timeout","time_out"]})", "/r/on/1", "did you mean \"timeout\""},
      {R"({"max_attempts":3,"not_on":[503]})", "/r/not_on/0", "the classes are"},
      {R"({"max_attempts":3,"not_on":["\u0000"]})", "/r/not_on/0", "the classes are"},
      {R"({"max_attempts":3,"on":["unknown_outcome"]})", "/r/on", "never repeated"},
      {R"({"max_attempts":3,"on":["cancelled"]})", "/r/on", "never repeated"},
      {R"({"max_attempts":3,"on":["expired"]})", "/r/on", "never repeated"},
      {R"({"max_attempts":3,"on":["timeout"],"not_on":["timeout"]})", "/r/not_on", "in `on` as well"},
      {R"({"on":["timeout"]})", "/r/on", "max_attempts from 2"},
      {R"({"max_attempts":1,"not_on":["timeout"]})", "/r/not_on", "max_attempts from 2"},
  }));
  CAPTURE(text);
  const auto refused = read_retry(json::parse(text), "/r");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().pointer == pointer);
  CHECK_THAT(refused.error().message, Catch::Contains(words));
}

}  // namespace
}  // namespace carillon
