// Catching up: what becomes of the slots of a pause when it ends.
//
// They are the slots of the clock since the last one that was dealt with, and those for which the scheduler wrote a
// skipped row while the task was paused (ends of other tasks, conditions). `meanwhile` says which of them run after
// all, behind each other; every other one has a row. Who snoozed a slot away keeps it away, and quiet hours hold. Runs
// inside a transaction, on a task whose row is locked.
#pragma once

#include <string>
#include <vector>

#include "server/engine/pausing.h"

namespace carillon {

struct PauseEnd {
  const TaskRecord& task;
  const TaskDefinition& definition;
  const Schedule& schedule;  // as it stands
  Meanwhile meanwhile;
};

struct CaughtUp {
  std::vector<std::string> runs{};  // handles
  CountedSlots left_out{};          // of the clock
  std::int64_t slots = 0;           // of the clock in the pause, at least
};
CaughtUp catch_up(const Pausing& pausing, const PauseEnd& pause);

}  // namespace carillon
