#include "server/store/work_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr int kAwaitingMax = 10'000;

std::optional<Claim> claim_of(const pqxx::row& row) {
  auto by = column<std::optional<std::string>>(row["claimed_by"]);
  if (!by) return std::nullopt;
  return Claim{*std::move(by), column<Instant>(row["claimed_until"])};
}

}  // namespace

void WorkStore::insert(const TenantId& tenant, const WorkItem& item) {
  tx_.exec(sql::insert_work, tenant, item.key.run, item.key.path, item.key.attempt, item.agent, item.prompt,
           bytes_of(item.data), item.expect, item.expires_at, item.asked_at);
}

std::vector<WorkItem> WorkStore::open(const TenantId& tenant, RunId run) {
  std::vector<WorkItem> items;
  for (const auto& row : tx_.exec(sql::open_work, tenant, run))
    items.push_back({.key = {run, column<std::string>(row["step_path"]), column<int>(row["attempt"])},
                     .agent = column<std::string>(row["agent"]),
                     .prompt = column<std::string>(row["prompt"]),
                     .data = json_of(column<Bytes>(row["data"])),
                     .expect = column<std::string>(row["expect"]),
                     .expires_at = column<Instant>(row["expires_at"]),
                     .asked_at = column<Instant>(row["asked_at"]),
                     .claim = claim_of(row)});
  return items;
}

std::vector<WorkItem> WorkStore::hold(const TenantId& tenant, RunId run) {
  const pqxx::result held = tx_.exec(sql::hold_work, tenant, run);
  return held.empty() ? std::vector<WorkItem>{} : open(tenant, run);
}

void WorkStore::set_claim(const TenantId& tenant, const WorkKey& key, const std::optional<Claim>& claim) {
  tx_.exec(sql::claim_work, tenant, key.run, key.path, key.attempt, claim ? std::optional{claim->by} : std::nullopt,
           claim ? std::optional{claim->until} : std::nullopt);
}

bool WorkStore::end(const TenantId& tenant, const WorkKey& key, const End& end) {
  return !tx_.exec(sql::end_work, tenant, key.run, key.path, key.attempt, end.outcome, end.at, end.by).empty();
}

std::vector<RunId> WorkStore::awaiting(const TenantId& tenant, const Awaited& awaited, Instant now) {
  std::vector<RunId> runs;
  for (const auto& row : tx_.exec(sql::awaiting_runs, tenant, awaited.agents, awaited.claimant, now, awaited.deciders,
                                  awaited.events, kAwaitingMax))
    runs.push_back(column<RunId>(row["id"]));
  return runs;
}

}  // namespace carillon
