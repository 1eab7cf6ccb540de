// A call of a tool on its way to its answer: scope, repair, unknown arguments, schema, handler, encoding; and where it
// waits for a run, what its client is asked meanwhile.
//
// Refusals are tool results with the Error in them; a machine failure is caught here and nowhere else on this side,
// logged once, and answered `unavailable` or `internal`. Thread-safe.
#pragma once

#include "server/base/json.h"
#include "tools/dispatch.h"
#include "tools/ports.h"
#include "transport/tool_service.h"

namespace carillon::tools {

// Calls `done` once, from any thread, perhaps before it returns. `tool` and what `ports` names outlive the call.
void serve_call(const transport::RequestContext& context, const Ports& ports, const CompiledTool& tool, json arguments,
                transport::ToolDone done);

}  // namespace carillon::tools
