// Where a task's schedule stands: its definition with what only the database knows, ready to be asked what comes next.
// Inside the transaction that read the task; stateless.
#pragma once

#include "server/engine/upcoming.h"
#include "server/store/condition_store.h"
#include "server/store/task_store.h"

namespace carillon {

// The schedule as it stands: reminders follow their tasks, and the slot of a fixed delay is the one that the end of a
// run has brought about.
Schedule standing_schedule(Tx& tx, const TenantId& tenant, const TaskRecord& task, const TaskDefinition& definition);
// The same of a schedule that nobody has saved: its fixed delay is left as it is.
Schedule with_known_anchors(Tx& tx, const TenantId& tenant, Schedule schedule);

// The definition must outlive the rhythm.
Rhythm rhythm_of(const RhythmSource& source, const TaskRecord& task, const TaskDefinition& definition);

// When a schedule that begins at that instant looks at the tools of its conditions first.
std::vector<FirstLook> first_looks(const Schedule& schedule, Instant begin);

// Of each condition: how often its tool has been looked at, when it will be again, and what keeps it from being.
struct LookingTask {
  TaskId id;
  const Schedule& schedule;
  Instant now;
};
std::vector<std::string> look_notes(Tx& tx, const TenantId& tenant, const LookingTask& task);

// The first slot of a fixed delay for a schedule that begins at that instant; nothing without one.
std::optional<Instant> first_delay_slot(const Schedule& schedule, Instant begin);

}  // namespace carillon
