#include "server/store/state_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

StateEntry entry_of(const pqxx::row& row) {
  StateEntry entry{.last_number = column<std::int64_t>(row["last_number"])};
  if (!row["version"].is_null())
    entry.value = StateValue{column<std::int64_t>(row["version"]), column<Bytes>(row["value"]).data,
                             column<std::optional<Instant>>(row["expires_at"]), column<Instant>(row["changed_at"]),
                             column<std::string>(row["changed_by"])};
  if (!row["fencing"].is_null())
    entry.lease = StateLease{column<std::int64_t>(row["fencing"]), column<std::string>(row["holder"]),
                             column<Instant>(row["held_until"])};
  return entry;
}

StateRecord record_of(const pqxx::row& row) {
  return {column<std::string>(row["key"]), entry_of(row),
          column<std::optional<std::int64_t>>(row["value_bytes"]).value_or(0)};
}

// A member of a part of an entry, or NULL where the entry has no such part.
template <class Part, class Member>
Param part(const std::optional<Part>& from, Member Part::*member) {
  if (!from) return std::nullopt;
  return (*from).*member;
}

}  // namespace

StateEntry StateStore::lock(const TenantId& tenant, const StateKey& key) {
  StateEntry entry = entry_of(tx_.exec(sql::lock_state_entry, tenant, key.space, key.key).at(0));
  if (entry.last_number > 0) return entry;
  // New. Asked in a statement of its own, so that it sees a sweep that the first one waited for.
  const pqxx::result floor = tx_.exec(sql::state_floor, tenant);
  if (!floor.empty()) entry.last_number = column<std::int64_t>(floor[0]["last_number"]);
  return entry;
}

void StateStore::save(const TenantId& tenant, const StateKey& key, const StateEntry& entry) {
  const auto& [last_number, value, lease] = entry;
  Param text = std::nullopt;
  if (value) text = Bytes{value->text};
  tx_.exec_params(
      sql::save_state_entry,
      {Param(tenant), Param(key.space), Param(key.key), Param(last_number), part(value, &StateValue::version), text,
       part(value, &StateValue::expires_at), part(value, &StateValue::changed_at), part(value, &StateValue::changed_by),
       part(lease, &StateLease::fencing), part(lease, &StateLease::holder), part(lease, &StateLease::until)});
}

void StateStore::keep(const TenantId& tenant, const StateKey& key, const StateValue& replaced, Instant until) {
  tx_.exec(sql::keep_state_version, tenant, key.space, key.key, replaced.version, Bytes{replaced.text},
           replaced.changed_at, replaced.changed_by, until, kStateVersionsKept - 1);
}

std::int64_t StateStore::forget_versions(const TenantId& tenant, const StateKey& key) {
  return tx_.exec(sql::forget_state_versions, tenant, key.space, key.key).affected_rows();
}

std::optional<StateRecord> StateStore::find(const TenantId& tenant, const StateKey& key, int value_bytes) {
  const pqxx::result rows = tx_.exec(sql::find_state_entry, tenant, key.space, key.key, value_bytes);
  if (rows.empty()) return std::nullopt;
  return record_of(rows[0]);
}

std::vector<StateRecord> StateStore::list(const TenantId& tenant, const StateQuery& query) {
  std::vector<StateRecord> records;
  for (const auto& row : tx_.exec(sql::list_state_entries, tenant, query.space, query.prefix, query.after, query.now,
                                  query.limit, query.value_bytes))
    records.push_back(record_of(row));
  return records;
}

std::vector<StateVersion> StateStore::versions(const TenantId& tenant, const StateKey& key,
                                               const StateVersionQuery& query) {
  std::vector<StateVersion> versions;
  for (const auto& row : tx_.exec(sql::list_state_versions, tenant, key.space, key.key, query.before, query.now,
                                  query.limit, query.value_bytes))
    versions.push_back({.value = {.version = column<std::int64_t>(row["version"]),
                                  .text = column<Bytes>(row["value"]).data,
                                  .changed_at = column<Instant>(row["changed_at"]),
                                  .changed_by = column<std::string>(row["changed_by"])},
                        .value_bytes = column<std::int64_t>(row["value_bytes"])});
  return versions;
}

}  // namespace carillon
