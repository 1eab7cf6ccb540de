// Pausing and resuming single runs, for set_task_state: a paused run begins no step, and none is claimed; what is under
// way ends. Runs inside a transaction.
#pragma once

#include "server/engine/task_commands.h"
#include "server/engine/transaction.h"

namespace carillon {

struct RunsPausing {
  const Call& call;
  Tx& tx;
  Telling& telling;
};

// What is said of a paused run, "it is paused by ann: too loud (until …)"; empty: it is not paused.
std::string paused_how(const RunRecord& run, Instant now);

// All of command.runs or none. Errors: unknown_name, conflict, unavailable; at /runs/<place>.
Result<TaskStateSet> set_state_of_runs(const RunsPausing& pausing, const SetTaskState& command,
                                       std::optional<Instant> until);

}  // namespace carillon
