// A process that owns shards and claims from them, for the tests of the hot path.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "server/store/hot_path.h"
#include "server/store/hot_path_connection.h"
#include "server/store/shard_leases.h"
#include "tests/support/queued_runs.h"

namespace carillon::test {

inline constexpr Duration kLease = std::chrono::seconds{10};
inline constexpr Duration kEnded = std::chrono::seconds{-1};  // a lease that has ended when it begins

inline Instant machine_now() { return SystemClock{}.now(); }

struct Worker {
  Worker(const TestDatabase& database, const std::string& name)
      : path(HotPathOptions{.url = database.urls().dispatch, .application = name}, name),
        leases(path.connection(), name) {
    leases.lease_process({name, "worker", "host", 1, "0"});
  }

  std::vector<LeasedRun> claim(int n, Duration lease = kLease) {
    std::vector<ClaimPair> pairs;
    for (std::int16_t priority = 1; priority <= kPriorities; ++priority)
      for (const auto& shard : shards) pairs.push_back({shard, priority, Floor{}, n});
    last = path.claim({pairs, machine_now() + ahead, n, lease});
    return last.runs;
  }

  HotPath path;
  ShardLeases leases;
  std::vector<OwnedShard> shards;
  Duration ahead{0};  // its clock, of the machine's
  Claimed last;
};

inline Settlement success(const LeasedRun& run) {
  Settlement end;
  end.lease = run.lease;
  end.state = RunState::succeeded;
  end.finished_at = machine_now();
  end.output = R"({"text":"done"})";
  return end;
}

}  // namespace carillon::test
