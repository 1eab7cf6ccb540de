// A model of pipelines that knows no time: given what became of each tool call, what should have become of the run. It
// shares no code with the planner, and walks the definition as it was written.
#pragma once

#include <map>
#include <string>

#include "server/base/json.h"
#include "server/domain/pipeline/step_state.h"

namespace carillon::pipeline::test {

// By path: succeeded, failed or unknown for calls that ended so. What is missing was never begun, or was cancelled.
using Outcomes = std::map<std::string, StepState>;

struct Judgement {
  std::string wrong;  // empty: the outcomes are possible
  std::string state;  // of the run: succeeded, failed or unknown
};
Judgement judge(const json& pipeline, const json& input, const Outcomes& outcomes);

}  // namespace carillon::pipeline::test
