// RunPayload: what a run carries beyond its task's definition; the JSON in run_ready.payload (or, when it is larger
// than kPayloadInlineMax, in run_input, while the payload column holds zero bytes; null means there is none).
//
//   {"input":{…}}    run_now gave an input: it replaces action.input of steps, action.arguments of a tool, or the
//                    message of a message ({"message": …})
//   {"action":{…}}   the whole action (call_tool, whose hidden task has none of its own), as domain/action.h writes it
//   {"event":{…}}    what started it: {"id", "type", "key", "source", "at", "payload"}; written by fire_slots;
//                    what came to a webhook is also input of its steps
//   {"can_answer":{…}}   beside either of them or alone: what the client that asked for the run can be asked
//   (domain/question.h)
//   {"parent":{"run", "shard", "finish_by"}}   beside an input: whose step has started it, where that is, and until
//   when
//                    it has to end (microseconds; absent: it has no bound); not of a run that is repeated
//
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/action.h"

namespace carillon {

inline constexpr std::size_t kPayloadInlineMax = 1024;

json payload_of_input(const json& input);
json payload_of_action(const Action& action);

// The same payload for a run that this client asked for; an empty object: it can be asked nothing. One that cannot be
// read is left as it is.
std::string payload_for_asker(std::string payload, const json& can_answer);
// What the run's client can be asked; an empty object: nothing, or there was no client.
json asker_of(std::string_view payload);

// The event that started the run; null: none did. What is no payload has none.
json event_of(std::string_view payload);
// Whose step has started the run.
struct ParentRun {
  RunId run{0};
  std::int16_t shard = 0;
  Instant finish_by = Instant::max();
};
std::string payload_for_child(std::string payload, const ParentRun& parent);
std::optional<ParentRun> parent_of(std::string_view payload);
// A payload for a run that is repeated: nobody's step has started that.
std::string payload_without_parent(std::string payload);

// A payload for a run that is repeated with another input: what started it stays.
std::string payload_with_event_of(std::string payload, std::string_view repeated);

// The action with its input as its steps will see it: with defaults. Errors: arguments_invalid below /input.
Result<Action> with_checked_input(Action action);
// The action that a run with this payload performs. Errors: internal, for a payload that cannot be read, and those of
// with_checked_input.
Result<Action> action_with_payload(Action action, std::string_view payload);

}  // namespace carillon
