// How far a call says that it is, as it is kept in a run's row and told to people. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "server/base/json.h"
#include "server/domain/tool_caller.h"

namespace carillon {

json to_json(const ToolProgress& progress);
// Nothing for what is no kept progress.
std::optional<ToolProgress> progress_of(const json& kept);
// "3 of 10: indexing"
std::string brief_progress(const ToolProgress& progress);

}  // namespace carillon
