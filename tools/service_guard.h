// The place where machine failures end for resources, prompts and completion, as ToolSet is for tools: logged once
// under the correlation id of the request, answered as an Error (dispatch.h, machine_failure). Thread-safe.
#pragma once

#include <exception>
#include <string_view>

#include "server/base/log.h"
#include "server/domain/caller.h"
#include "tools/dispatch.h"

namespace carillon::tools {

// `work` gives a Result; `what` names it in the log.
template <class Work>
auto guarded(const Caller& caller, std::string_view what, Work&& work) -> decltype(work()) {
  const log::Context context{
      {{"correlation_id", caller.correlation_id}, {"tenant", caller.tenant.str()}, {"agent", caller.agent.str()}}};
  try {
    return work();
  } catch (const std::exception& failure) {
    const Error error = machine_failure(failure, caller.correlation_id);
    log::error("a request failed",
               {{"what", what}, {"failure", failure.what()}, {"answered", describe(error.code).name}});
    return error;
  }
}

}  // namespace carillon::tools
