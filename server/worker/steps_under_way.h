// What a worker knows of a run of steps beside its row: the planner, which has been told what is in the journal and
// nothing else, and what has to be written before it is told more. Belongs to whoever has the run's turn
// (run_in_flight.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/domain/pipeline/planner.h"
#include "server/engine/step_replay.h"
#include "server/store/hot_path.h"

namespace carillon {

// Whether it rests until something comes; a step whose child was asked to end does that, too.
inline bool can_rest(const pipeline::Waiting& wait) {
  return wait.state == pipeline::StepState::waiting ||
         (wait.state == pipeline::StepState::cancelling && wait.kind == pipeline::StepKind::child);
}

struct StepsUnderWay {
  std::shared_ptr<const pipeline::Pipeline> pipeline;  // outlives the planner
  pipeline::Planner planner;

  // When what happens now is said to have happened: the ends of a journal stand in the order in which they were told.
  Instant moment(Instant now) { return latest = std::max(now, latest + std::chrono::microseconds{1}); }

  // A row of the journal (none: it is there), what the planner hears when it is written, and what goes on then.
  struct News {
    StepEntry entry{};
    std::optional<pipeline::Record> record{};
    std::function<void()> then{};
  };
  std::vector<News> news{};
  bool is_writing = false;
  Instant latest{};
  UntoldSteps untold{};
  Instant next_look{};                   // at steps that wait to be told something, while others are busy
  bool looks_at_children = true;         // once when it is taken up, and whenever it was told something
  std::set<std::string> asked_to_end{};  // paths of steps whose children are to end

  int begun = 0;                         // steps whose end this process has still to tell
  std::set<std::string> unrepeatable{};  // those among them with a call under way that may not be repeated
  std::set<std::string> told{};          // paths whose end, other than by a call, is on its way to the journal
  std::optional<std::pair<std::string, pipeline::StepFault>> last_fault{};  // of the latest step that will be repeated
  std::optional<Instant> begins_at{};  // when the first steps begin: what their templates call now
  std::optional<Instant> alarm{};      // the earliest that is set
  bool expired = false;                // its deadline passed
  bool tells_left_out = false;         // the steps that were left out are in the journal, or on their way
};

}  // namespace carillon
