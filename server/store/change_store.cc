#include "server/store/change_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

std::vector<RunMarked> ChangeStore::marks(const std::vector<RunId>& runs) {
  std::vector<RunMarked> marked;
  for (const auto& row : tx_.exec(sql::mark_of_runs, runs))
    marked.push_back({column<RunId>(row["id"]), column<std::string>(row["mark"]), column<bool>(row["final"])});
  return marked;
}

std::vector<TaskMarked> ChangeStore::marks(const std::vector<TenantId>& tenants, const std::vector<TaskId>& tasks) {
  std::vector<TaskMarked> marked;
  for (const auto& row : tx_.exec(sql::mark_of_tasks, tenants, tasks))
    marked.push_back(
        {column<TenantId>(row["tenant_id"]), column<TaskId>(row["task_id"]), column<std::string>(row["mark"])});
  return marked;
}

std::vector<StateMarked> ChangeStore::marks(const std::vector<StateWatched>& keys, Instant now) {
  std::vector<std::string> tenants, spaces, names;
  for (const auto& [tenant, key] : keys) {
    tenants.push_back(tenant.str());
    spaces.push_back(key.space);
    names.push_back(key.key);
  }
  std::vector<StateMarked> marked;
  for (const auto& row : tx_.exec(sql::mark_of_state, tenants, spaces, names, now))
    marked.push_back(
        {{column<TenantId>(row["tenant_id"]), {column<std::string>(row["namespace"]), column<std::string>(row["key"])}},
         column<std::string>(row["mark"])});
  return marked;
}

std::int64_t ChangeStore::last_event() { return column<std::int64_t>(tx_.exec(sql::last_event).at(0)["sequence"]); }

EventsBehind ChangeStore::events_behind(std::int64_t sequence, int limit) {
  EventsBehind behind{.tenants = {}, .last = sequence, .total = 0};
  for (const auto& row : tx_.exec(sql::count_events, sequence, limit)) {
    behind.tenants.push_back({column<TenantId>(row["tenant_id"]), column<std::int64_t>(row["events"]),
                              column<std::int64_t>(row["made_or_taken"])});
    behind.last = column<std::int64_t>(row["last"]);
    behind.total = column<std::int64_t>(row["total"]);
  }
  return behind;
}

}  // namespace carillon
