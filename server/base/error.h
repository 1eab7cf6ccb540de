// Error: what a caller did or met, said so that the caller can mend it (product promise 10).
//
// The codes are those of the tool surface; one table (error.cc) gives each its wire name and whether repeating the
// same call may help. docs/errors.md is tested against that table. Values only; thread-safe as its contents are.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/json.h"

namespace carillon {

enum class ErrorCode {
  when_ambiguous,
  when_in_past,
  never_fires,
  unknown_zone,
  one_action_needed,
  name_taken,
  unknown_name,
  ambiguous_name,
  unknown_tool,
  arguments_invalid,
  needs_sign_in,
  server_unavailable,
  over_limit,
  needs_approval,
  not_allowed,
  version_conflict,
  run_not_waiting,
  too_large,
  idempotency_mismatch,
  conflict,
  unavailable,
  internal,
};

struct ErrorCodeInfo {
  ErrorCode code;
  std::string_view name;  // on the wire
  bool retryable;         // the same call may succeed later
  std::string_view meaning;
};

const ErrorCodeInfo& describe(ErrorCode code);
std::optional<ErrorCode> error_code_named(std::string_view name);
extern const std::array<ErrorCodeInfo, 22> kErrorCodes;

struct Error {
  ErrorCode code;
  std::string message;               // for the caller: what to change, not what went wrong inside
  std::string pointer{};             // JSON pointer to the offending argument, if there is one
  json received = nullptr;           // what came (null: nothing worth showing)
  json try_instead = json::array();  // calls or values that would work
  json details = json::object();     // further members of the answer: candidates, nearest, resets, current_version …
};

// The answer's JSON (spec tools.md §4): {"error", "message", "retryable", "pointer"?, "got"?, "try"?, …details}.
json to_answer(const Error& error);

}  // namespace carillon
