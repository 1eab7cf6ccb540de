#include "server/web/rest.h"

#include <catch2/catch.hpp>

#include "server/web/openapi.h"
#include "tests/support/installation.h"
#include "tests/web/kept_reply.h"

namespace carillon::web {
namespace {

using carillon::test::Installation;

struct Rest {
  Installation here{};
  std::vector<transport::HttpRoute> routes = rest_routes(here.tools);

  std::shared_ptr<Kept> start(const std::string& method, const std::string& path, transport::HttpRequest request) {
    const auto route =
        std::find_if(routes.begin(), routes.end(), [&](const auto& r) { return r.method == method && r.path == path; });
    REQUIRE(route != routes.end());
    CHECK(route->access == transport::Access::credential);
    request.principal = transport::Principal{.tenant = "default", .agent = "owner", .scopes = here.scopes};
    const auto kept = std::make_shared<Kept>();
    route->handle(std::move(request), kept);
    return kept;
  }
  static transport::HttpResponse answer_in(const std::shared_ptr<Kept>& kept) {
    auto answer = kept->sent.get_future();
    REQUIRE(answer.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
    return answer.get();
  }
  transport::HttpResponse send(const std::string& method, const std::string& path, transport::HttpRequest request) {
    return answer_in(start(method, path, std::move(request)));
  }
  static transport::HttpRequest request_for(const std::string& tool, const std::string& body,
                                            const transport::HttpHeaders& headers = {
                                                {"Content-Type", "application/json"}}) {
    transport::HttpRequest request;
    request.headers = headers;
    request.body = body;
    request.path_values = {{"name", tool}};
    return request;
  }
  transport::HttpResponse call(const std::string& tool, const std::string& body,
                               const transport::HttpHeaders& headers = {{"Content-Type", "application/json"}}) {
    return send("POST", "/api/v1/tools/{name}", request_for(tool, body, headers));
  }
};

TEST_CASE("a tool is called by posting its arguments", "[web][rest]") {
  Rest rest;
  const auto made = rest.call("schedule_task", R"({"name": "x", "when": "in 20m", "message": "m"})");
  CHECK(made.status == 200);
  CHECK(json::parse(made.body)["task"] == "x");
  CHECK(json::parse(rest.call("list_tasks", "", {}).body)["total"] == 1);
}

TEST_CASE("the text of an answer is given to who asks for text", "[web][rest]") {
  Rest rest;
  const auto text = rest.call("list_tasks", "{}", {{"Content-Type", "application/json"}, {"Accept", "text/plain"}});
  CHECK(text.content_type.find("text/plain") == 0);
  CHECK(text.body == "0 of 0 tasks\n");
}

TEST_CASE("refusals carry the error and its status", "[web][rest]") {
  Rest rest;
  const auto ambiguous = rest.call("schedule_task", R"({"name": "x", "when": "30m", "message": "m"})");
  CHECK(ambiguous.status == 400);
  CHECK(json::parse(ambiguous.body)["error"] == "when_ambiguous");
  CHECK(rest.call("get_task", R"({"task": "nobody"})").status == 404);
  const auto unknown = rest.call("get_tusk", "{}");
  CHECK(unknown.status == 404);
  CHECK(json::parse(unknown.body)["nearest"][0] == "get_task");
  rest.here.scopes = {"read"};
  CHECK(rest.call("run_now", R"({"task": "x"})").status == 403);
}

TEST_CASE("a run that failed is no refusal of the call that waited for it", "[web][rest]") {
  Rest rest;
  rest.call("schedule_task", R"({"name": "x", "when": "manual", "message": "m"})");
  const auto waiting =
      rest.start("POST", "/api/v1/tools/{name}", Rest::request_for("run_now", R"({"task": "x", "wait_seconds": 45})"));
  rest.here.settle("x#1", "failed", nullptr, "tool_error");
  const auto answer = Rest::answer_in(waiting);
  CHECK(answer.status == 200);
  CHECK(json::parse(answer.body)["status"] == "failed");
  CHECK(json::parse(answer.body)["error_class"] == "tool_error");
}

TEST_CASE("bodies that are no arguments are refused", "[web][rest]") {
  Rest rest;
  CHECK(rest.call("list_tasks", "{").status == 400);
  CHECK(rest.call("list_tasks", "[]").status == 400);
  CHECK(rest.call("list_tasks", std::string(500, '[')).status == 400);
  CHECK(rest.call("list_tasks", "{}", {{"Content-Type", "text/plain"}}).status == 415);
  CHECK(rest.call("list_tasks", "{}", {}).status == 415);
}

TEST_CASE("the listing shows what this caller may use", "[web][rest]") {
  Rest rest;
  CHECK(json::parse(rest.send("GET", "/api/v1/tools", {}).body)["tools"].size() == 27);
  rest.here.scopes = {"read"};
  CHECK(json::parse(rest.send("GET", "/api/v1/tools", {}).body)["tools"].size() == 11);
}

TEST_CASE("the OpenAPI document has a path for every tool with its own schema and example", "[web][openapi]") {
  Rest rest;
  const json document = json::parse(rest.send("GET", "/api/v1/openapi.json", {}).body);
  CHECK(document["openapi"] == "3.1.0");
  CHECK(document["paths"].size() == 27);
  for (const auto* row : rest.here.tools.offered_over_rest()) {
    const auto& tool = *row;
    INFO(tool.name);
    const json& operation = document["paths"]["/api/v1/tools/" + std::string(tool.name)]["post"];
    CHECK(operation["operationId"] == tool.name);
    CHECK(operation["x-carillon-scope"] == name_of(tool.scope));
    const json& body = operation["requestBody"]["content"]["application/json"];
    CHECK(body["schema"] == json::parse(tool.input_schema.text));
    CHECK(body["example"] == json::parse(tool.example));
    CHECK(operation["responses"]["200"]["content"]["application/json"]["schema"]["type"] == "object");
  }
  CHECK(document["components"]["schemas"]["Error"]["properties"]["error"]["enum"].size() == kErrorCodes.size());
}

TEST_CASE("every code has a status that fits whose matter it is", "[web][openapi]") {
  for (const auto& code : kErrorCodes) {
    INFO(code.name);
    const bool ours = code.code == ErrorCode::internal || code.code == ErrorCode::unavailable ||
                      code.code == ErrorCode::server_unavailable;
    CHECK((http_status(code.code) >= 500) == ours);
  }
}

}  // namespace
}  // namespace carillon::web
