#include "server/store/zone_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

std::vector<ShardInOtherZones> ZoneStore::in_other_zones(const std::string& owner, const ZoneMark& now) {
  std::vector<ShardInOtherZones> shards;
  for (const auto& row : tx_.exec(sql::shards_in_other_zones, owner, now.tzdata, now.machine_zone)) {
    ShardInOtherZones found{column<std::int16_t>(row["shard"]), std::nullopt};
    if (!row["tzdata"].is_null())
      found.mark = ZoneMark{column<std::string>(row["tzdata"]), column<std::string>(row["machine_zone"])};
    shards.push_back(std::move(found));
  }
  return shards;
}

void ZoneStore::mark(const std::string& owner, std::int16_t shard, const ZoneMark& mark, Instant at) {
  tx_.exec(sql::mark_zones, owner, shard, mark.tzdata, mark.machine_zone, at);
}

void ZoneStore::note_release(const std::string& tzdata, const json& offsets, Instant at) {
  tx_.exec(sql::note_zone_release, tzdata, bytes_of(offsets), at);
}

std::optional<json> ZoneStore::release(const std::string& tzdata) {
  const pqxx::result rows = tx_.exec(sql::find_zone_release, tzdata);
  if (rows.empty()) return std::nullopt;
  return json_of(column<Bytes>(rows[0]["offsets"]));
}

std::vector<Instant> ZoneStore::slots_used(const TenantId& tenant, TaskId task, Instant begin, Instant end) {
  std::vector<Instant> slots;
  for (const auto& row : tx_.exec(sql::slots_used, tenant, task, begin, end))
    slots.push_back(column<Instant>(row["slot"]));
  return slots;
}

void ZoneStore::note_retimed(const TenantId& tenant, TaskId task, const Move& move, Instant at) {
  tx_.exec(sql::note_retimed, tenant, task, move.was, move.next, move.reason, at);
}

std::vector<RetimedTask> ZoneStore::untold(const TenantId& tenant, const AgentId& owner) {
  std::vector<RetimedTask> tasks;
  for (const auto& row : tx_.exec(sql::untold_retimed, tenant, owner))
    tasks.push_back({column<std::string>(row["name"]), column<std::string>(row["zone"]), column<Instant>(row["was"]),
                     column<Instant>(row["next"]), column<std::string>(row["reason"])});
  return tasks;
}

void ZoneStore::tell(const TenantId& tenant, const AgentId& owner, Instant at) {
  tx_.exec(sql::tell_retimed, tenant, owner, at);
}

}  // namespace carillon
