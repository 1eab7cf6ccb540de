// From what a caller said to a definition that can run: drafts resolved with the caller's clock and zone.
//
// A field that the draft leaves out takes its default (define) or stays as it was (redefine). The schedule is resolved
// anew only when something that it depends on changed: so anchors stay. Pure but for the zone database; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/action.h"
#include "server/domain/task.h"
#include "server/domain/task_draft.h"

namespace carillon {

struct DefineContext {
  Instant now;
  std::string zone;                  // when the draft names none
  bool model = false;                // answers prompts for which no agent is named (action_check.h)
  std::optional<Action> pipeline{};  // what the draft's `pipeline` is (pipelines.h)
};

// Errors: one_action_needed, those of parse_when, arguments_invalid.
Result<TaskDefinition> define(const TaskDraft& draft, const DefineContext& context);
Result<TaskDefinition> redefine(const TaskDefinition& base, const TaskDraft& changes, const DefineContext& context);

// A name of a task: 1 to 200 characters, no `#` (run handles), no control characters, not the hidden task's.
Status check_task_name(std::string_view name, std::string_view pointer);

inline constexpr std::string_view kCallTask = "call";  // the hidden task of call_tool

}  // namespace carillon
