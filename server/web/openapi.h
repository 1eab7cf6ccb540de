// The OpenAPI 3.1 document of the REST mirror, made from the tools' own rows: nothing about a tool is written twice.
// Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "server/base/json.h"
#include "tools/tool.h"

namespace carillon::web {

inline constexpr const char* kToolsPath = "/api/v1/tools";
inline constexpr const char* kOpenApiPath = "/api/v1/openapi.json";

ordered_json openapi_document(const std::vector<const tools::Tool*>& tools);

// The HTTP status of a refusal.
int http_status(ErrorCode code);

}  // namespace carillon::web
