#include "server/store/journal.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

constexpr std::string_view kSource = "carillon/engine";

std::optional<Bytes> bytes_unless_null(const json& value) {
  if (value.is_null()) return std::nullopt;
  return bytes_of(value);
}

}  // namespace

void Outbox::append(const Caller& caller, const Event& event, const Provenance& provenance) {
  tx_.exec(sql::insert_outbox, event.type, event.aggregate, caller.tenant, caller.agent, provenance.client_generated_id,
           caller.correlation_id, provenance.causation_id, kSource, provenance.at, bytes_of(event.data));
}

void Audit::append(const Caller& caller, const AuditEntry& entry, const Provenance& provenance) {
  tx_.exec(sql::insert_audit, caller.tenant, caller.agent, name_of(caller.kind), entry.action, entry.subject,
           bytes_unless_null(entry.before), bytes_unless_null(entry.after), provenance.client_generated_id,
           caller.correlation_id, provenance.at);
}

std::optional<FirstAnswer> Idempotency::find(const TenantId& tenant, const IdempotencyKey& key) {
  const pqxx::result rows =
      tx_.exec(sql::find_idempotency, tenant, key.client_generated_id, key.command, Bytes{key.content});
  if (rows.empty()) return std::nullopt;
  return FirstAnswer{json_of(column<Bytes>(rows[0]["answer"])), column<bool>(rows[0]["same"])};
}

bool Idempotency::claim(const TenantId& tenant, const IdempotencyKey& key, Instant at) {
  return !tx_.exec(sql::claim_idempotency, tenant, key.client_generated_id, key.command, Bytes{key.content}, at)
              .empty();
}

void Idempotency::keep_answer(const TenantId& tenant, const IdempotencyKey& key, const json& answer) {
  tx_.exec(sql::answer_idempotency, tenant, key.client_generated_id, bytes_of(answer));
}

}  // namespace carillon
