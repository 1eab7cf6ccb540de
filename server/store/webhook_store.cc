#include "server/store/webhook_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

std::optional<std::string> id_in(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return column<std::string>(rows[0]["hook_id"]);
}

}  // namespace

std::optional<std::string> WebhookStore::keep(const TenantId& tenant, TaskId task, Instant at) {
  return id_in(tx_.exec(sql::keep_webhook, tenant, task, at));
}

void WebhookStore::drop(const TenantId& tenant, TaskId task) { tx_.exec(sql::drop_webhook, tenant, task); }

std::optional<std::string> WebhookStore::of(const TenantId& tenant, TaskId task) {
  return id_in(tx_.exec(sql::webhook_of_task, tenant, task));
}

std::optional<Webhook> WebhookStore::find(const std::string& id) {
  const pqxx::result rows = tx_.exec(sql::find_webhook, id);
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  return Webhook{column<std::string>(row["hook_id"]), column<TenantId>(row["tenant_id"]),
                 column<TaskId>(row["task_id"]), column<std::string>(row["name"]), column<std::int16_t>(row["shard"])};
}

}  // namespace carillon
