#include "server/store/credential_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

Credential read(const pqxx::row& row) {
  return {column<std::string>(row["credential_id"]),
          column<TenantId>(row["tenant_id"]),
          column<AgentId>(row["agent_id"]),
          caller_kind_named(column<std::string>(row["kind"])),
          scopes_named(column<std::vector<std::string>>(row["scopes"])),
          column<Instant>(row["created_at"]),
          column<std::optional<Instant>>(row["expires_at"]),
          column<std::optional<Instant>>(row["revoked_at"])};
}

}  // namespace

std::optional<Credential> CredentialStore::find(const std::string& sha256) {
  const pqxx::result rows = tx_.exec(sql::find_credential, Bytes{sha256});
  if (rows.empty()) return std::nullopt;
  return read(rows[0]);
}

std::vector<Credential> CredentialStore::list(const TenantId& tenant, const std::optional<AgentId>& agent) {
  std::vector<Credential> credentials;
  for (const auto& row : tx_.exec(sql::list_credentials, tenant, agent)) credentials.push_back(read(row));
  return credentials;
}

std::optional<CallerKind> CredentialStore::lock_principal(const TenantId& tenant, const AgentId& agent) {
  const pqxx::result rows = tx_.exec(sql::lock_principal, tenant, agent);
  if (rows.empty()) return std::nullopt;
  return caller_kind_named(column<std::string>(rows[0]["kind"]));
}

void CredentialStore::add_principal(const TenantId& tenant, const AgentId& agent, CallerKind kind, Instant at) {
  tx_.exec(sql::insert_principal, tenant, agent, name_of(kind), at);
}

void CredentialStore::add(const Credential& credential, const std::string& sha256) {
  tx_.exec(sql::insert_credential, credential.tenant, credential.id, credential.agent, Bytes{sha256},
           credential.scopes.names(), credential.created_at, credential.expires_at);
}

std::vector<std::string> CredentialStore::revoke(const TenantId& tenant, const AgentId& agent,
                                                 const std::optional<std::string>& id, Instant at) {
  std::vector<std::string> ended;
  for (const auto& row : tx_.exec(sql::revoke_credentials, tenant, agent, id, at))
    ended.push_back(column<std::string>(row["credential_id"]));
  return ended;
}

}  // namespace carillon
