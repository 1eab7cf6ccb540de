// Event filters: which events an `on event` trigger means.
//
// An event's type is words joined by dots. In a pattern `*` stands for exactly one word and `#` for any number of them,
// none included, as in AMQP topics: `deploy.*` matches deploy.finished, `deploy.#` also deploy and deploy.eu.finished.
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/schedule/trigger.h"

namespace carillon {

// Words of letters, digits, `_` and `-`, or a wildcard; at most 200 bytes. Refusals carry the position.
Status check_topic_pattern(std::string_view pattern);
bool topic_matches(std::string_view pattern, std::string_view event_type);
// The same as a regular expression over the type with a dot before each word (".deploy.finished"), for those who look
// for many events at once; of a pattern that was checked.
std::string topic_regex(std::string_view pattern);

// The type of an event that somebody tells: a pattern without wildcards whose first word is none of Carillon's own.
// Errors: arguments_invalid.
Status check_event_type(std::string_view type);

// Does this event set the trigger off? `where` sees {"event": type, "payload": payload}. An error
// is one of evaluating `where` (a function that got the wrong type): the event does not match, and that is worth
// telling.
struct EventSeen {
  std::string_view type;
  const json& payload;
};
Result<bool> event_matches(const EventTrigger& trigger, const EventSeen& event);

}  // namespace carillon
