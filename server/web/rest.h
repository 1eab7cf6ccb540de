// The REST mirror of the tools: POST /api/v1/tools/<name> with the arguments as JSON body, GET /api/v1/tools for the
// listing, GET /api/v1/openapi.json. The same rows, the same dispatch, the same scopes as over MCP; and a few rows more
// that models are not offered (tools/tool.h, rest_tools).
//
// Answers are the structured result (or the text, for Accept: text/plain); refusals carry the Error and its HTTP
// status. A call that waits costs no thread; a client that goes takes it back. Thread-safe.
#pragma once

#include <vector>

#include "tools/tool_set.h"
#include "transport/http_handler.h"

namespace carillon::web {

// `tools` must outlive the routes.
std::vector<transport::HttpRoute> rest_routes(tools::ToolSet& tools);

}  // namespace carillon::web
