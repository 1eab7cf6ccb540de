// For whom or what runs wait, as list_runs {waiting_for} and get_status ask. Pure; thread-safe.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/domain/caller.h"
#include "server/store/work_store.h"

namespace carillon {

// What the caller can end: the work that it may claim, and the approvals that it may give.
Awaited awaited_by(const Caller& caller);

// "me", "agent:NAME" (work and approvals), "agent" (any work), "person" and "approval" (approvals), "event". Errors:
// arguments_invalid at /waiting_for.
Result<Awaited> read_awaited(const Caller& caller, const std::string& text);

}  // namespace carillon
