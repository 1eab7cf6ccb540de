// Pausing and resuming one task, for set_task_state and for pauses that end by themselves.
//
// While a task is paused its schedule does not fire. What becomes of its slots when it is resumed: catch_up.h. Runs
// inside a transaction, on a task whose row is locked.
#pragma once

#include "server/domain/quiet_rules.h"
#include "server/domain/run_id.h"
#include "server/engine/task_commands.h"
#include "server/engine/transaction.h"

namespace carillon {

struct Pausing {
  const Call& call;
  Tx& tx;
  Telling& telling;
  RunIdMaker& ids;
  const QuietSettings& quiet;
};

// Slots after `after`, up to `until`: counted up to a limit.
struct CountedSlots {
  std::int64_t slots = 0;
  bool in_full = true;
  std::optional<Instant> first{}, last{};
};
CountedSlots count_slots(const Schedule& schedule, Instant after, Instant until);

AffectedTask pause_task(const Pausing& pausing, const TaskRecord& task, const PauseNote& note);
// Without `meanwhile` it is what was said when the task was paused, else drop.
AffectedTask resume_task(const Pausing& pausing, const TaskRecord& task,
                         std::optional<Meanwhile> meanwhile = std::nullopt);

}  // namespace carillon
