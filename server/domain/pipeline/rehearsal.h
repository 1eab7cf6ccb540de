// A pipeline without any call: what of each step's arguments is known before it runs, and how it would go with given
// results.
//
// foreseen() goes through the definition; what only a run can fill in is left as it is and named. rehearse() lets the
// planner go through it, with results in place of calls; a step without one ends what comes after it. Pure;
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/domain/pipeline/pipeline.h"
#include "server/domain/pipeline/planner.h"

namespace carillon::pipeline {

struct RehearsedStep {
  std::string path;  // as in a journal; of a step for each item "label[*].post"
  const Step* step;
  int stage = 1;  // those of one stage begin side by side
  StepState state = StepState::pending;
  json arguments = nullptr;         // of a leaf
  std::vector<std::string> open{};  // "/text: ${steps.issues.count}"
  std::string problem{};
};

// Every step, lists too, in the order of the definition; those inside a list have its stage. `known` are the roots that
// are known now.
std::vector<RehearsedStep> foreseen(const Pipeline& pipeline, const json& known, const std::string& zone);

struct Rehearsal {
  std::vector<RehearsedStep> steps{};  // leaves, in the order in which they begin
  std::optional<RunEnd> end{};
  std::vector<std::string> missing{};  // paths of steps without a result
  bool is_cut = false;                 // there were too many steps
};
// `stubs`: {path or id: result}.
Rehearsal rehearse(const Pipeline& pipeline, const RunRoots& roots, const json& stubs, Instant now);

}  // namespace carillon::pipeline
