// What comes next for a task: its schedule's slots, without those that were skipped, with the moved ones and those that
// quiet hours defer where they went, and no more than max_runs allows. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/quiet_rules.h"
#include "server/domain/task.h"
#include "server/engine/task_commands.h"
#include "server/store/task_store.h"

namespace carillon {

struct Rhythm {
  const TaskDefinition& definition;
  Instant last_slot;
  std::int64_t fired_count = 0;
  std::vector<SlotOverride> overrides{};  // of slots after last_slot
  std::optional<Schedule> standing{};     // in place of the definition's (standing.h)
  std::vector<BoundQuiet> quiet{};
};

struct RhythmSource {
  Tx& tx;
  const TenantId& tenant;
  const QuietSettings& quiet;
};

// At most n, by the time at which they will run, none before `now`.
std::vector<NextSlot> upcoming(const Rhythm& rhythm, Instant now, std::size_t n);
// At most n slots of the schedule itself, whatever was said about single ones.
std::vector<Slot> plain_slots(const Rhythm& rhythm, Instant now, std::size_t n);

}  // namespace carillon
