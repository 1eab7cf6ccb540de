// Executor: performs claimed runs. It writes start evidence before a call that may not be repeated, starts the call,
// and decides from the answer what follows (a retry, an end, the next steps). Of a run of steps the planner says what
// comes next (domain/pipeline/planner.h); it hears only what is in the journal, so another worker goes on where this
// one was lost. A run whose steps only wait gives its lease back until something is due.
//
// It never touches the database (the completers do) and holds no thread while a call is under way. Before each call it
// looks at the age of the lease, reckoned on the boot clock: a process that was stopped or slept for long has no right
// to further effects. Runs that were taken over before start only after a mark, one at a time, so that one that kills
// its worker is found out alone.
//
// Thread-safe; the work itself happens in the threads that serve the two queues.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "server/base/guarded.h"
#include "server/domain/retry.h"
#include "server/domain/tool_caller.h"
#include "server/engine/own_steps.h"
#include "server/worker/alarms.h"
#include "server/worker/completer.h"
#include "server/worker/question_desk.h"
#include "server/worker/run_in_flight.h"
#include "server/worker/steps_under_way.h"
#include "server/worker/work_queue.h"
#include "server/worker/worker_options.h"

namespace carillon {

struct ExecutorParts {
  ToolCaller& tools;
  const DbClock& clock;
  RunsInFlight& runs;
  std::function<Completer&(RunId)> completer;
  QuestionDesk& desk;
  // A run waits until then (Instant::max(): until it is told), and is not ours any more.
  std::function<void(const RunPtr&, Instant wake_at)> rests{};
  std::function<void(RunId, const ToolProgress&)> progressed{};  // short; from any thread
  QuietSettings quiet{};
  std::string owner{};                                               // by which the runs are leased
  std::function<Result<OwnStepEnd>(const OwnStep&)> perform_step{};  // own_steps.h; of the threads that may wait
};

enum class Pause { no, yes };

class Executor {
 public:
  Executor(ExecutorParts parts, const ExecutorOptions& options);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void start(const std::vector<RunPtr>& runs);
  // The end of a live run is wished: its calls are cancelled (stop), or end and what it did is undone, as its row says
  // by now (compensate).
  void cancel(RunId run, std::string_view reason, pipeline::Cancel how = pipeline::Cancel::stop);
  // Its row says by now that no step begins, or that they may again; what is under way ends.
  void pause(RunId run, Pause wanted);
  // The lease is gone: nothing further is done for the run, and its late answer is ignored.
  void drop(RunId run);
  void drop(const RunPtr& run);
  // A step of it that waits was told something.
  void told(RunId run);
  // As drop, for one that is not in the register of runs in flight any more.
  void abandon(const RunPtr& run);
  // Runs that only wait in our queue; they will not start any more. Their leases are to be handed back.
  std::vector<RunPtr> take_unstarted();
  // The run's end is written: the next suspect may start.
  void ended(const RunPtr& run);
  // Calls that are not answered long after their own timeout end as timed out, whatever still comes.
  void end_overdue();

  // Goes on with the runs whose time has come; waits for the first. False: the alarms were stopped.
  bool go_on_with_due();

  Alarms& alarms() { return alarms_; }
  WorkQueue& work() { return *work_; }
  WorkQueue& patient_work() { return patient_; }

 private:
  struct ToolPolicy {
    Effect effect;
    std::optional<Duration> timeout;
    Scopes scopes;
    Cost cost;
    std::vector<std::string> sensitive;
    BootTime known_until;
  };
  // What follows a call that failed.
  struct Verdict {
    AfterFailure what = AfterFailure::fail;
    Instant again_at{};
    bool is_cancelled = false;
    ErrorClass error_class = ErrorClass::internal;
    std::string message;
  };

