// ShardKeeper and LeaseKeeper: who works, and until when. They share one connection and one thread.
//
// ShardKeeper renews the process's slot and its shards, takes a fair share of those that nobody owns, gives back what
// is more than that, and measures the database's clock. LeaseKeeper renews the leases of the runs in flight, hears of
// cancels, drops runs that were lost, and takes over runs of our shards whose lease has ended. Each run_once() is one
// round.
#pragma once

#include <functional>
#include <vector>

#include "server/store/db_clock.h"
#include "server/store/shard_leases.h"
#include "server/worker/due_board.h"
#include "server/worker/executor.h"
#include "server/worker/ownership.h"
#include "server/worker/worker_options.h"

namespace carillon {

class ShardKeeper {
 public:
  ShardKeeper(ShardLeases& leases, Ownership& ownership, const LeaseOptions& options)
      : leases_(leases), ownership_(ownership), options_(options) {}

  // True: shards came or went, so what is due must be looked up anew.
  bool run_once();
  void release_all();

 private:
  ShardLeases& leases_;
  Ownership& ownership_;
  const LeaseOptions options_;
};

struct LeaseKeeperParts {
  HotPath& path;
  const DbClock& clock;
  const Ownership& ownership;
  DueBoard& board;
  RunsInFlight& runs;
  Executor& executor;
  std::function<void(RunId)> run_ended;  // a run that a takeover ended (unknown, quarantined, cancelled)
};

class LeaseKeeper {
 public:
  LeaseKeeper(LeaseKeeperParts parts, const LeaseOptions& options) : parts_(std::move(parts)), options_(options) {}

  // Renews the leases of runs in flight, and hears who asked for a cancel. `older` leaves out those that were leased or
  // renewed less than half a period ago: a run that takes milliseconds ends without ever being renewed, and a renewal
  // does not hold the rows that a thousand settlements are about to delete.
  enum class Leases { older, all };
  void renew_once(Leases which);
  // Gives how many runs were taken over.
  std::size_t expire_once();

 private:
  bool is_young(const RunInFlight& run) const;

  const LeaseKeeperParts parts_;
  const LeaseOptions options_;
};

}  // namespace carillon
