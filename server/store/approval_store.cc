#include "server/store/approval_store.h"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

Approval approval_of(const pqxx::row& row) {
  return {.key = {column<RunId>(row["run_id"]), column<std::string>(row["step_path"]), column<int>(row["attempt"])},
          .message = column<std::string>(row["message"]),
          .arguments = json_of(column<Bytes>(row["arguments"])),
          .digest = column<std::string>(row["digest"]),
          .deciders = column<std::vector<std::string>>(row["deciders"]),
          .quorum = column<int>(row["quorum"]),
          .on_expiry = column<std::string>(row["on_expiry"]),
          .on_reject = column<std::string>(row["on_reject"]),
          .expires_at = column<Instant>(row["expires_at"]),
          .agreed = column<std::vector<std::string>>(row["agreed"]),
          .asked_at = column<Instant>(row["asked_at"]),
          .outcome = column<std::optional<std::string>>(row["outcome"]).value_or(""),
          .decided_at = column<std::optional<Instant>>(row["decided_at"]),
          .decided_by = column<std::vector<std::string>>(row["decided_by"])};
}

}  // namespace

void ApprovalStore::insert(const TenantId& tenant, const Approval& approval, Instant asked_at) {
  tx_.exec(sql::insert_approval, tenant, approval.key.run, approval.key.path, approval.key.attempt, approval.message,
           bytes_of(approval.arguments), approval.deciders, approval.quorum, approval.on_expiry, approval.on_reject,
           approval.expires_at, asked_at, approval.id);
}

void ApprovalStore::plan_notices(const TenantId& tenant, const Approval& approval, const ApprovalNotices& notices,
                                 Instant asked_at) {
  tx_.exec(sql::plan_approval_notices, tenant, approval.key.run, approval.id, notices.targets, asked_at, notices.later,
           notices.later_at);
}

std::optional<Approval> ApprovalStore::find_open(const TenantId& tenant, std::int64_t id) {
  const pqxx::result rows = tx_.exec(sql::find_told_approval, tenant, id);
  if (rows.empty()) return std::nullopt;
  return approval_of(rows[0]);
}

std::vector<Approval> ApprovalStore::open(const TenantId& tenant, RunId run) {
  std::vector<Approval> approvals;
  for (const auto& row : tx_.exec(sql::open_approvals, tenant, run)) approvals.push_back(approval_of(row));
  return approvals;
}

std::vector<Approval> ApprovalStore::hold(const TenantId& tenant, RunId run) {
  const pqxx::result held = tx_.exec(sql::hold_approvals, tenant, run);
  return held.empty() ? std::vector<Approval>{} : open(tenant, run);
}

void ApprovalStore::vote(const TenantId& tenant, const ApprovalKey& key, const Vote& vote) {
  tx_.exec(sql::insert_vote, tenant, key.run, key.path, key.attempt, vote.voter, vote.kind, vote.comment, vote.at);
}

bool ApprovalStore::decide(const TenantId& tenant, const ApprovalKey& key, const ApprovalEnd& end) {
  return !tx_.exec(sql::decide_approval, tenant, key.run, key.path, key.attempt, end.outcome, end.at, end.by).empty();
}

ApprovalPage ApprovalStore::all_open(const TenantId& tenant, int limit) {
  ApprovalPage page;
  for (const auto& row : tx_.exec(sql::list_approvals, tenant, limit)) {
    page.approvals.push_back(approval_of(row));
    page.total = column<std::int64_t>(row["total"]);
  }
  return page;
}

void ApprovalStore::keep_link(const TenantId& tenant, const NewApprovalLink& link, Instant at) {
  tx_.exec(sql::insert_approval_link, tenant, link.key.run, link.key.path, link.key.attempt, link.holder, link.sha256,
           at);
}

std::optional<ApprovalLink> ApprovalStore::find_link(const std::string& sha256) {
  const pqxx::result rows = tx_.exec(sql::find_approval_link, sha256);
  if (rows.empty()) return std::nullopt;
  return ApprovalLink{column<TenantId>(rows[0]["tenant_id"]), column<std::string>(rows[0]["holder"]),
                      column<std::optional<Instant>>(rows[0]["used_at"]), approval_of(rows[0])};
}

bool ApprovalStore::use_link(const TenantId& tenant, const std::string& sha256, Instant at) {
  return !tx_.exec(sql::use_approval_link, tenant, sha256, at).empty();
}

}  // namespace carillon
