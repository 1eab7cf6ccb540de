#include "server/store/condition_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

void ConditionStore::begin(const TenantId& tenant, TaskId task, const std::vector<FirstLook>& looks) {
  tx_.exec(sql::delete_conditions, tenant, task);
  for (const FirstLook& look : looks) tx_.exec(sql::insert_condition, tenant, task, look.place, look.at);
}

std::vector<LookStanding> ConditionStore::list(const TenantId& tenant, TaskId task) {
  std::vector<LookStanding> standings;
  for (const auto& row : tx_.exec(sql::list_conditions, tenant, task))
    standings.push_back({.place = column<std::int16_t>(row["place"]),
                         .next_look_at = column<Instant>(row["next_look_at"]),
                         .looks = column<std::int64_t>(row["looks"]),
                         .looked_at = column<std::optional<Instant>>(row["looked_at"]),
                         .failures = column<int>(row["failures"]),
                         .last_error = column<std::string>(row["last_error"])});
  return standings;
}

}  // namespace carillon
