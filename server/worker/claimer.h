// Claimer: takes due runs in bulk and hands them to the executor, most urgent first. It waits on the DueBoard (timers,
// room, hints), never on a poll of the clock, and looks ahead once a second to fill the board.
//
// The size of a claim follows what is being finished; nothing is claimed while too many runs are in flight. run_once()
// and look_ahead() belong to the claimer's thread.
#pragma once

#include <functional>
#include <random>

#include "server/base/guarded.h"
#include "server/store/db_clock.h"
#include "server/store/hot_path.h"
#include "server/worker/due_board.h"
#include "server/worker/known_tasks.h"
#include "server/worker/ownership.h"
#include "server/worker/run_in_flight.h"
#include "server/worker/worker_options.h"

namespace carillon {

struct ClaimerParts {
  HotPath& path;
  const DbClock& clock;
  const Ownership& ownership;
  DueBoard& board;
  RunsInFlight& runs;
  KnownTasks& known;
  std::function<void(const std::vector<RunPtr>&)> start;
  // A run that this process has claimed before and the database does not know of: the claim's commit is not waited for,
  // and was lost with a crash.
  std::function<void(const RunPtr&)> abandon;
  std::function<void(RunId)> missed;  // a run that expired before it could start
};

class Claimer {
 public:
  Claimer(ClaimerParts parts, const WorkerOptions& options)
      : parts_(std::move(parts)), options_(options), random_(std::random_device{}()) {}

  // A run of this queue goes on by itself then. From any thread.
  void wakes_at(std::int16_t shard, std::int16_t priority, Instant at);
  // Claims what is due now, at most one batch; gives how many runs started.
  std::size_t run_once();
  // Fills the board with what becomes due soon; now and then from below the floors.
  void look_ahead();
  DueBoard::Room room() const;
  // When look_ahead() should be called next.
  Monotonic next_look() const { return next_look_; }

 private:
  std::size_t start(std::vector<LeasedRun> leased, BootTime lease_end);
  std::size_t claim_due();
  std::size_t wake_due();
  void claim_inputs_and_journals(const std::vector<RunPtr>& runs);
  void note_claimed(const ClaimOrder& order, const Claimed& claimed);

  const ClaimerParts parts_;
  const WorkerOptions options_;
  std::minstd_rand random_;
  Guarded<Instant> next_wake_{Instant::max()};
  Monotonic next_look_{};
  Monotonic next_full_scan_{};
};

}  // namespace carillon
