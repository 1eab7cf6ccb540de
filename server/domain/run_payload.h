// RunPayload: what a run carries beyond its task's definition; the JSON in run_ready.payload (or, when it is larger
// than kPayloadInlineMax, in run_input, while the payload column holds zero bytes; null means there is none).
//
//   {"input":{…}}    run_now gave an input: it replaces action.input of steps, action.arguments of a tool, or the
//                    message of a message ({"message": …})
//   {"action":{…}}   the whole action (call_tool, whose hidden task has none of its own), as domain/action.h writes it
//
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/action.h"

namespace carillon {

inline constexpr std::size_t kPayloadInlineMax = 1024;

json payload_of_input(const json& input);
json payload_of_action(const Action& action);

// The action that a run with this payload performs. Errors: arguments_invalid, for a payload that cannot be read.
Result<Action> action_with_payload(Action action, std::string_view payload);

}  // namespace carillon
