// Firing: what becomes of a schedule that is due, or for which something has happened. A pure decision over the
// schedule's row, its definition, what was said about single slots, and what the task's earlier runs are doing; the
// statement that carries it out is store/schedule_rows.h. Misfire and overlap rules are domain's.
//
// Every slot that has passed gets a run or a row that says why not. Pure; thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/domain/quiet_rules.h"
#include "server/domain/schedule/overlap.h"
#include "server/domain/task.h"
#include "server/store/schedule_rows.h"

namespace carillon {

struct FiringFacts {
  DueSchedule due;
  std::optional<TaskDefinition> definition;  // none: it cannot be read; its run will fail and say so
  std::vector<SlotChange> overrides{};
  std::vector<Cue> cues{};  // that are due, the oldest first
  Busy busy{};
  std::vector<BoundQuiet> quiet{};
};

// What a decision needs from outside, so that it stays pure.
struct FiringTools {
  Instant now;
  std::function<RunId()> next_id;
  std::function<std::string()> next_correlation_id;
  int slots_max = 1000;  // of a paused range that are counted one by one
  int depth_max = 16;    // runs that cause one another
};

Firing decide_firing(const FiringFacts& facts, const FiringTools& tools);

}  // namespace carillon
