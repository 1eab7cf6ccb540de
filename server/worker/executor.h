// Executor: performs claimed runs. It walks a run's action call by call: writes start evidence before a call that may
// not be repeated, starts the call, and decides from the answer what follows (next step, retry, an end). Steps that
// ended are in the journal before the next one begins, so another worker resumes at the first that did not.
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
#include "server/worker/completer.h"
#include "server/worker/question_desk.h"
#include "server/worker/run_in_flight.h"
#include "server/worker/work_queue.h"
#include "server/worker/worker_options.h"

namespace carillon {

struct ExecutorParts {
  ToolCaller& tools;
  const DbClock& clock;
  RunsInFlight& runs;
  std::function<Completer&(RunId)> completer;
  QuestionDesk& desk;
  std::function<void(RunId, const ToolProgress&)> progressed{};  // short; from any thread
  QuietSettings quiet{};
};

class Executor {
 public:
  Executor(ExecutorParts parts, const ExecutorOptions& options);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void start(const std::vector<RunPtr>& runs);
  // The end of a live run is wished: its call is cancelled; between calls it stops at the next.
  void cancel(RunId run, std::string_view reason);
  // The lease is gone: nothing further is done for the run, and its late answer is ignored.
  void drop(RunId run);
  // The same for one that is not in the register of runs in flight any more.
  void abandon(const RunPtr& run);
  // Runs that only wait in our queue; they will not start any more. Their leases are to be handed back.
  std::vector<RunPtr> take_unstarted();
  // The run's end is written: the next suspect may start.
  void ended(const RunPtr& run);
  // Calls that are not answered long after their own timeout end as timed out, whatever still comes.
  void end_overdue();

  WorkQueue& work() { return *work_; }
  WorkQueue& patient_work() { return patient_; }

 private:
  struct ToolPolicy {
    Effect effect;
    std::optional<Duration> timeout;
    Scopes scopes;
    Cost cost;
    BootTime known_until;
  };
  struct NextCall {
    std::string tool, step_path;
    json arguments;
    std::optional<Duration> timeout;
    std::optional<RetryPolicy> retry;
  };

  bool may_start(const RunPtr& run);
  void begin(const RunPtr& run);
  void prepare(const RunPtr& run);
  void resume_from_journal(RunInFlight& run) const;
  void next(const RunPtr& run);
  Result<NextCall> next_call(const RunInFlight& run) const;
  void find_policy(const RunPtr& run, const NextCall& wanted);
  void policy_found(const RunPtr& run, const NextCall& wanted, const Result<ToolPolicy>& policy);
  void call(const RunPtr& run, const NextCall& wanted, Duration timeout);
  void answered(const RunPtr& run, std::uint64_t sequence, const ToolReply& reply);
  // executor_asking.cc
  void listen(const RunPtr& run, std::uint64_t sequence, ToolCall& request);
  void asked(const RunPtr& run, std::uint64_t sequence, ToolQuestion question, ToolAnswered answered);
  void stop_asking(const RunInFlight& run);
  void succeeded(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply);
  void failed(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply);
  void fail_without_call(const RunPtr& run, ErrorClass error_class, const std::string& message);
  void settle(const RunPtr& run, Settlement settlement);
  void settle_cancelled(const RunPtr& run);
  void settle_success(const RunPtr& run, const json& output);

  Settlement settlement_of(const RunInFlight& run, RunState state) const;
  JournalEntry journal_of(const RunInFlight& run, const CallUnderWay& call, std::string_view state) const;
  std::optional<EffectEntry> effect_of(const RunInFlight& run, const CallUnderWay& call, const ToolReply& reply) const;
  std::optional<Instant> finish_by(const RunInFlight& run) const;
  RetryPolicy retry_policy(const RunInFlight& run, Effect effect) const;
  bool lease_holds(const RunInFlight& run) const;
  double chance();

  const ExecutorParts parts_;
  const ExecutorOptions options_;
  // Shared with the answers of calls: one may come when the executor is gone, and finds a queue that nobody serves.
  const std::shared_ptr<WorkQueue> work_ = std::make_shared<WorkQueue>();
  WorkQueue patient_;
  // The same for progress: empty when the executor is gone.
  using ProgressSink = Guarded<std::function<void(const RunInFlight&, const ToolProgress&)>>;
  const std::shared_ptr<ProgressSink> progress_ = std::make_shared<ProgressSink>();
  Guarded<std::map<std::pair<std::string, std::string>, ToolPolicy>> policies_;  // by tenant and tool
  struct Suspects {
    bool one_under_way = false;
    std::deque<RunPtr> waiting;
  };
  Guarded<Suspects> suspects_;
  Guarded<std::minstd_rand> random_{std::minstd_rand{std::random_device{}()}};
};

// What the templates of a run may name, without `secret`.
json template_roots(const RunInFlight& run);

}  // namespace carillon
