#include "server/base/error.h"

#include "server/base/check.h"

namespace carillon {

const std::array<ErrorCodeInfo, 22> kErrorCodes{{
    {ErrorCode::when_ambiguous, "when_ambiguous", false,
     "the schedule text has more than one reading; candidates are given"},
    {ErrorCode::when_in_past, "when_in_past", false, "the time has passed; the current time is given"},
    {ErrorCode::never_fires, "never_fires", false, "the schedule has no occurrence"},
    {ErrorCode::unknown_zone, "unknown_zone", false, "no such IANA time zone; the nearest names are given"},
    {ErrorCode::one_action_needed, "one_action_needed", false,
     "give exactly one action: tool, pipeline, prompt or message"},
    {ErrorCode::name_taken, "name_taken", false, "another definition has this name; both are shown"},
    {ErrorCode::unknown_name, "unknown_name", false, "nothing has this name; the nearest names are given"},
    {ErrorCode::ambiguous_name, "ambiguous_name", false, "several things fit; candidates are given"},
    {ErrorCode::unknown_tool, "unknown_tool", false, "no downstream server offers this tool; the nearest are given"},
    {ErrorCode::arguments_invalid, "arguments_invalid", false,
     "an argument does not fit its schema; its pointer is given"},
    {ErrorCode::needs_sign_in, "needs_sign_in", false, "a person must sign in to the downstream server first"},
    {ErrorCode::server_unavailable, "server_unavailable", true, "the downstream server cannot be reached now"},
    {ErrorCode::over_limit, "over_limit", true, "a limit is reached; limit, used and reset time are given"},
    {ErrorCode::needs_approval, "needs_approval", false, "a person must approve this first"},
    {ErrorCode::not_allowed, "not_allowed", false, "the credential lacks the scope that is named"},
    {ErrorCode::version_conflict, "version_conflict", false,
     "the item changed meanwhile; its current version is given"},
    {ErrorCode::run_not_waiting, "run_not_waiting", false, "the run is not waiting for an answer"},
    {ErrorCode::too_large, "too_large", false, "the input or the answer is too large; a way to narrow it is given"},
    {ErrorCode::idempotency_mismatch, "idempotency_mismatch", false,
     "the client_generated_id was used for other content"},
    {ErrorCode::conflict, "conflict", false, "the state of the item does not allow this"},
    {ErrorCode::unavailable, "unavailable", true, "a part of Carillon is away for the moment; repeat the call"},
    {ErrorCode::internal, "internal", false, "a defect of Carillon; the log has the details under the id given"},
}};

const ErrorCodeInfo& describe(ErrorCode code) {
  const auto& info = kErrorCodes[static_cast<std::size_t>(code)];
  CARILLON_CHECK(info.code == code);
  return info;
}

std::optional<ErrorCode> error_code_named(std::string_view name) {
  for (const auto& info : kErrorCodes)
    if (info.name == name) return info.code;
  return std::nullopt;
}

json to_answer(const Error& error) {
  const auto& info = describe(error.code);
  json answer = error.details.is_object() ? error.details : json::object();
  answer["error"] = info.name;
  answer["message"] = error.message;
  answer["retryable"] = info.retryable;
  if (!error.pointer.empty()) answer["pointer"] = error.pointer;
  if (!error.received.is_null()) answer["got"] = error.received;
  if (!error.try_instead.empty()) answer["try"] = error.try_instead;
  return answer;
}

}  // namespace carillon
