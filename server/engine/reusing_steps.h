// What a run that is repeated takes over from the earlier run, and what it will do once more (retry_run {from}).
//
// An outermost step is taken over whole or not at all. It is taken over when it ended well (it succeeded, was left out,
// or failed and `on_error` handled it), was not undone, is written as it was, and nothing that it needs runs again.
// Runs inside the command's transaction; the earlier run has ended.
#pragma once

#include <string>
#include <vector>

#include "server/domain/task.h"
#include "server/store/run_store.h"
#include "server/store/step_store.h"

namespace carillon {

inline constexpr std::string_view kFromStart = "start", kFromFailedStep = "failed_step";

struct ReuseWanted {
  const RunRecord& run;            // the earlier one
  const TaskDefinition& was;       // its definition
  const TaskDefinition& now;       // of the retry
  const std::string& was_payload;  // of the earlier run
  const std::string& from;         // start, failed_step or the id of an outermost step
};

struct Reuse {
  std::vector<JournalEntry> rows{};     // for the new run
  std::vector<std::string> reused{};    // steps, in the order of the definition
  std::vector<std::string> repeated{};  // with effects outside that were called under this number and are called again
};

// Errors, all at /from: unknown_name with the steps there are, conflict for what has no steps or would begin before
// what it needs has ended well.
Result<Reuse> reuse_steps(Tx& tx, const TenantId& tenant, const ReuseWanted& wanted);

}  // namespace carillon
