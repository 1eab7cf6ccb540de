// Runs as questions answer them. Pure; thread-safe.
#pragma once

#include "server/engine/queries.h"
#include "server/store/run_store.h"

namespace carillon {

RunRow view_of(const RunRecord& run);
// What RunRow::asks says.
std::string asks_of(const std::vector<OpenQuestion>& questions);

}  // namespace carillon
