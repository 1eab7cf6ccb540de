// ScheduleTick: fires the schedules that are due in our shards, in blocks. What happens to each is decided by firing.h
// and done by one statement that compares and swaps, so that a schedule that was edited, paused, deleted or fired by
// somebody else at this very moment is simply looked at again. The next time always comes from the schedule's row.
//
// Belongs to the scheduler's thread; changed() and runs_ended() may be called from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "server/domain/run_id.h"
#include "server/store/db_clock.h"
#include "server/store/schedule_rows.h"
#include "server/worker/due_board.h"
#include "server/worker/firing.h"
#include "server/worker/known_tasks.h"
#include "server/worker/late_starts.h"
#include "server/worker/ownership.h"
#include "server/worker/vigil.h"
#include "server/worker/worker_options.h"

namespace carillon {

struct ScheduleTickParts {
  ScheduleRows& rows;
  const DbClock& clock;
  const Ownership& ownership;
  DueBoard& board;
  KnownTasks& known;
  RunIdMaker& ids;
  std::function<void(RunId)> cancel;     // a run that the next slot's overlap policy stops
  std::function<void(RunId)> run_ended;  // a slot that was missed or skipped
  Vigil& vigil;
  const NetworkGate& gate;
  LateStarts::StaysHere stays_here{};
};

class ScheduleTick {
 public:
  ScheduleTick(ScheduleTickParts parts, const WorkerOptions& options)
      : parts_(std::move(parts)), options_(options), late_starts_(parts_.gate, parts_.stays_here) {}

  // Fires one block of what is due now; gives how many rows came of it. More may be due while it is not 0.
  std::size_t run_once();
  // Late runs that wait for a network begin now, one after the other, unless the gate is shut; gives how many.
  std::size_t end_network_wait();
  // Notes when the next schedules become due, and whether any task waits for something else than the clock.
  void look_ahead();
  // Runs have ended here: looks at once whether a task waits for that, when any waits for something.
  void runs_ended();
  // Waits for the next of those times, for changed() or until `latest`; true: there is something to do before looking
  // ahead.
  enum class Woken { due, changed, stop, timeout };
  Woken wait(Monotonic latest);
  void changed();
  void stop();

 private:
  struct Due {
    std::vector<DueSchedule> schedules;
    std::vector<Cue> cues;
  };
  Due what_is_due(const std::vector<OwnedShard>& shards, Instant now);
  std::vector<Firing> decide(const Due& due, Instant now);
  FiredBlock fire(const std::vector<Firing>& firings, Instant now);
  FiringFacts facts_of(const DueSchedule& due);

  const ScheduleTickParts parts_;
  const WorkerOptions options_;
  LateStarts late_starts_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::set<Instant> times_;
  bool changed_ = false, stop_ = false;
  std::atomic<bool> awaited_{true};
};

}  // namespace carillon
