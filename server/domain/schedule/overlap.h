// Overlap: what to do with a slot whose task is still busy with an earlier one. A table; thread-safe.
#pragma once

#include <optional>
#include <string_view>

namespace carillon {

enum class Overlap { skip, queue, queue_all, cancel, allow };
std::string_view name_of(Overlap overlap);
std::optional<Overlap> overlap_named(std::string_view name);

// What the task's earlier runs are doing when the slot comes.
struct Busy {
  int running = 0;  // started and not finished, waiting ones included
  int queued = 0;   // not started
};

enum class OverlapVerdict {
  start,             // queue the run; nothing stands in its way
  queue_behind,      // queue the run; it starts when the earlier ones have finished
  skip,              // record the slot as skipped (overlap)
  cancel_and_start,  // ask the earlier runs to stop, queue the run behind them
};

OverlapVerdict decide_overlap(Overlap policy, Busy busy);

}  // namespace carillon
