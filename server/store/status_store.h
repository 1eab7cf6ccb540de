// StatusStore: what get_status tells of a tenant beside its tasks and runs: the queue, the kill switch, and when an
// agent last asked. Belongs to the transaction it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/store/store.h"

namespace carillon {

struct QueueFacts {
  std::int64_t due = 0;
  std::int64_t later = 0;
  std::optional<Instant> oldest_due{};
  int shards_without_owner = 0;
};

// Runs of a task that wait for a decision after an outage (misfire hold).
struct HeldTaskRecord {
  std::string task;
  std::string zone;
  std::int64_t runs;
  std::optional<Instant> first_slot;
};

struct DispatchPauseRecord {
  std::string reason;
  std::string paused_by;
  Instant paused_at;
  std::optional<Instant> until{};
};

// When an agent last asked for the status and what its question could see, and what can be seen now: so that each end
// of a run is told once, whenever it was committed. The snapshots are PostgreSQL's, as text.
struct LastAsked {
  std::optional<Instant> at{};
  std::optional<std::string> seen{};
  std::string seen_now{};
};

class StatusStore {
 public:
  explicit StatusStore(Tx& tx) : tx_(tx) {}

  std::vector<HeldTaskRecord> held(const TenantId& tenant);
  QueueFacts queue(const TenantId& tenant, Instant now);
  // As it was before this question, which is noted. Waits for another question of the same agent.
  LastAsked note_asked(const TenantId& tenant, const AgentId& agent, Instant now);
  LastAsked last_asked(const TenantId& tenant, const AgentId& agent);

  std::optional<DispatchPauseRecord> dispatch_pause(const TenantId& tenant);
  void pause_dispatch(const TenantId& tenant, const DispatchPauseRecord& pause);
  bool resume_dispatch(const TenantId& tenant);  // false: it was not paused
  // Of all tenants: for the worker's poll, in a transaction across tenants.
  std::vector<TenantId> ended_dispatch_pauses(Instant now);

 private:
  Tx& tx_;
};

}  // namespace carillon
