#include "server/store/delivery_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {

std::vector<TakenDelivery> DeliveryStore::take(const TakeDeliveries& wanted) {
  std::vector<TenantId> tenants;
  std::vector<AgentId> agents;
  for (const Recipient& each : wanted.recipients) {
    tenants.push_back(each.tenant);
    agents.push_back(each.agent);
  }
  std::vector<TakenDelivery> taken;
  for (const auto& row :
       tx_.exec(sql::take_deliveries, wanted.kind, tenants, agents, wanted.now, wanted.due_again, wanted.limit))
    taken.push_back(
        {{column<TenantId>(row["tenant_id"]), column<RunId>(row["run_id"]), column<std::string>(row["target"])},
         column<AgentId>(row["agent_id"]),
         column<int>(row["attempts"]),
         column<bool>(row["held"])});
  return taken;
}

void DeliveryStore::settle(const DeliveryKey& key, const DeliveryEnd& end) { settle_together({key}, end); }

void DeliveryStore::settle_together(const std::vector<DeliveryKey>& keys, const DeliveryEnd& end) {
  const auto error = end.error.empty() ? std::nullopt : std::optional{end.error};
  const auto letter = keys.size() > 1 ? std::optional{keys.front().run} : std::nullopt;
  for (const auto& key : keys)
    tx_.exec(sql::settle_delivery, key.tenant, key.run, key.target, name_of(end.state), error, end.at, letter);
}

void DeliveryStore::hold(const DeliveryKey& key, Instant until) {
  tx_.exec(sql::hold_delivery, key.tenant, key.run, key.target, until);
}

void DeliveryStore::release(const DeliveryKey& key, Instant now) {
  tx_.exec(sql::release_delivery, key.tenant, key.run, key.target, now);
}

SentBefore DeliveryStore::sent_since(const Recipient& recipient, std::string_view kind, Instant since, int limit) {
  const auto row = tx_.exec(sql::count_sent, recipient.tenant, recipient.agent, kind, since, limit).at(0);
  return {column<std::int64_t>(row["sent"]), column<std::optional<Instant>>(row["earliest"])};
}

std::vector<DeliveryRecord> DeliveryStore::of_run(const TenantId& tenant, RunId run) {
  std::vector<DeliveryRecord> records;
  for (const auto& row : tx_.exec(sql::list_deliveries, tenant, run))
    records.push_back({column<std::string>(row["target"]), column<std::string>(row["about"]),
                       column<std::string>(row["state"]), column<int>(row["attempts"]),
                       column<std::optional<std::string>>(row["last_error"]).value_or(""),
                       column<std::optional<Instant>>(row["settled_at"]), column<Instant>(row["due_at"])});
  return records;
}

Undelivered DeliveryStore::undelivered(const TenantId& tenant, Instant since, int limit) {
  Undelivered found;
  for (const auto& row : tx_.exec(sql::list_undelivered, tenant, since, limit)) {
    found.total = column<std::int64_t>(row["total"]);
    found.latest.push_back({column<RunId>(row["run_id"]), column<std::string>(row["target"]),
                            column<std::string>(row["state"]),
                            column<std::optional<std::string>>(row["last_error"]).value_or("")});
  }
  return found;
}

std::vector<UndeliveredKind> DeliveryStore::undelivered_kinds(Instant since) {
  std::vector<UndeliveredKind> kinds;
  for (const auto& row : tx_.exec(sql::undelivered_kinds, since))
    kinds.push_back(
        {column<std::string>(row["kind"]), column<std::int64_t>(row["total"]), column<std::string>(row["latest"])});
  return kinds;
}

}  // namespace carillon
