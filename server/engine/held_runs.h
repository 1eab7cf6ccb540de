// Runs that are held: catch-ups after a long outage (misfire hold), until somebody decides by set_task_state. Runs
// inside a transaction, on a task whose row is locked.
#pragma once

#include <string>
#include <vector>

#include "server/engine/pausing.h"

namespace carillon {

std::vector<ReadyRun> held_runs(Tx& tx, const TenantId& tenant, TaskId task);

struct HeldDecision {
  std::vector<std::string> released{};  // handles; they run behind each other
  std::int64_t dropped = 0;             // cancelled
};
HeldDecision decide_held(const Pausing& pausing, const TaskRecord& task, Meanwhile meanwhile);

}  // namespace carillon
