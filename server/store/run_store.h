// RunStore: runs as commands and questions see them, one at a time or a page; the claim, start and settling of many are
// the hot path's (hot_path.h).
//
// A run is in exactly one of run_ready, run_live and run_history; every statement that moves one says from which
// states. A statement that moves nothing says so and the caller looks again: the run was somebody else's meanwhile.
// Belongs to the transaction it was made with.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/domain/cost.h"
#include "server/domain/error_class.h"
#include "server/domain/run_state.h"
#include "server/store/store.h"

namespace carillon {

struct RunRecord {
  RunId id;
  TaskId task;
  std::string task_name;
  std::string zone;
  int task_version;
  std::int64_t number;
  int retry;
  int attempt;
  int takeovers;
  std::optional<Instant> slot;
  std::optional<Instant> slot_until;
  std::int64_t folded;
  Instant run_at;
  std::optional<Instant> started_at;
  std::optional<Instant> finished_at;
  std::optional<Duration> late_by;
  std::string origin;
  AgentId agent;
  std::string correlation_id;
  RunState state;
  std::string error_class;
  std::string error_message;
  std::string reason;
  // Of runs that have not ended:
  std::optional<std::int16_t> shard;
  std::optional<int> priority;
  std::optional<std::string> concurrency_key;
  std::optional<std::int16_t> key_width;  // so many runs with this key may be live at once
  std::optional<Instant> expires_at;
  std::optional<Instant> cancel_requested_at;
  std::string cancel_reason;
  std::string call_state;                   // of a live run: idle or calling
  bool undoes = false;                      // it ends only when what it did is undone
  std::string paused_by{}, pause_reason{};  // of one that somebody has paused
  std::optional<Instant> paused_until{};
  std::optional<Instant> resumes_at{};  // of a queued one: when it was due
  std::optional<bool> compensated{};    // of one that has ended: whether all of it was undone; none: nothing was to be
};

struct RunBody {
  std::string payload;  // JSON text, empty when there is none
  json output = nullptr;
  std::int64_t output_bytes = 0;
  bool output_cut = false;   // cut when it was stored
  bool output_gone = false;  // pruned since
  json progress = nullptr;
  Cost cost{};  // so far
};

struct StepRecord {
  std::string step;
  int attempt;
  std::string state;
  std::string tool;
  Instant started_at;
  std::optional<Instant> finished_at;
  std::optional<Instant> not_before;
  std::string waits_for;  // beside a time; for people
  std::string error_class;
  std::string error_message;
  json output;
  std::int64_t output_bytes;
  Cost cost;
  std::optional<int> reused_from{};  // the retry that did it, of the same number
  std::string child{};               // the run that it has started, and that run's state
  std::string child_state{};
};

// A slot that was skipped, or a range of them.
struct LeftOut {
  Instant slot;
  std::optional<Instant> slot_until{};
};
struct LeftOutQuery {
  RunId from;
  Instant before;
  std::int64_t limit;  // rows, the newest
};

struct SlotRun {
  Instant slot;
  RunId run;
};

// A live run that holds a concurrency key.
struct KeyHolder {
  RunId id;
  std::string task_name;
  std::int64_t number;
  int retry;
};

// A run that a command starts; see carillon.run_ready.
struct NewRun {
  std::int16_t shard;
  int priority;
  Instant run_at;
  RunId id;
  TaskId task;
  int task_version;
  std::int64_t number;
  int retry = 1;
  std::optional<Instant> slot{};
  std::string origin;
  AgentId agent;
  std::string correlation_id;
  std::optional<std::string> concurrency_key{};
  std::int16_t key_width = 1;
  std::optional<Instant> expires_at{};
  std::optional<std::string> reason{};
  std::string payload{};  // JSON text; empty: none
};

// A run that was born final.
struct UnstartedRun {
  RunId id;
  TaskId task;
  int task_version;
  std::int64_t number;
  std::optional<Instant> slot{};
  std::optional<Instant> slot_until{};
  std::int64_t folded = 0;
  Instant run_at;
  Instant finished_at;
  std::string origin;
  AgentId agent;
  std::string correlation_id;
  RunState outcome;  // skipped or missed
  std::string reason;
};

struct RunEnding {
  RunState outcome;
  Instant at;
  std::optional<ErrorClass> error_class{};
  std::string error_message{};
  std::string reason{};
  bool by_force = false;  // also a run that undoes what it did
};

// Somebody asks for the end of a run.
struct CancelWish {
  Instant at;
  std::string reason{};
  bool undoes = false;  // what it did is undone before it ends; nobody takes that back
};

// Somebody pauses a run.
struct RunPause {
  std::string by;
  std::string reason{};
  std::optional<Instant> until{};
};

struct ReadyRun {
  std::int16_t shard;
  int priority;
  Instant run_at;
  RunId id;
  std::int64_t number;
  int retry;
};

struct LiveRun {
  RunId id;
  std::int64_t number;
  int retry;
  RunState state;
};

struct BusyRuns {
  std::int64_t queued = 0;
  std::int64_t running = 0;
  std::int64_t waiting = 0;
};

struct RunQuery {
  std::optional<TaskId> task{};
  std::optional<TaskId> pipeline{};  // of the task of that pipeline, and of those that run it
  std::optional<std::vector<std::string>> states{};
  std::optional<std::string> tag{};
  std::optional<std::string> agent{};
  std::optional<std::string> error_class{};
  std::optional<RunId> from{};    // inclusive
  std::optional<RunId> before{};  // exclusive
  std::optional<std::vector<RunId>> among{};
  int limit = 10;
};

// Runs that ended so, of living tasks, and that nobody has repeated.
struct DeadQuery {
  std::vector<std::string> outcomes;
  std::optional<TaskId> task{};
  std::optional<std::string> error_class{};
  std::optional<RunId> from{};  // inclusive
  int limit = 10;
};

struct EndedRuns {
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t unknown = 0;
  std::int64_t missed = 0;
  std::int64_t skipped = 0;
  std::optional<Duration> p50{}, p95{}, late_p50{}, late_p95{};
  Cost cost{};
};

// Runs by their ends: those after an instant, and with snapshots (of LastAsked) exactly those that the one did not see
// and the other does.
struct EndsWanted {
  Instant since;
  std::optional<std::string> unseen_by{};
  std::optional<std::string> seen_by{};
};

struct Success {
  int task_version;
  Instant finished_at;
};

struct DedupeKey {
  std::string key;
  Duration window;
};

// Whose run, which of its task's numbers.
struct RunNumber {
  TaskId task;
  std::int64_t number;
};

class RunStore {
 public:
  explicit RunStore(Tx& tx) : tx_(tx) {}

