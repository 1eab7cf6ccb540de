// Whom a queued run waits for: the live runs that hold its concurrency key, as get_run and list_runs tell it. Runs
// inside a transaction.
#pragma once

#include <string>

#include "server/store/run_store.h"

namespace carillon {

// "reports#3 must end first: they share lock:reports", "one of a#1, a#2 must end first: max_parallel is 2";
// empty when it is not queued, or no key keeps it from starting.
std::string waits_for_key(Tx& tx, const TenantId& tenant, const RunRecord& run);

}  // namespace carillon
