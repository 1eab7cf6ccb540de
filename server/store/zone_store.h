// ZoneStore: what the next slots of tasks were computed with, and which tasks were moved because that changed.
//
// The marks and releases are of all tenants: for the worker's poll, in a transaction across tenants. What was moved is
// a tenant's. Belongs to the transaction it was made with.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/store.h"

namespace carillon {

struct ZoneMark {
  std::string tzdata;
  std::string machine_zone;
  friend bool operator==(const ZoneMark&, const ZoneMark&) = default;
};

struct ShardInOtherZones {
  std::int16_t shard;
  std::optional<ZoneMark> mark;  // none: its slots were never marked
};

struct RetimedTask {
  std::string task;
  std::string zone;
  Instant was, next;
  std::string reason;
};

class ZoneStore {
 public:
  explicit ZoneStore(Tx& tx) : tx_(tx) {}

  // Of the shards that this process owns.
  std::vector<ShardInOtherZones> in_other_zones(const std::string& owner, const ZoneMark& now);
  void mark(const std::string& owner, std::int16_t shard, const ZoneMark& mark, Instant at);
  // As domain's zone_offsets gives them; kept once, while a mark names the version.
  void note_release(const std::string& tzdata, const json& offsets, Instant at);
  std::optional<json> release(const std::string& tzdata);

  // The slots that have a run, from `begin` to `end`; three at most.
  std::vector<Instant> slots_used(const TenantId& tenant, TaskId task, Instant begin, Instant end);
  struct Move {
    Instant was, next;
    std::string reason;
  };
  void note_retimed(const TenantId& tenant, TaskId task, const Move& move, Instant at);
  std::vector<RetimedTask> untold(const TenantId& tenant, const AgentId& owner);
  void tell(const TenantId& tenant, const AgentId& owner, Instant at);

 private:
  Tx& tx_;
};

}  // namespace carillon
