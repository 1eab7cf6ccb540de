// What a downstream server asks in the middle of a call, and who answers: first the entry's own words (the fixed
// answers of the tool), then whoever made the call. Where nobody can be asked, the entry says whether the question is
// declined or ends the call.
//
// Sampling is refused unless the entry passes it on. Questions and answers can be sensitive: nothing here logs them,
// and what goes out to a caller has passed the secret mask. Pure functions; thread-safe.
#pragma once

#include <optional>

#include "catalog/server_entry.h"
#include "server/domain/tool_caller.h"
#include "transport/client_input.h"

namespace carillon::catalog {

// MCP's ClientCapabilities for a legacy server, which hears them once, before there is a call: what may be answered.
json offered_for_good(const ServerEntry& entry);
// The same for one call of a modern server: what will be answered.
json offered_with(const ServerEntry& entry, const ToolPolicy& tool, const ToolCall& call);

// The form filled in with the tool's fixed answers and its own defaults. Nothing: they are about other forms, do not
// fit or leave out what is required. `answers`: an object, or null for none; an empty one agrees to the defaults.
std::optional<json> fill_in(const json& requested_schema, const json& answers);

// What the entry itself answers. Nothing: whoever made the call is to be asked, and can be.
std::optional<transport::InputAnswer> answer_of_entry(const ServerEntry& entry, const ToolPolicy& tool,
                                                      const ToolCall& call, const transport::InputRequest& question);
// To a question of which nobody knows which call it is about.
transport::InputAnswer answer_to_stray(const ServerEntry& entry, const transport::InputRequest& question);

// The question as whoever made the call hears it: in the newest revision's words, secrets masked.
ToolQuestion as_asked(const transport::InputRequest& question);

}  // namespace carillon::catalog
