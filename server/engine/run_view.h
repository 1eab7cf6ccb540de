// Runs as questions answer them. Stateless.
#pragma once

#include <string>

#include "server/engine/queries.h"
#include "server/store/run_store.h"

namespace carillon {

RunRow view_of(const RunRecord& run);
// RunRow::parent, and which of its steps, of a run that a step has started.
void put_parent(Tx& tx, const TenantId& tenant, RunRow& row, std::string& step);
// What the run asks, for whoever decides it.
AskedApproval asked_by(const RunRecord& run, Approval approval);
// What RunRow::asks says.
std::string asks_of(const std::vector<OpenQuestion>& questions);

}  // namespace carillon
