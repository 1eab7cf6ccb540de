#include "server/store/approval_store.h"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

void ApprovalStore::insert(const TenantId& tenant, const Approval& approval, Instant asked_at) {
  tx_.exec(sql::insert_approval, tenant, approval.key.run, approval.key.path, approval.key.attempt, approval.message,
           bytes_of(approval.arguments), approval.deciders, approval.quorum, approval.on_expiry, approval.on_reject,
           approval.expires_at, asked_at);
}

std::vector<Approval> ApprovalStore::open(const TenantId& tenant, RunId run) {
  std::vector<Approval> approvals;
  for (const auto& row : tx_.exec(sql::open_approvals, tenant, run))
    approvals.push_back({.key = {run, column<std::string>(row["step_path"]), column<int>(row["attempt"])},
                         .message = column<std::string>(row["message"]),
                         .arguments = json_of(column<Bytes>(row["arguments"])),
                         .digest = column<std::string>(row["digest"]),
                         .deciders = column<std::vector<std::string>>(row["deciders"]),
                         .quorum = column<int>(row["quorum"]),
                         .on_expiry = column<std::string>(row["on_expiry"]),
                         .on_reject = column<std::string>(row["on_reject"]),
                         .expires_at = column<Instant>(row["expires_at"]),
                         .agreed = column<std::vector<std::string>>(row["agreed"])});
  return approvals;
}

std::vector<Approval> ApprovalStore::hold(const TenantId& tenant, RunId run) {
  const pqxx::result held = tx_.exec(sql::hold_approvals, tenant, run);
  return held.empty() ? std::vector<Approval>{} : open(tenant, run);
}

void ApprovalStore::vote(const TenantId& tenant, const ApprovalKey& key, const Vote& vote) {
  tx_.exec(sql::insert_vote, tenant, key.run, key.path, key.attempt, vote.voter, vote.kind, vote.comment, vote.at);
}

bool ApprovalStore::decide(const TenantId& tenant, const ApprovalKey& key, const std::string& outcome, Instant at) {
  return !tx_.exec(sql::decide_approval, tenant, key.run, key.path, key.attempt, outcome, at).empty();
}

}  // namespace carillon
