#include "server/web/rest.h"

#include "server/base/error.h"
#include "server/base/json_text.h"
#include "server/base/trace.h"
#include "server/domain/nearest.h"
#include "server/web/http_status.h"
#include "server/web/openapi.h"
#include "tools/caller_of.h"

namespace carillon::web {
namespace {

using Reply = std::shared_ptr<transport::HttpReply>;

// There is no way back to a REST client but the answer.
class NoChannel final : public transport::RequestChannel {
 public:
  void report(const transport::Progress&) override {}
  void log(transport::LogLevel, const json&) override {}
  void drop_stream(std::chrono::milliseconds) override {}
};

void refuse(const Reply& reply, const Error& error) {
  reply->send({.status = http_status(error.code), .body = dump(to_answer(error))});
}

transport::RequestContext context_of(const transport::HttpRequest& request) {
  transport::RequestContext context;
  context.principal = request.principal.value_or(transport::Principal{});
  context.cancelled = request.gone;
  context.channel = std::make_shared<NoChannel>();
  context.client.name = "rest";
  context.trace.traceparent = std::string(request.header("traceparent").value_or(""));
  context.correlation_id = correlation_of(context.trace.traceparent);
  return context;
}

// Browsers send other types across origins without asking first.
bool is_json(const transport::HttpRequest& request) {
  const auto type = request.header("Content-Type");
  return request.body.empty() || (type && type->substr(0, type->find(';')).find("application/json") == 0);
}

Result<json> arguments_of(const transport::HttpRequest& request) {
  if (request.body.empty()) return json::object();
  auto arguments = read_json(request.body, "the body");
  if (!arguments) return arguments;
  if (!arguments->is_object())
    return Error{ErrorCode::arguments_invalid, "the body must be one JSON object: the arguments of the tool"};
  return arguments;
}

// The code of a refusal, whose text is its JSON; the structured half may be absent. A run that failed is no refusal:
// the call did what it was asked, and the run's own record says how it ended.
std::optional<ErrorCode> refusal_in(const transport::Answer& answer) {
  if (!answer.is_error) return std::nullopt;
  const std::string text = answer.content.empty() ? "" : answer.content.front().value("text", "");
  const json error = answer.structured ? *answer.structured : json::parse(text, nullptr, false);
  if (!error.is_object()) return ErrorCode::internal;
  if (error.contains("run") && error.contains("status")) return std::nullopt;
  return error_code_named(error.value("error", "")).value_or(ErrorCode::internal);
}

transport::HttpResponse response_of(const transport::Answer& answer, bool as_text) {
  const std::string text = answer.content.empty() ? "" : answer.content.front().value("text", "");
  if (const auto code = refusal_in(answer)) return {.status = http_status(*code), .body = text};
  if (as_text) return {.status = kOk, .content_type = "text/plain; charset=utf-8", .body = text + "\n"};
  return {.status = kOk, .body = dump(answer.structured.value_or(json::object()))};
}

Error unknown_tool(const tools::ToolSet& tools, const std::string& name) {
  std::vector<std::string> names;
  for (const auto* tool : tools.offered_over_rest()) names.emplace_back(tool->name);
  const auto near = nearest(name, names);
  Error error{ErrorCode::unknown_name, "there is no tool \"" + name.substr(0, 200) + "\"" + did_you_mean(near)};
  if (!near.empty()) error.details["nearest"] = near;
  return error;
}

void call(tools::ToolSet& tools, const transport::HttpRequest& request, const Reply& reply) {
  if (!is_json(request))
    return reply->send(transport::error_response(kUnsupportedMediaType, "arguments_invalid",
                                                 "send the arguments as Content-Type: application/json"));
  auto arguments = arguments_of(request);
  if (!arguments.ok()) return refuse(reply, arguments.error());
  const bool as_text = request.header("Accept").value_or("").find("text/plain") == 0;
  const std::string& name = request.path_values.at("name");
  const auto done = [reply, as_text](const transport::ToolOutcome& outcome) {
    const auto* answer = std::get_if<transport::Answer>(&outcome);
    if (answer == nullptr) return refuse(reply, Error{ErrorCode::internal, "the tool gave no answer"});
    reply->send(response_of(*answer, as_text));
  };
  if (!tools.call_row(context_of(request), name, std::move(*arguments), done)) refuse(reply, unknown_tool(tools, name));
}

void list(tools::ToolSet& tools, const transport::HttpRequest& request, const Reply& reply) {
  const Scopes scopes = tools::caller_of(context_of(request)).scopes;
  ordered_json listing{{"tools", ordered_json::array()}};
  for (const auto* tool : tools.offered_over_rest())
    if (scopes.has(tool->scope)) listing["tools"].push_back(tools::tool_entry(*tool, ""));
  reply->send({.status = kOk, .body = listing.dump()});
}

}  // namespace

std::vector<transport::HttpRoute> rest_routes(tools::ToolSet& tools) {
  const std::string path = kToolsPath;
  return {
      {.method = "POST",
       .path = path + "/{name}",
       .handle = [&tools](const transport::HttpRequest& request, const Reply& reply) { call(tools, request, reply); }},
      {.method = "GET",
       .path = path,
       .handle = [&tools](const transport::HttpRequest& request, const Reply& reply) { list(tools, request, reply); }},
      {.method = "GET", .path = kOpenApiPath, .handle = [&tools](const transport::HttpRequest&, const Reply& reply) {
         reply->send({.status = kOk, .body = openapi_document(tools.offered_over_rest()).dump()});
       }}};
}

}  // namespace carillon::web
