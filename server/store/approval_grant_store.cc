#include "server/store/approval_grant_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

std::optional<std::int64_t> ApprovalGrantStore::insert(const TenantId& tenant, const ApprovalKey& approval,
                                                       const NewGrant& grant) {
  const pqxx::result rows = tx_.exec(sql::insert_approval_grant, tenant, approval.run, approval.path, approval.attempt,
                                     grant.by, grant.at, grant.until);
  if (rows.empty()) return std::nullopt;
  return column<std::int64_t>(rows[0]["grant_id"]);
}

std::vector<GrantedBy> ApprovalGrantStore::fitting(const TenantId& tenant, const ApprovalKey& approval, Instant now) {
  std::vector<GrantedBy> grants;
  for (const auto& row :
       tx_.exec(sql::fitting_approval_grants, tenant, approval.run, approval.path, approval.attempt, now))
    grants.push_back({column<std::string>(row["granted_by"]), column<std::int64_t>(row["grant_id"])});
  return grants;
}

std::vector<StandingGrant> ApprovalGrantStore::list(const TenantId& tenant, Instant now, int limit) {
  std::vector<StandingGrant> grants;
  for (const auto& row : tx_.exec(sql::list_approval_grants, tenant, now, limit))
    grants.push_back({.id = column<std::int64_t>(row["grant_id"]),
                      .task = column<std::string>(row["task_name"]),
                      .zone = column<std::string>(row["zone"]),
                      .message = column<std::string>(row["message"]),
                      .digest = column<std::string>(row["digest"]),
                      .granted_by = column<std::string>(row["granted_by"]),
                      .granted_at = column<Instant>(row["granted_at"]),
                      .expires_at = column<Instant>(row["expires_at"])});
  return grants;
}

std::optional<RevokedGrant> ApprovalGrantStore::revoke(const TenantId& tenant, std::int64_t id, const std::string& by,
                                                       Instant now) {
  const pqxx::result rows = tx_.exec(sql::revoke_approval_grant, tenant, id, by, now);
  if (rows.empty()) return std::nullopt;
  return RevokedGrant{column<TaskId>(rows[0]["task_id"]), column<std::string>(rows[0]["digest"]),
                      column<std::string>(rows[0]["granted_by"])};
}

}  // namespace carillon
