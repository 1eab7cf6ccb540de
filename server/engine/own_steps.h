// Steps of a run that Carillon performs itself. What such a step changes is committed together with its row of the
// journal, so it was done exactly when the row says so, however often a worker tries.
#pragma once

#include <string>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/domain/caller.h"
#include "server/domain/pipeline/pipeline.h"
#include "server/domain/pipeline/planner.h"
#include "server/store/step_wait_store.h"

namespace carillon {

// Whether such steps are performed here, and what whoever saves such a step has to be allowed. None: they are not.
std::optional<Scope> scope_of_own_step(const pipeline::Step& step);

struct OwnStep {
  const Caller& caller;  // the run's tenant and agent, with the run's trace
  StepKey key;
  pipeline::StepKind kind = pipeline::StepKind::event;  // state, signal, approval, agent or child
  json body = nullptr;                                  // its templates filled in
  json roots = json::object();                          // of signal: what `match` may name beside the event
  std::string expect{};                                 // of agent and child: what a good result satisfies
  Instant began_at{};
  // Of a child: where its parent is, until when that has to end, and how long the step may take.
  std::int16_t shard = 0;
  std::optional<Instant> finish_by{};
  std::optional<Duration> timeout{};
  // Of a step that waits already:
  bool looks = false;                // has it been told?
  std::optional<WaitEnd> give_up{};  // it is to end so, unless it was told meanwhile
  std::string ask_to_end{};          // why its child is to end; it waits until that has
};

struct OwnStepEnd {
  bool is_ours = true;  // false: the run is somebody else's by now, and nothing was done
  json output = nullptr;
  Instant finished_at{};
  std::optional<Instant> waits_until{};        // it waits; Instant::max(): for ever
  std::optional<pipeline::StepFault> fault{};  // of one that waited
};

}  // namespace carillon
