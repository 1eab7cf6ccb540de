// The steps of Ordinaut's pipelines, rewritten into ours (pipeline/pipeline.h):
//
//   id: what is no name here becomes one, a missing one "step_<n>" · timeout_seconds → timeout · max_retries → retry
//   · uses "orchestrator.request_approval" with {message, data, timeout_hours} → an approval by a person; `data` is
//   what is approved (approved_items), and a refusal, or nobody's answer in time, lets the steps behind see the status
//   · uses "llm.<any name>" with an instruction or a prompt → llm.plan or llm.generate
//
// Everything else stays as it is. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

// `pointer` leads to the list. Adds to `notes` what was rewritten. Errors: arguments_invalid.
Result<json> from_ordinaut_steps(const json& steps, const std::string& pointer, std::vector<std::string>& notes);

}  // namespace carillon