  bool may_start(const RunPtr& run);
  void begin(const RunPtr& run);
  void prepare(const RunPtr& run);
  void call_only(const RunPtr& run);
  void find_policy(const RunPtr& run, const CallUnderWay& wanted);
  void policy_found(const RunPtr& run, CallUnderWay call, const Result<ToolPolicy>& policy);
  void make(const RunPtr& run, CallUnderWay call);
  void answered(const RunPtr& run, std::uint64_t number, const ToolReply& reply);
  std::string without_sensitive(const CallUnderWay& call, const ToolReply& reply) const;
  void ended(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply);
  void only_call_ended(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply);
  Verdict judge(const RunInFlight& run, const CallUnderWay& call, const ToolReply& reply);
  void cancel_calls(const RunInFlight& run, std::string_view reason, const std::string& path = {});
  // executor_asking.cc
  void listen(const RunPtr& run, std::uint64_t number, ToolCall& request);
  void asked(const RunPtr& run, std::uint64_t number, ToolQuestion question, ToolAnswered answered);
  void stop_asking(const RunInFlight& run, const CallUnderWay& call);
  // executor_end.cc
  void fail_without_call(const RunPtr& run, ErrorClass error_class, const std::string& message);
  void settle(const RunPtr& run, Settlement settlement);
  void settle_cancelled(const RunPtr& run);
  // executor_steps.cc
  void begin_steps(const RunPtr& run);
  void advance(const RunPtr& run);
  void begin_step(const RunPtr& run, const pipeline::Start& start, Instant now);
  void begin_wait(const RunPtr& run, const pipeline::Start& start, const json& roots, Instant now);
  void end_wait(const RunPtr& run, const pipeline::Waiting& wait, Instant now);
  void end_step(const RunPtr& run, const std::string& path, Instant now);
  void cancel_wait(const RunPtr& run, const pipeline::Waiting& wait);
  void step_ended(const RunPtr& run, const CallUnderWay& call, ToolReply reply);
  // executor_own.cc
  void begin_own(const RunPtr& run, const pipeline::Start& start, const json& roots, Instant now);
  struct OwnWork;
  static OwnWork of_wait(const pipeline::Waiting& wait);
  void perform(const RunPtr& run, const OwnWork& work);
  void own_ended(const RunPtr& run, const OwnWork& work, const Result<OwnStepEnd>& end);
  void hear_own(const RunPtr& run, const OwnWork& work, const OwnStepEnd& end);
  void give_up(const RunPtr& run, const pipeline::Waiting& wait, pipeline::StepEvent how);
  void ask_child_to_end(const RunPtr& run, const pipeline::Waiting& wait);
  void look_at_children(const RunPtr& run, const pipeline::Plan& plan);
  void look(const RunPtr& run, const pipeline::Waiting& wait);
  std::optional<Instant> look_at_waits(const RunPtr& run, const pipeline::Plan& plan, Instant now);
  void tell_fault(const RunPtr& run, JournalEntry entry, pipeline::StepEvent event, pipeline::StepFault fault);
  void write(const RunPtr& run);
  bool undo_is_written(const RunPtr& run);
  void rest(const RunPtr& run, const pipeline::Plan& plan);
  std::optional<Instant> steps_end_by(const RunInFlight& run) const;
  static pipeline::Cancel cancel_of(const RunInFlight& run);
  std::optional<Instant> wakes_at(const RunInFlight& run, const pipeline::Plan& plan) const;
  void set_alarm(const RunPtr& run, std::optional<Instant> at);
  bool tells_left_out(const RunPtr& run);
  void settle_end(const RunPtr& run, const pipeline::RunEnd& end);
  RunMark mark_of(const RunInFlight& run) const;

  // Handles an event of a run when its turn comes.
  void post(const RunPtr& run, std::function<void()> event);
  Settlement settlement_of(const RunInFlight& run, RunState state) const;
  std::optional<EffectEntry> effect_of(const RunInFlight& run, const CallUnderWay& call, const ToolReply& reply) const;
  std::optional<Instant> finish_by(const RunInFlight& run) const;
  std::optional<Instant> own_deadline(const RunInFlight& run) const;
  bool lease_holds(const RunInFlight& run) const;
  double chance();

  const ExecutorParts parts_;
  const ExecutorOptions options_;
  // Shared with the answers of calls: one may come when the executor is gone, and finds a queue that nobody serves.
  const std::shared_ptr<WorkQueue> work_ = std::make_shared<WorkQueue>();
  WorkQueue patient_;
  Alarms alarms_;
  // The same for progress: empty when the executor is gone.
  using ProgressSink = Guarded<std::function<void(const RunInFlight&, const ToolProgress&)>>;
  const std::shared_ptr<ProgressSink> progress_ = std::make_shared<ProgressSink>();
  Guarded<std::map<std::pair<std::string, std::string>, ToolPolicy>> policies_;  // by tenant and tool
  struct Suspects {
    RunPtr under_way;  // null: none
    std::deque<RunPtr> waiting;
  };
  Guarded<Suspects> suspects_;
  Guarded<std::minstd_rand> random_{std::minstd_rand{std::random_device{}()}};
};

// The first scope that a call or step needs and the run's task has not; empty: none. Where the task's are not known,
// whoever asked for the run was checked then.
std::string scope_lacking(const RunInFlight& run, const Scopes& needed);

// The same for every attempt of a call, whoever makes it.
std::string idempotency_key(const RunInFlight& run, const CallUnderWay& call);

}  // namespace carillon
