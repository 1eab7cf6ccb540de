#include "server/web/openapi.h"

#include "server/base/version.h"
#include "server/web/http_status.h"

namespace carillon::web {
namespace {

ordered_json body_of(const ordered_json& schema) { return {{"application/json", {{"schema", schema}}}}; }

ordered_json error_schema() {
  ordered_json names = ordered_json::array();
  for (const auto& code : kErrorCodes) names.push_back(code.name);
  ordered_json schema{{"type", "object"}, {"required", {"error", "message", "retryable"}}};
  schema["properties"] = {{"error", {{"type", "string"}, {"enum", names}}},
                          {"message", {{"type", "string"}, {"description", "what to change"}}},
                          {"retryable", {{"type", "boolean"}}},
                          {"pointer", {{"type", "string"}, {"description", "JSON pointer to the argument"}}},
                          {"got", {{"description", "what came"}}},
                          {"try", {{"type", "array"}, {"description", "values or calls that would work"}}}};
  return schema;
}

ordered_json operation_of(const tools::Tool& tool) {
  ordered_json operation{{"operationId", tool.name}, {"summary", tool.title}, {"description", tool.summary}};
  operation["tags"] = {name_of(tool.toolset)};
  operation["x-carillon-scope"] = name_of(tool.scope);
  ordered_json arguments = body_of(ordered_json::parse(tool.input_schema.text));
  arguments["application/json"]["example"] = ordered_json::parse(tool.example);
  operation["requestBody"] = {{"content", arguments}};
  const ordered_json result =
      tool.output_schema.empty() ? ordered_json{{"type", "object"}} : ordered_json::parse(tool.output_schema);
  operation["responses"]["200"] = {{"description", "The answer; as text with Accept: text/plain"},
                                   {"content", body_of(result)}};
  operation["responses"]["default"] = {{"$ref", "#/components/responses/Refused"}};
  return operation;
}

}  // namespace

ordered_json openapi_document(const std::vector<const tools::Tool*>& tools) {
  ordered_json document{{"openapi", "3.1.0"}};
  document["info"] = {{"title", "Carillon"},
                      {"version", kVersion},
                      {"description", "Every tool of the MCP server, as POST with the tool's arguments as JSON body."}};
  document["security"] = ordered_json::array({{{"token", ordered_json::array()}}});
  for (const auto* tool : tools)
    document["paths"][std::string(kToolsPath) + "/" + std::string(tool->name)] = {{"post", operation_of(*tool)}};
  document["components"]["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  document["components"]["schemas"]["Error"] = error_schema();
  document["components"]["responses"]["Refused"] = {{"description", "A refusal that says what to change"},
                                                    {"content", body_of({{"$ref", "#/components/schemas/Error"}})}};
  return document;
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::when_ambiguous:
    case ErrorCode::when_in_past:
    case ErrorCode::never_fires:
    case ErrorCode::unknown_zone:
    case ErrorCode::one_action_needed:
    case ErrorCode::ambiguous_name:
    case ErrorCode::arguments_invalid:
      return kBadRequest;
    case ErrorCode::needs_sign_in:
    case ErrorCode::needs_approval:
    case ErrorCode::not_allowed:
      return kForbidden;
    case ErrorCode::unknown_name:
    case ErrorCode::unknown_tool:
      return kNotFound;
    case ErrorCode::name_taken:
    case ErrorCode::version_conflict:
    case ErrorCode::run_not_waiting:
    case ErrorCode::idempotency_mismatch:
    case ErrorCode::conflict:
      return kConflict;
    case ErrorCode::too_large:
      return kTooLarge;
    case ErrorCode::over_limit:
      return kTooMany;
    case ErrorCode::server_unavailable:
      return kBadGateway;
    case ErrorCode::unavailable:
      return kUnavailable;
    case ErrorCode::internal:
      return kInternal;
  }
  return kInternal;
}

}  // namespace carillon::web
