// Anchors: what a task's row says of its slots to come, for those who are reminded of them.
//
// A task that is paused has its next slot after its pause, one that is done or whose pause has no end has none; what
// max_runs still allows ends its schedule. Pure; thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "server/domain/schedule/reminder.h"
#include "server/domain/task.h"

namespace carillon {

struct AnchorFacts {
  const TaskDefinition& definition;
  TaskState state;
  std::optional<Instant> paused_until;
  Instant last_slot;
  std::int64_t fired_count;
  std::vector<Anchor::Change> changes{};  // also of slots that have been fired and run later
};

// Slots that other anchors or ends of runs bring about are not among its own. None: no slot of it will run.
std::shared_ptr<const Anchor> anchor_of(const AnchorFacts& facts);
// The same without the slots up to its last one: it stands otherwise than before, and those are over.
std::shared_ptr<const Anchor> anchor_after_change(const AnchorFacts& facts);

// Has the schedule slots of its own that can be reminded of?
bool can_be_reminded_of(const Schedule& schedule);

// How long a slot that was moved can have been waiting for its new time.
inline constexpr Duration kMovedFor = std::chrono::days{366};

}  // namespace carillon
