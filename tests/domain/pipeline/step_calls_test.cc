#include "server/domain/pipeline/step_calls.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon::pipeline {
namespace {

Result<Pipeline> read(const json& step) { return read_pipeline({{"steps", json::array({step})}}, ""); }

StepCall call(const json& http) {
  const auto pipeline = read({{"id", "a"}, {"http", http}});
  REQUIRE(pipeline.ok());
  const auto made = call_of(pipeline->steps.at(0));
  REQUIRE(made);
  return *made;
}

}  // namespace

TEST_CASE("an http step is a call of the tool of its method", "[domain][pipeline][step_calls]") {
  const auto post = call({{"method", "POST"},
                          {"url", "https://x.example/${input.a}"},
                          {"body", {{"n", "${input.n}"}}},
                          {"headers", {{"X-A", "${input.a}"}}},
                          {"expect_status", 201}});
  CHECK(post.tool == "carillon.http_post");
  CHECK(post.arguments == json{{"url", "https://x.example/${input.a}"},
                               {"body", {{"n", "${input.n}"}}},
                               {"headers", {{"X-A", "${input.a}"}}},
                               {"expect_status", 201}});
  CHECK(post.arguments_pointer == "/steps/0/http");
  CHECK(call({{"url", "https://x.example"}}).tool == "carillon.http_get");
  const auto tool = read({{"id", "a"}, {"uses", "s.t"}, {"with", {{"a", 1}}}});
  CHECK(call_of(tool->steps[0])->tool == "s.t");
  CHECK(call_of(tool->steps[0])->arguments_pointer == "/steps/0/with");
  CHECK_FALSE(call_of(read({{"id", "a"}, {"wait", "1s"}})->steps[0]));
}

TEST_CASE("a secret of a header is named and never a template", "[domain][pipeline][step_calls]") {
  const auto made = call({{"url", "https://x.example"},
                          {"headers",
                           {{"Authorization", "Bearer ${secret.github}"},
                            {"X-Key", "${ secret.\"my-key\" };"},
                            {"X-Plain", "${input.a}"}}}});
  CHECK(made.arguments["headers"] == json{{"X-Plain", "${input.a}"}});
  CHECK(made.arguments["secret_headers"] ==
        json{{"Authorization", {{"before", "Bearer "}, {"secret", "github"}, {"after", ""}}},
             {"X-Key", {{"before", ""}, {"secret", "my-key"}, {"after", ";"}}}});
}

TEST_CASE("secrets elsewhere are refused with their place", "[domain][pipeline][step_calls]") {
  const auto [http, pointer] = GENERATE(table<json, std::string>({
      {{{"url", "https://x.example/${secret.a}"}}, "/steps/0/http/url"},
      {{{"url", "https://x.example"}, {"body", {{"k", {"${secret.a}"}}}}}, "/steps/0/http/body"},
      {{{"url", "https://x.example"}, {"expect_status", "${secret.a}"}}, "/steps/0/http/expect_status"},
      {{{"url", "https://x.example"}, {"headers", {{"A", "${secret}"}}}}, "/steps/0/http/headers/A"},
      {{{"url", "https://x.example"}, {"headers", {{"A", "${secret.a.b}"}}}}, "/steps/0/http/headers/A"},
      {{{"url", "https://x.example"}, {"headers", {{"A", "${secret.a}${secret.b}"}}}}, "/steps/0/http/headers/A"},
      {{{"url", "https://x.example"}, {"headers", {{"A", "${input.b} ${secret.a}"}}}}, "/steps/0/http/headers/A"},
      {{{"url", "https://x.example"}, {"headers", {{"A", "${secret.a || 'b'}"}}}}, "/steps/0/http/headers/A"},
      {{{"url", "https://x.example"}, {"headers", {{"A", "$${x} ${secret.a}"}}}}, "/steps/0/http/headers/A"},
      {{{"url", "https://x.example"}, {"headers", {{"A", {"${secret.a}"}}}}}, "/steps/0/http/headers/A"},
  }));
  const auto refused = read({{"id", "a"}, {"http", http}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().pointer == pointer);
  CHECK(refused.error().message.find("secret") != std::string::npos);
}

}  // namespace carillon::pipeline
