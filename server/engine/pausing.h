// Pausing and resuming one task, for set_task_state and for pauses that end by themselves.
//
// While a task is paused its schedule does not fire. What did not run is one row when it is resumed: skipped, folded
// over all slots of the pause. No catch-up. Runs inside a transaction, on a task whose row is locked.
#pragma once

#include "server/domain/run_id.h"
#include "server/engine/task_commands.h"
#include "server/engine/transaction.h"

namespace carillon {

struct Pausing {
  const Call& call;
  Tx& tx;
  Telling& telling;
  RunIdMaker& ids;
};

// Slots after `after`, up to `until`: counted up to a limit.
struct CountedSlots {
  std::int64_t slots = 0;
  bool in_full = true;
  std::optional<Instant> first{}, last{};
};
CountedSlots count_slots(const Schedule& schedule, Instant after, Instant until);

AffectedTask pause_task(const Pausing& pausing, const TaskRecord& task, const PauseNote& note);
AffectedTask resume_task(const Pausing& pausing, const TaskRecord& task);

}  // namespace carillon
