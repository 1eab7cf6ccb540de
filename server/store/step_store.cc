#include "server/store/step_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

std::optional<StepEnd> StepStore::find_end(const TenantId& tenant, const StepKey& step) {
  const pqxx::result rows = tx_.exec(sql::find_step_end, tenant, step.lease.id, step.path, step.attempt);
  if (rows.empty()) return std::nullopt;
  return StepEnd{.output = json_of(column<Bytes>(rows[0]["output"])),
                 .finished_at = column<Instant>(rows[0]["finished_at"])};
}

bool StepStore::insert_end(const TenantId& tenant, const StepKey& step, const StepEnd& end) {
  const std::string output = end.output.dump(-1, ' ', false, json::error_handler_t::replace);
  return !tx_.exec(sql::insert_step_end, tenant, step.lease.id, step.owner, step.lease.epoch, step.lease.attempt,
                   step.path, step.attempt, end.started_at, end.finished_at, Bytes{output})
              .empty();
}

}  // namespace carillon
