// Dispatch: what happens to arguments before a handler sees them, and to its answer after. Pure but for the masks.
//
// Thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/json_schema/json_schema.h"
#include "tools/tool.h"
#include "transport/tool_service.h"

namespace carillon::tools {

inline constexpr std::size_t kAnswerCharsMax = 40'000;  // hosts move longer results into a file
inline constexpr std::size_t kErrorCharsMax = 8'000;
inline constexpr std::size_t kConciseCharsMax = 6'000;  // about 1,500 tokens

// A row with its schemas ready for use.
struct CompiledTool {
  const Tool* row;
  json input_schema;
  json_schema::Schema validator;
  std::optional<json_schema::Schema> output{};
};
CompiledTool compile_tool(const Tool& row);

struct Accepted {
  json arguments;
  std::vector<std::string> warnings;  // what was repaired
};
// Repairs, refuses unknown arguments with the nearest name, validates. Errors carry the pointer, what came and a call
// that would work.
Result<Accepted> accept_arguments(const CompiledTool& tool, json arguments);

// Secrets masked, sizes capped, warnings told in both forms.
transport::Answer encode(const Answer& answer, const std::vector<std::string>& warnings);
transport::Answer encode(const Error& error);
// The same for a caller that checks the structured half also of a refusal against the tool's output schema: where it
// would not fit, the text says it all.
transport::Answer encode_for(const CompiledTool& tool, const Error& error);

// A machine failure as its answer; `id` is what the log line carries.
Error machine_failure(const std::exception& failure, std::string_view id);

}  // namespace carillon::tools
