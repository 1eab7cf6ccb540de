// Questions and their answers: list_tasks, get_task, list_runs, get_run, preview, get_status.
//
// Answers are facts (instants and numbers with the zone to show them in); words are the tools' matter. Cursors are
// opaque texts, keyset based: paging neither repeats nor loses a row that stays. Values only. JSON: answers_json.h.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/domain/caller.h"
#include "server/domain/run_state.h"
#include "server/domain/task.h"
#include "server/engine/approval_commands.h"
#include "server/engine/task_commands.h"
#include "server/store/question_store.h"
#include "server/store/work_store.h"

namespace carillon {

inline constexpr int kDefaultLimit = 10;
inline constexpr int kLimitMax = 100;

// list_runs -----------------------------------------------------------------------------------------------------------

struct ListRuns {
  std::optional<std::string> task{};
  std::optional<std::string> pipeline{};  // its own runs and those of the tasks that run it
  std::vector<RunState> states{};
  std::optional<std::string> tag{};
  std::optional<std::string> agent{};
  std::optional<std::string> error_class{};
  std::optional<std::string> waiting_for{};  // awaited_runs.h
  std::optional<std::string> since{};        // moments; by the time a run was made
  std::optional<std::string> until{};
  int limit = kDefaultLimit;
  std::optional<std::string> cursor{};
};

struct RunRow {
  std::string run{};  // handle
  std::int64_t run_id = 0;
  std::string task{};
  RunState state = RunState::queued;
  std::string origin{};  // schedule, run_now, retry, call, step
  std::string agent{};
  std::string zone{};  // of the task
  std::optional<Instant> slot{};
  std::optional<Instant> slot_until{};  // a folded range of missed or skipped slots
  std::int64_t folded = 0;              // slots that this row stands for, beyond its own
  Instant run_at{};
  std::optional<Instant> started_at{};
  std::optional<Instant> finished_at{};
  std::optional<Duration> duration{};
  std::optional<Duration> late_by{};
  int attempt = 1;
  std::string error_class{};
  std::string error_message{};
  std::string reason{};
  bool cancel_requested = false;
  std::string asks{};       // of a running one: what its call asks, in a line
  std::string waits_for{};  // list_runs: who has paused it, which runs keep a queued one that is due from starting, or
                            // what a waiting one waits for
  std::string parent{};     // the run whose step has started it
};

struct RunPage {
  std::vector<RunRow> runs{};  // newest first
  std::int64_t total = 0;
  std::optional<std::string> next_cursor{};
  Instant now{};
};

// get_run -------------------------------------------------------------------------------------------------------------

struct GetRun {
  std::string run{};  // handle or id
};

struct StepRow {
  std::string step{};
  int attempt = 1;
  std::string state{};
  std::string tool{};
  Instant started_at{};
  std::optional<Instant> finished_at{};
  std::optional<Instant> not_before{};  // Instant::max(): until it is told
  std::string waits_for{};              // of one that waits to be told something; for people
  std::string error_class{};
  std::string error_message{};
  json output = nullptr;
  std::int64_t output_bytes = 0;
  Cost cost{};
  std::string reused_from{};  // the run that did it
  std::string child{};        // the run that it has started, and that run's state
  std::string child_state{};
};

// Why a run did not succeed and what can be done about it.
struct Diagnosis {
  std::string failing_step{};  // of steps
  std::string error_class{};
  bool transient = false;  // the same may succeed later without anybody changing anything
  std::string explanation{};
  std::vector<std::string> changed_since_success{};  // "version 3 → 4: arguments", "last success 2 h before"
  json next_call = nullptr;                          // {"tool": "retry_run", "arguments": {…}}
};

// What was planned to be told of a run's end, or of what it asks to be approved, and what became of it.
struct DeliveryRow {
  std::string target{};
  std::string about{};  // end, approval
  std::string state{};  // pending, sent, failed, expired
  std::string error{};
  std::optional<Instant> settled_at{};
  int attempts = 0;
  std::optional<Instant> next_try{};  // of one that was tried in vain
};

struct RunDetail {
  RunRow row{};
  json action = nullptr;
  json input = nullptr;   // what run_now gave, if it gave something
  json event = nullptr;   // that started it: {"id", "type", "key", "source", "at", "payload"}
  json output = nullptr;  // {"content", "structured", "text"}, {"message"} or {"steps", "last"}
  std::int64_t output_bytes = 0;
  bool output_cut = false;  // the rest was too large, or has been pruned
  std::vector<StepRow> steps{};
  std::optional<Diagnosis> diagnosis{};
  std::vector<std::string> waits_for{};  // why a queued or waiting run is not running
  std::vector<DeliveryRow> deliveries{};
  std::vector<std::string> retries{};     // handles of the other runs with this number
  std::string parent_step{};              // of row.parent
  json progress = nullptr;                // what its call said last about how far it is (domain/progress.h)
  std::vector<Approval> approvals{};      // what its steps ask to be approved
  std::vector<WorkItem> work{};           // what its steps ask agents to do
  std::vector<OpenQuestion> questions{};  // what its call asks, the oldest first
  int task_version = 1;
  std::string correlation_id{};
  std::optional<Instant> expires_at{};
  int takeovers = 0;
  std::string cancel_reason{};
  bool undoes = false;                // it ends only when what it did is undone
  std::optional<bool> compensated{};  // whether all of it was undone; none: nothing was to be
  Cost cost{};                        // so far
  Instant now{};
};

// list_tasks ----------------------------------------------------------------------------------------------------------

// failing: active, and its last finished run failed or has an unknown outcome.
enum class TaskFilter { active, paused, done, failing };

struct ListTasks {
  std::optional<std::string> query{};  // part of the name or description
  std::vector<TaskFilter> states{};    // any of them; empty: all
  std::optional<std::string> kind{};   // of the schedule
  std::optional<std::string> agent{};
  std::optional<std::string> tag{};
  std::optional<int> priority{};
  int limit = kDefaultLimit;
  std::optional<std::string> cursor{};
};

struct LastRun {
  std::string run{};
  RunState state = RunState::succeeded;
  Instant finished_at{};
  std::string error_class{};
};

struct TaskRow {
  std::string task{};
  std::int64_t task_id = 0;
  TaskState state = TaskState::active;
  bool failing = false;
  std::string kind{};
  std::string reads{};
  std::string zone{};
  std::string action{};  // describe_action
  std::optional<Instant> next{};
  std::optional<LastRun> last{};
  std::vector<std::string> tags{};
  int priority = kDefaultPriority;
  std::string agent{};
  std::optional<Instant> paused_until{};
};

struct TaskPage {
  std::vector<TaskRow> tasks{};  // by name
  std::int64_t total = 0;
  std::optional<std::string> next_cursor{};
  Instant now{};
};

// get_task ------------------------------------------------------------------------------------------------------------

struct GetTask {
  std::string task{};  // name or id
};

struct RunStatistics {
  std::int64_t finished = 0;  // runs of the last 30 days that ran to an end
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t unknown = 0;
  std::int64_t missed = 0;
  std::int64_t skipped = 0;
  std::optional<double> success_rate{};  // of finished
  std::optional<Duration> p50{};         // duration
  std::optional<Duration> p95{};
  std::optional<Duration> late_p50{};
  std::optional<Duration> late_p95{};
  Cost cost{};
};

struct TaskDetail {
  TaskRow row{};
  TaskDefinition definition{};
  int version = 1;
  std::vector<NextSlot> next{};  // at most five
  std::vector<RunRow> last{};    // at most five
  RunStatistics statistics{};
  Instant created_at{};
  std::string created_by{};
  Instant updated_at{};
  std::string pause_reason{};
  std::string paused_by{};
  std::string webhook{};                // the address at which its deliveries are taken
  std::vector<std::string> warnings{};  // what its next run will run into: a tool that is gone, a sign-in
  std::int64_t fired = 0;
  std::string overlap{};
  std::string misfire{};
  std::string grace{};
  Instant now{};
};

// preview -------------------------------------------------------------------------------------------------------------

inline constexpr int kPreviewDefault = 5;

// A `when`, a task, or neither with a window: then the agenda of all active tasks.
struct Preview {
  std::optional<std::string> when{};
  std::optional<std::string> timezone{};
  std::optional<DstGap> dst_gap{};  // of a `when`; a task has its own
  std::optional<DstOverlap> dst_overlap{};
  std::optional<std::string> task{};
  std::optional<std::string> from{};
  std::optional<std::string> to{};
  int count = kPreviewDefault;
};

// What will get in each other's way; `at` is the first slot that it befalls.
struct Conflict {
  std::string kind{};  // overlaps_itself, same_lock, duplicate, quiet_hours
  std::string with{};  // another task
  Instant at{};
  std::int64_t slots = 1;  // quiet_hours: how many within the horizon
  std::string why{};
  std::string suggestion{};
};

struct AgendaEntry {
  Instant at{};
  std::string task{};
  std::string zone{};
  std::string note{};
};

struct Previewed {
  std::string kind{};
  std::string reads{};
  std::string zone{};
  std::vector<NextSlot> next{};
  std::vector<AgendaEntry> agenda{};
  bool more = false;                  // there are further slots in the window
  std::vector<Conflict> conflicts{};  // within the window, or a week; of a `when` those with quiet hours
  std::string confirm{};              // of a `when`: for schedule_task (confirmation.h)
  std::vector<std::string> warnings{};
  Instant now{};
};

// get_status ----------------------------------------------------------------------------------------------------------

struct DispatchPause {
  std::string reason{};
  std::string paused_by{};
  Instant paused_at{};
  std::optional<Instant> until{};
};

// Runs of a task that wait for a decision after an outage: set_task_state with meanwhile.
struct HeldTask {
  std::string task{};
  std::string zone{};
  std::int64_t runs = 0;
  std::optional<Instant> first_slot{};
};

// Nobody watched the schedules for a while; what became of the tenant's slots then, one line a task.
struct OutageRow {
  Instant began{}, ended{};
  std::string because{};             // "the machine slept"
  std::vector<std::string> tasks{};  // at most ten, by name
  std::int64_t tasks_total = 0;
};

struct SinceLastAsked {
  std::optional<Instant> since{};  // empty: this caller asks for the first time; then the last 24 hours are told
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t unknown = 0;
  std::int64_t missed = 0;
  std::int64_t skipped = 0;
  std::vector<OutageRow> outages{};  // at most three with slots of the tenant's, the newest first
  std::vector<RunRow> attention{};   // at most five of the failed, unknown and missed, newest first
};

// asked: the caller is told, so the next answer's `since_last_asked` begins here. looked: nothing is noted, for readers
// that nobody may be listening to (a resource that a host shows, a prompt).
enum class StatusUse { asked, looked };

// What a target was not told of a run: given up within a day, or tried in vain so far.
struct UndeliveredRow {
  std::string run{};
  std::string target{};
  std::string state{};
  std::string error{};
};

// A task whose next slot is another since its zone is (engine/retiming.h).
struct MovedTask {
  std::string task;
  std::string zone;
  Instant was{}, next{};
  std::string reason;
};

struct StatusReport {
  Instant now{};
  std::string zone{};
  std::string tenant{};
  std::string agent{};
  CallerKind kind{};  // of the agent
  std::vector<std::string> scopes{};
  std::string durable{};
  std::string service_offer{};  // how active tasks are made to outlive this process; empty: they do
  std::int64_t queued_due = 0;  // could run now
  std::int64_t queued_later = 0;
  std::int64_t running = 0;
  std::int64_t waiting = 0;
  std::int64_t awaiting_caller = 0;  // runs that wait for what the caller can do or decide
  std::optional<Instant> oldest_due{};
  std::int64_t tasks_active = 0;
  std::int64_t tasks_paused = 0;
  std::int64_t tasks_done = 0;
  int shards_without_owner = 0;  // of 16; more than none for more than seconds: no worker runs
  std::optional<DispatchPause> dispatch_pause{};
  std::vector<HeldTask> held{};
  std::vector<AgendaEntry> next{};   // at most five
  std::vector<MovedTask> retimed{};  // of the caller's tasks, since the caller was last told
  SinceLastAsked since_last_asked{};
  std::int64_t undelivered_total = 0;
  std::vector<UndeliveredRow> undelivered{};  // at most five, the newest first
  std::int64_t approvals_total = 0;
  std::vector<AskedApproval> approvals{};  // what waits to be approved: at most five, what expires first
};

// find_names ----------------------------------------------------------------------------------------------------------

enum class Naming { task, tag, pipeline };

// Names that contain `part`, in either case.
struct FindNames {
  Naming naming = Naming::task;
  std::string part{};
  int limit = kLimitMax;
};

struct NamesAnswer {
  std::vector<std::string> names{};  // those first that begin with the part
  std::int64_t total = 0;
};

}  // namespace carillon
