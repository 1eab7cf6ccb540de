// ApprovalStore: what steps ask to be approved, and who has agreed. Belongs to the transaction it was made with.
#pragma once

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
  std::string message;
  json arguments = nullptr;
  std::string digest{};  // of the arguments as they are kept: SHA-256, hexadecimal; made by the database
  std::vector<std::string> deciders{};
  int quorum = 1;
  std::string on_expiry = "fail";  // fail, approve, reject
  std::string on_reject = "fail";  // fail, continue
  Instant expires_at = Instant::max();
  std::vector<std::string> agreed{};  // by name, the first one first
};

struct Vote {
  std::string voter;
  std::string kind;  // person, agent
  std::string comment;
  Instant at{};
};

class ApprovalStore {
 public:
  explicit ApprovalStore(Tx& tx) : tx_(tx) {}

  void insert(const TenantId& tenant, const Approval& approval, Instant asked_at);
  // Those of the run that nobody has decided, by step.
  std::vector<Approval> open(const TenantId& tenant, RunId run);
  // The same, held until the transaction ends, for who may decide one of them.
  std::vector<Approval> hold(const TenantId& tenant, RunId run);
  // A second vote of the same voter changes nothing.
  void vote(const TenantId& tenant, const ApprovalKey& key, const Vote& vote);
  // outcome: approved, rejected, expired, withdrawn. False: it had ended before.
  bool decide(const TenantId& tenant, const ApprovalKey& key, const std::string& outcome, Instant at);

 private:
  Tx& tx_;
};

}  // namespace carillon
