// Worker: what happens by itself. It fires schedules, leases due runs, performs them, writes their ends, keeps leases
// alive and takes over those of others that have ended. Any number of workers share a database; leases decide who
// works.
//
// Its threads (docs/loops.md): keeper, scheduler, claimer, completers, executors, questions, messenger, housekeeper.
// Each is a loop around a run_once() of its own class; a loop logs a failure once, waits with back-off and goes on. The
// worker is the WorkerSignal of the commands of its own process, so what they commit is acted on without NOTIFY.
//
// start() once, stop() once; the signals may be given from any thread at any time between.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/domain/tool_caller.h"
#include "server/engine/command.h"
#include "server/engine/own_steps.h"
#include "server/store/db_clock.h"
#include "server/store/hot_path_connection.h"
#include "server/worker/membership.h"
#include "server/worker/worker_options.h"

namespace carillon {

// What the worker does for rooms that it does not know. All of them may be empty.
struct WorkerHooks {
  std::function<void(RunId)> run_ended;  // a run has reached a final state, its row is in run_history
  std::function<void()> each_second;     // small duties that need the store: watched runs, pauses that end
  std::function<void()> sweep;           // retention, in small pieces; every SweepOptions::every
  std::function<bool()> has_network{};   // asked after a start and a wake (network_gate.h); nothing: there is one
  std::function<bool(std::string_view tool)> stays_here{};           // a tool that certainly needs no network
  std::function<Result<OwnStepEnd>(const OwnStep&)> perform_step{};  // own_steps.h; nothing: such steps fail
  std::function<void(RunId)> run_asks{};                             // a question of its call can be answered
  std::function<void(RunId, const ToolProgress&)> run_progressed{};  // from a thread of the catalog's; short
};

struct WorkerParts {
  HotPathOptions database;  // the login carillon_dispatch
  ToolCaller& tools;
  DbClock& clock;
  Membership& membership;
  WorkerHooks hooks;
};

struct WorkerFacts {
  std::size_t shards = 0, runs_in_flight = 0, unwritten = 0;
  bool listening = false;  // notifications arrive; else everything is found by polling
  bool database = false;   // the last round of the keeper went well
};

class Worker final : public WorkerSignal {
 public:
  Worker(WorkerParts parts, const WorkerOptions& options);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  // Stops claiming, hands back what has not started, waits for what is under way at most `soft_deadline`, writes what
  // has ended and gives the shards away. Runs that are still going are left to their lease: that is no error of theirs.
  void stop(Duration soft_deadline);
  WorkerFacts facts() const;

  void runs_ready(std::int16_t shard, Instant run_at) override;
  void run_told(RunId run, std::int16_t shard) override;
  void cancel_requested(RunId run) override;
  void run_taken_away(RunId run) override;
  void schedule_changed(std::int16_t shard) override;
  void dispatch_changed(const TenantId& tenant) override;
  void question_answered(RunId run) override;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

// A WorkerSignal that exists before the worker does: the engine is built with it, the worker attached later. Signals
// that come while nothing is attached are not lost: the worker looks at everything when it starts. Thread-safe.
class WorkerBell final : public WorkerSignal {
 public:
  WorkerBell();
  ~WorkerBell() override;
  // Null detaches; when it returns, no signal is under way to the one before.
  void attach(WorkerSignal* worker);

  void runs_ready(std::int16_t shard, Instant run_at) override;
  void run_told(RunId run, std::int16_t shard) override;
  void cancel_requested(RunId run) override;
  void run_taken_away(RunId run) override;
  void schedule_changed(std::int16_t shard) override;
  void dispatch_changed(const TenantId& tenant) override;
  void question_answered(RunId run) override;

 private:
  struct Attached;
  std::unique_ptr<Attached> attached_;
};

}  // namespace carillon
