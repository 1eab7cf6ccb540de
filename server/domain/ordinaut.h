// Ordinaut's task files, accepted unchanged: its fields are rewritten into the arguments of schedule_task.
//
//   title → name · schedule_kind, schedule_expr, timezone kept · payload.pipeline → steps (ordinaut_steps.h)
//   · payload.params → input · dedupe_key, dedupe_window_seconds → dedupe · concurrency_key → lock · max_retries,
//   backoff_strategy → options.retries · priority 1…9 kept · status paused → paused
//
// What a server said of its own copy (id, created_by, created_at, updated_at) is left out: who imports a task is whose
// it is. Members that are null are as good as absent. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

struct Rewritten {
  json arguments;                  // of schedule_task
  std::vector<std::string> notes;  // what was rewritten, for `warnings`: "title is called name here"
};

// Whether the object uses a name that only Ordinaut has.
bool is_ordinaut(const json& arguments);
// Errors: arguments_invalid where both spellings are given, or a value has no counterpart; the pointer leads into what
// came.
Result<Rewritten> from_ordinaut(const json& arguments);

// Where in `arguments`, as Ordinaut writes them, that stands which the pointer names in what they were rewritten to.
std::string ordinaut_pointer(const json& arguments, std::string_view pointer);

}  // namespace carillon
