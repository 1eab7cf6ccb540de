// From what a downstream server did to what a run's record says of it: results, refusals and failures become the error
// classes of pipelines.md, with the one fact that decides about repeating: can the request have arrived?
//
// Everything that leaves here has passed the secret mask. Pure functions; thread-safe.
#pragma once

#include <string>

#include "catalog/tool_list.h"
#include "server/domain/tool_caller.h"
#include "transport/client.h"

namespace carillon::catalog {

ToolReply failed_reply(ErrorClass failure, std::string message, Arrived arrived);
// Of a call that was not made because something is wrong with it.
ToolReply refused_reply(const Error& error);
// `context`: the end of the server's stderr, or empty.
ToolReply reply_of(const transport::ClientFailure& failure, const std::string& server, const std::string& context);
ToolReply reply_of(const transport::RpcRefusal& refusal, const std::string& server);
// A result: content blocks, structured content checked against the tool's output schema, isError.
ToolReply reply_of(json result, const CatalogTool& tool);

inline constexpr std::size_t kExcerptBytesMax = 300;  // of what a server said, in the message of a failure

// Cut after so many bytes, never inside a character.
std::string shortened(std::string text, std::size_t bytes_max);

// The last lines of a stderr, short enough for an error message.
std::string last_words(const std::string& error_tail);

}  // namespace carillon::catalog
