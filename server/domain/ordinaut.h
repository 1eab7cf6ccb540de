// Ordinaut's task files, accepted unchanged: its fields are rewritten into the arguments of schedule_task.
//
//   title → name · schedule_kind, schedule_expr, timezone kept · payload.pipeline[{id, uses, with, save_as, …}] → steps
//   · payload.params → input · dedupe_key, dedupe_window_seconds → dedupe · concurrency_key → lock · max_retries,
//   backoff_strategy → options.retries · priority 1…9 kept
//
// Pure; thread-safe.
#pragma once

#include <string>
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
// Errors: arguments_invalid where both spellings are given, or a value has no counterpart.
Result<Rewritten> from_ordinaut(const json& arguments);

}  // namespace carillon