  void insert_ready(const TenantId& tenant, const NewRun& run);
  void insert_unstarted(const TenantId& tenant, const UnstartedRun& run);
  // False: the key was taken less than its window ago.
  bool take_dedupe(const TenantId& tenant, const DedupeKey& dedupe, RunId run, Instant at);

  std::optional<RunRecord> find(const TenantId& tenant, RunId id);
  std::optional<RunId> find_id(const TenantId& tenant, const RunNumber& number, int retry);
  std::vector<int> retries(const TenantId& tenant, const RunNumber& number);
  RunBody body(const TenantId& tenant, RunId id);
  std::vector<StepRecord> steps(const TenantId& tenant, RunId id, int limit);
  std::vector<RunRecord> list(const TenantId& tenant, const RunQuery& query);
  std::int64_t count(const TenantId& tenant, const RunQuery& query, std::int64_t up_to);

  // The oldest first.
  std::vector<RunId> dead(const TenantId& tenant, const DeadQuery& query);
  // Forgets a run that has ended, with all that is kept of it but its slot, which stays taken. False: it is not there,
  // or has not ended.
  bool remove(const TenantId& tenant, RunId id);

  // False: not queued any more.
  bool cancel_ready(const TenantId& tenant, const ReadyRun& run, const RunEnding& ending);
  bool move_ready(const TenantId& tenant, const ReadyRun& run, Instant to);
  // One that has begun before: it is due, to be undone. False: not queued any more.
  bool compensate_ready(const TenantId& tenant, const ReadyRun& run, const CancelWish& wish);
  // False: not live.
  bool request_cancel(const TenantId& tenant, RunId id, const CancelWish& wish);
  // Ends a live run in state `from` whose call state is `call_state`; false: it is not so any more.
  struct Expected {
    RunState from;
    std::string call_state;
  };
  bool end_live(const TenantId& tenant, RunId id, const Expected& expected, const RunEnding& ending);

  // What undoes is not paused. False, or nothing: it is not there any more, or (of a resumed one) not paused.
  bool pause_ready(const TenantId& tenant, const ReadyRun& run, const RunPause& pause);
  std::optional<Instant> resume_ready(const TenantId& tenant, const ReadyRun& run);  // when it is due
  bool pause_live(const TenantId& tenant, RunId id, const RunPause& pause);
  bool resume_live(const TenantId& tenant, RunId id);
  // A worker looks at a waiting run at once; where it stands. Nothing: it does not wait.
  std::optional<std::int16_t> wake(const TenantId& tenant, RunId id);

  std::vector<ReadyRun> ready_of(const TenantId& tenant, TaskId task);
  // The held runs of a task are due now, behind each other.
  struct Release {
    Instant at;
    std::string key;
    std::int16_t shard;
  };
  std::vector<ReadyRun> release_held(const TenantId& tenant, TaskId task, const Release& release);
  std::vector<LiveRun> live_of(const TenantId& tenant, TaskId task);
  BusyRuns busy(const TenantId& tenant, const std::optional<std::vector<std::int64_t>>& tasks);
  // Of some slots of a task those that had a run, or have one now; and taking slots for runs, of which those are given
  // that got theirs: a slot that had a run keeps it.
  std::vector<Instant> slots_that_ran(const TenantId& tenant, TaskId task, const std::vector<Instant>& slots);
  std::vector<LeftOut> slots_left_out(const TenantId& tenant, TaskId task, const LeftOutQuery& query);
  std::vector<RunId> take_slots(const TenantId& tenant, TaskId task, const std::vector<SlotRun>& runs);
  // Oldest first, at most `limit`.
  std::vector<KeyHolder> key_holders(const TenantId& tenant, const std::string& concurrency_key, int limit);
  std::optional<Success> previous_success(const TenantId& tenant, TaskId task, RunId before);
  EndedRuns statistics(const TenantId& tenant, TaskId task, RunId since);
  std::vector<RunId> attention(const TenantId& tenant, const EndsWanted& wanted, int limit);
  EndedRuns outcomes(const TenantId& tenant, const EndsWanted& wanted);
  // Of all tenants, by ids that were handed out to their owners.
  std::vector<RunId> ended_among(const std::vector<std::int64_t>& ids);

 private:
  Tx& tx_;
};

}  // namespace carillon
