// Following: how a call of a tool becomes a task of MCP, and what that task says later.
//
// What MCP calls a task is a call that its client comes back for with a taskId; the work behind it is a run of ours.
// The call is written down before it is answered, so that any process on the database can go on with it. Thread-safe;
// holds no state. Machine failures throw.
#pragma once

#include <string>
#include <vector>

#include "server/engine/followed_calls.h"
#include "tools/tool.h"
#include "transport/task_store.h"

namespace carillon::tools {

// A parked call that is not waited for any longer, and a call that was answered at once. Both answer the new taskId.
std::string follow_run(const CallContext& context, const Tool& row, const Parked& parked,
                       const std::vector<std::string>& warnings);
std::string follow_answer(const CallContext& context, const Tool& row, const transport::Answer& answer);

// How the task stands by what is true of its run. Nothing where the caller may not use the tool (any more).
std::optional<transport::TaskView> task_view(const CallContext& context, const FollowedCall& call);

// The row of the tool that was called, if the caller may use it.
const Tool* row_of(const CallContext& context, const FollowedCall& call);

}  // namespace carillon::tools
