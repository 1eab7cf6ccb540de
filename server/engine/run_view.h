// Runs as questions answer them. Pure; thread-safe.
#pragma once

#include "server/engine/queries.h"
#include "server/store/run_store.h"

namespace carillon {

RunRow view_of(const RunRecord& run);

}  // namespace carillon
