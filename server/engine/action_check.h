// Whether an action can work: its tools exist and its arguments fit their schemas, asked of the downstream servers when
// a task is made, not at three in the morning.
//
// What is wrong is an error; what cannot be known now (a server that is away, a sign-in that a person has still to do)
// is a warning, because it may be right when the task runs. Waits for downstream servers: never inside a transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/action.h"
#include "server/domain/tool_caller.h"

namespace carillon {

// The warnings. Errors: unknown_tool, arguments_invalid at the argument.
Result<std::vector<std::string>> check_targets(ToolCaller& tools, const TenantId& tenant, const Action& action,
                                               Duration wait);

// Errors: arguments_invalid with a pointer below `pointer` and the schema's words.
Status check_arguments(const ToolFacts& facts, const json& arguments, const std::string& pointer);

}  // namespace carillon
