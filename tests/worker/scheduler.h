// A scheduler by hand for tests, and rows for it to fire. Belongs to the test's thread.
#pragma once

#include "server/store/schedule_rows.h"
#include "server/store/shard_leases.h"
#include "server/worker/schedule_tick.h"
#include "tests/worker/rig.h"

namespace carillon::test {

// A scheduler by hand: one process that owns all shards and fires when it is told to.
struct Scheduler {
  Scheduler(
      const TestDatabase& database, const std::string& name, const WorkerOptions& options = {},
      NetworkGate::Ask has_network = [] { return true; })
      : gate(std::move(has_network), options.network_wait),
        connection(HotPathOptions{.url = database.urls().dispatch, .application = name}),
        leases(connection, name),
        rows(connection, name),
        vigil_rows(connection),
        vigil(vigil_rows),
        ids(leases.lease_process({name, "worker", "host", 1, "0"})),
        tick({rows, clock, ownership, board, known, ids, [this](RunId run) { cancelled.push_back(run); },
              [this](RunId run) { ended.push_back(run); }, vigil, gate},
             options) {}

  void own_all(Duration expiry = std::chrono::seconds{10}) { ownership.set(leases.take(16, expiry)); }

  DbClock clock;
  NetworkGate gate;
  HotPathConnection connection;
  ShardLeases leases;
  ScheduleRows rows;
  VigilRows vigil_rows;
  Vigil vigil;
  Ownership ownership;
  DueBoard board{clock};
  KnownTasks known;
  RunIdMaker ids;
  std::vector<RunId> cancelled, ended;
  ScheduleTick tick;
};

inline void put_schedule(const TestDatabase& database, std::int64_t task, const std::string& last,
                         const std::string& next) {
  database.run(
      "INSERT INTO carillon.schedule_state (tenant_id, task_id, shard, task_version, last_slot, next_fire_at) "
      "VALUES ('default', " +
      std::to_string(task) + ", " + std::to_string(task % 16) + ", 1, " + last + ", " + next + ")");
}

}  // namespace carillon::test
