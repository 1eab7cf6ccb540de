// ApprovalStore: what steps ask to be approved, who has agreed, and the links that decide. Belongs to the transaction
// it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/store.h"

namespace carillon {

// An attempt of a step.
struct ApprovalKey {
  RunId run{0};
  std::string path;
  int attempt = 1;
};

struct Approval {
  ApprovalKey key;
  std::int64_t id = 0;  // by which targets are told of it; where it is written
  std::string message;
  json arguments = nullptr;
  std::string digest{};  // of the arguments as they are kept: SHA-256, hexadecimal; made by the database
  std::vector<std::string> deciders{};
  int quorum = 1;
  std::string on_expiry = "fail";  // fail, approve, reject
  std::string on_reject = "fail";  // fail, continue
  Instant expires_at = Instant::max();
  std::vector<std::string> agreed{};  // by name, the first one first
  Instant asked_at{};
  std::string outcome{};  // approved, rejected, expired, withdrawn; empty: nobody has decided
  std::optional<Instant> decided_at{};
  std::vector<std::string> decided_by{};
};

// Who is told of it: at once, and when nobody has decided for a while.
struct ApprovalNotices {
  std::vector<std::string> targets{};  // beside those of the run's task
  std::optional<std::string> later{};
  Instant later_at{};
};

struct ApprovalPage {
  std::vector<Approval> approvals{};
  std::int64_t total = 0;
};

// Only the hash of a link's token is kept (SHA-256, hexadecimal).
struct NewApprovalLink {
  ApprovalKey key;
  std::string sha256;
  std::string holder;  // to whom it is given
};
struct ApprovalLink {
  TenantId tenant;
  std::string holder;
  std::optional<Instant> used_at{};
  Approval approval;
};

struct Vote {
  std::string voter;
  std::string kind;  // person, agent
  std::string comment;
  Instant at{};
};

struct ApprovalEnd {
  std::string outcome;  // approved, rejected, expired, withdrawn
  Instant at{};
  std::vector<std::string> by{};
};

class ApprovalStore {
 public:
  explicit ApprovalStore(Tx& tx) : tx_(tx) {}

  void insert(const TenantId& tenant, const Approval& approval, Instant asked_at);
  void plan_notices(const TenantId& tenant, const Approval& approval, const ApprovalNotices& notices, Instant asked_at);
  // One whose run is live and that nobody has decided.
  std::optional<Approval> find_open(const TenantId& tenant, std::int64_t id);
  // Those of the run that nobody has decided, by step.
  std::vector<Approval> open(const TenantId& tenant, RunId run);
  // The same, held until the transaction ends, for who may decide one of them.
  std::vector<Approval> hold(const TenantId& tenant, RunId run);
  // A second vote of the same voter changes nothing.
  void vote(const TenantId& tenant, const ApprovalKey& key, const Vote& vote);
  // outcome: approved, rejected, expired, withdrawn. False: it had ended before.
  bool decide(const TenantId& tenant, const ApprovalKey& key, const ApprovalEnd& end);
  // Those of all live runs that nobody has decided, what expires first before the others.
  ApprovalPage all_open(const TenantId& tenant, int limit);

  void keep_link(const TenantId& tenant, const NewApprovalLink& link, Instant at);
  // Of any tenant: in a transaction across tenants. Nothing: there is no such link.
  std::optional<ApprovalLink> find_link(const std::string& sha256);
  // False: it was used before.
  bool use_link(const TenantId& tenant, const std::string& sha256, Instant at);

 private:
  Tx& tx_;
};

}  // namespace carillon
