// Cue answers: what a task's schedule makes of the cues that are due for it. Each becomes a start, or a row that says
// why not (unless its options say otherwise each cue starts a run, however late, for a week), or nothing: when the
// schedule (which may have been edited since) does not wait for it, or it lies outside its bounds, there is no slot.
// With misfire hold, what is late after a long outage waits for somebody's decision.
// What the task's other runs are doing is not asked here (firing.h). Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/domain/run_state.h"
#include "server/domain/task.h"
#include "server/store/schedule_rows.h"

namespace carillon {

struct CueQuestion {
  const DueSchedule& due;
  const TaskDefinition& definition;
  const std::vector<Cue>& cues;  // the oldest first
  Instant now;
  int depth_max;
};

struct CueAnswer {
  enum class Verdict { start, hold, leave_out, pass_over } verdict;
  RunState state = RunState::queued;  // of a row that is left out: skipped or missed
  std::string reason{};               // of the row
};

// One for each cue, in their order.
std::vector<CueAnswer> answer_cues(const CueQuestion& question);

}  // namespace carillon
