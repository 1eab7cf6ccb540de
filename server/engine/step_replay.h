// Folding the journal of a run of steps anew: the planner of a worker that takes the run up, and of whoever looks what
// an ended run has done (retry_run).
//
// Pure over its arguments; thread-safe as such.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/domain/action.h"
#include "server/domain/pipeline/planner.h"
#include "server/domain/run_handle.h"
#include "server/store/hot_path.h"

namespace carillon {

using Attempt = std::pair<std::string, int>;  // a path, and which

// Rows of the journal that a planner has not heard of.
using UntoldSteps = std::map<Attempt, JournalEntry>;

// What the templates of a run's steps may name, besides steps.
struct StepsRun {
  RunId id;
  RunHandle handle;
  std::optional<Instant> slot{};
  const Action& action;  // of kind steps
  json event = nullptr;
  std::string zone;
  Instant started_at{};
  bool undoes = false;  // its row says that it ends only when what it did is undone
};

// When the run's first step began, here or with an earlier worker; what was taken over was done by another run.
Instant began_at(const StepsRun& run, const std::vector<JournalEntry>& journal);

struct FoldedRun {
  pipeline::Planner planner;
  UntoldSteps untold;
};
// `pipeline` must outlive it. An end that was written by whoever told it (an event, a decision, a child's end) carries
// their moment, and the worker may have begun another step before it heard of it. That step's row proves it: an end
// after which a step that has begun could not have begun is told when it has.
FoldedRun fold_run(const pipeline::Pipeline& pipeline, const StepsRun& run, std::vector<JournalEntry> journal);

// Tells a planner what the journal says, whatever the order of rows that were written at the same moment. A call that
// may not be repeated and has no end was lost with its worker. Gives what the planner could not hear yet.
UntoldSteps replay(pipeline::Planner& planner, std::vector<JournalEntry> journal);

// What is about to be begun was done before, as the journal says: then the planner hears of that. What has been done is
// never done again, whatever the planner thinks of the order. False: it has still to be begun.
bool tell_instead(pipeline::Planner& planner, const pipeline::Start& start, UntoldSteps& untold);

}  // namespace carillon
