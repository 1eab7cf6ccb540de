// ApprovalGrantStore: what persons have approved once and for a while, for the same task, words and arguments. Belongs
// to the transaction it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/store/approval_store.h"
#include "server/store/store.h"

namespace carillon {

struct StandingGrant {
  std::int64_t id = 0;
  std::string task;
  std::string zone;
  std::string message;
  std::string digest;
  std::string granted_by;
  Instant granted_at{}, expires_at{};
};

// A grant that fits what a step asks.
struct GrantedBy {
  std::string name;
  std::int64_t grant = 0;
};

struct RevokedGrant {
  TaskId task{0};
  std::string digest;
  std::string granted_by;
};

class ApprovalGrantStore {
 public:
  explicit ApprovalGrantStore(Tx& tx) : tx_(tx) {}

  // Of what the approval asks, whose run is live; its id.
  struct NewGrant {
    std::string by;
    Instant at{}, until{};
  };
  std::optional<std::int64_t> insert(const TenantId& tenant, const ApprovalKey& approval, const NewGrant& grant);
  // Each name once.
  std::vector<GrantedBy> fitting(const TenantId& tenant, const ApprovalKey& approval, Instant now);
  std::vector<StandingGrant> list(const TenantId& tenant, Instant now, int limit);
  // Nothing: there is none that counts.
  std::optional<RevokedGrant> revoke(const TenantId& tenant, std::int64_t id, const std::string& by, Instant now);

 private:
  Tx& tx_;
};

}  // namespace carillon
