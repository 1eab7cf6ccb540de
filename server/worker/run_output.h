// Run output: how a downstream reply becomes what a run keeps, and what the next step sees. Bytes from outside are made
// safe here: invalid UTF-8 is replaced, NUL is escaped in JSON and left out of plain text, and what is larger than
// the limit is cut and flagged. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/domain/action.h"
#include "server/domain/tool_caller.h"

namespace carillon {

struct KeptOutput {
  std::string text;        // JSON
  std::int64_t bytes = 0;  // before it was cut
  bool cut = false;
};

// {"content":[…], "structured":…|null, "text":"…"}
json output_of_reply(const ToolReply& reply);
// The value of `steps.x`: structuredContent; else its text parsed as a JSON object or array; else {"text": …}.
json value_of_reply(const ToolReply& reply);
// As UTF-8 bytes, at most bytes_max of them.
KeptOutput kept(const json& output, std::size_t bytes_max);
// For a text column: valid UTF-8 without NUL, at most bytes_max long.
std::string safe_text(std::string_view text, std::size_t bytes_max);

}  // namespace carillon
