// CredentialStore: who may call beside the owner of the installation, and the tokens by which they are known. Of a
// token its SHA-256 alone is kept.
//
// Only the owner's login may write here (the second wall, ADR 0004): a daemon, whatever its callers make it do, makes
// nobody. Belongs to the transaction it was made with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/caller.h"
#include "server/store/store.h"

namespace carillon {

struct Credential {
  std::string id;  // names it; it opens nothing
  TenantId tenant;
  AgentId agent;
  CallerKind kind = CallerKind::agent;
  Scopes scopes{};
  Instant created_at{};
  std::optional<Instant> expires_at{};
  std::optional<Instant> revoked_at{};

  bool counts_at(Instant now) const { return !revoked_at && (!expires_at || now < *expires_at); }
};

class CredentialStore {
 public:
  explicit CredentialStore(Tx& tx) : tx_(tx) {}

  // Of any tenant: in a transaction across tenants. `sha256`: 32 bytes.
  std::optional<Credential> find(const std::string& sha256);
  // By holder, the newest first; of one holder, or of all.
  std::vector<Credential> list(const TenantId& tenant, const std::optional<AgentId>& agent);

  // Holds the name until the end of the transaction; nothing: nobody has it.
  std::optional<CallerKind> lock_principal(const TenantId& tenant, const AgentId& agent);
  // Leaves one that is there as it is.
  void add_principal(const TenantId& tenant, const AgentId& agent, CallerKind kind, Instant at);
  void add(const Credential& credential, const std::string& sha256);
  // Those that ended by it: one of the agent's, or all.
  std::vector<std::string> revoke(const TenantId& tenant, const AgentId& agent, const std::optional<std::string>& id,
                                  Instant at);

 private:
  Tx& tx_;
};

}  // namespace carillon
