// A retry policy as its users write it: `retry` of a step, `retries` of a task's options (spec pipelines.md §3).
// Pure functions; thread-safe.
#pragma once

#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/retry.h"

namespace carillon {

// {"max_attempts", "backoff", "base", "max"} and, where they were given, "on" and "not_on"; durations as text ("1s").
json to_json(const RetryPolicy& policy);

// {"max_attempts"?: 1…100, "backoff"?, "base"?, "max"?, "on"?: [classes], "not_on"?: [classes]}, or a plain integer n,
// which means n attempts more. Errors: arguments_invalid below `pointer`; among them a class that is never repeated,
// one that is in both lists, and lists for a single attempt, which repeats nothing.
Result<RetryPolicy> read_retry(const json& value, std::string_view pointer);

}  // namespace carillon
