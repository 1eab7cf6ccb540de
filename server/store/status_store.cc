#include "server/store/status_store.h"

#include <pqxx/pqxx>

#include "server/domain/schedule/misfire.h"
#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

LastAsked read_last_asked(const pqxx::result& rows) {
  const auto row = rows.at(0);
  return {column<std::optional<Instant>>(row["asked_at"]), column<std::optional<std::string>>(row["seen"]),
          column<std::string>(row["seen_now"])};
}

}  // namespace

std::vector<HeldTaskRecord> StatusStore::held(const TenantId& tenant) {
  std::vector<HeldTaskRecord> held;
  for (const auto& row : tx_.exec(sql::held_runs, tenant, kHeldUntil))
    held.push_back({column<std::string>(row["name"]), column<std::string>(row["zone"]),
                    column<std::int64_t>(row["runs"]), column<std::optional<Instant>>(row["first_slot"])});
  return held;
}

QueueFacts StatusStore::queue(const TenantId& tenant, Instant now) {
  const pqxx::result rows = tx_.exec(sql::queue_facts, tenant, now);
  const auto row = rows.at(0);
  return {column<std::int64_t>(row["due"]), column<std::int64_t>(row["later"]),
          column<std::optional<Instant>>(row["oldest_due"]), column<int>(row["without_owner"])};
}

LastAsked StatusStore::note_asked(const TenantId& tenant, const AgentId& agent, Instant now) {
  tx_.exec(sql::lock_last_asked, tenant, agent);
  return read_last_asked(tx_.exec(sql::swap_last_asked, tenant, agent, now));
}

LastAsked StatusStore::last_asked(const TenantId& tenant, const AgentId& agent) {
  return read_last_asked(tx_.exec(sql::find_last_asked, tenant, agent));
}

std::optional<DispatchPauseRecord> StatusStore::dispatch_pause(const TenantId& tenant) {
  const pqxx::result rows = tx_.exec(sql::find_dispatch_pause, tenant);
  if (rows.empty()) return std::nullopt;
  const auto row = rows[0];
  return DispatchPauseRecord{column<std::string>(row["reason"]), column<std::string>(row["paused_by"]),
                             column<Instant>(row["paused_at"]), column<std::optional<Instant>>(row["until"])};
}

void StatusStore::pause_dispatch(const TenantId& tenant, const DispatchPauseRecord& pause) {
  tx_.exec(sql::insert_dispatch_pause, tenant, pause.reason, pause.paused_by, pause.paused_at, pause.until);
}

bool StatusStore::resume_dispatch(const TenantId& tenant) {
  return !tx_.exec(sql::delete_dispatch_pause, tenant).empty();
}

std::vector<TenantId> StatusStore::ended_dispatch_pauses(Instant now) {
  std::vector<TenantId> tenants;
  for (const auto& row : tx_.exec(sql::select_ended_dispatch_pauses, now))
    tenants.push_back(column<TenantId>(row["tenant_id"]));
  return tenants;
}

}  // namespace carillon
