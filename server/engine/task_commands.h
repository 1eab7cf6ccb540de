// Commands about tasks and their answers: schedule_task, update_task, set_task_state, snooze, delete_item.
//
// An answer says what is true after the commit, as facts: instants, not texts with distances, so that a replayed answer
// is the first one word for word. `at` is the instant of the first answer. JSON: answers_json.h. Values only.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/state_entry.h"
#include "server/domain/task.h"
#include "server/domain/task_draft.h"
#include "server/engine/command.h"

namespace carillon {

// Where a slot will be, or would have been.
struct NextSlot {
  Instant at{};
  std::string note{};  // "02:30 does not exist on …", "snoozed from 07:30"; usually empty
};

// schedule_task -------------------------------------------------------------------------------------------------------

enum class OnConflict { error, update, keep };

struct ScheduleTask {
  CommandKey key{};
  std::string name{};
  TaskDraft draft{};
  OnConflict on_conflict = OnConflict::error;
  std::optional<std::string> confirm{};  // of preview: what is saved is what it showed (confirmation.h)
  bool dry_run = false;                  // everything is checked and nothing saved
};

// update_task ---------------------------------------------------------------------------------------------------------

struct UpdateTask {
  CommandKey key{};
  std::string task{};  // name or id; with restore also the name of a deleted task
  TaskDraft changes{};
  std::optional<std::string> new_name{};
  std::optional<int> expected_version{};
  bool restore = false;
};

struct SimilarTask {
  std::string task{};
  std::string why{};  // "same schedule and action", "same action, 10 minutes apart"
};

// The answer of schedule_task and of update_task.
struct TaskSaved {
  std::string task{};
  std::int64_t task_id = 0;
  std::string result{};  // created, updated, unchanged
  bool dry_run = false;  // nothing was saved; result says what would have been
  std::string state{};   // active, paused, done
  int version = 1;
  std::string kind{};   // of the schedule
  std::string when{};   // as typed
  std::string reads{};  // plain language
  std::string zone{};
  std::vector<NextSlot> next{};  // at most three
  json action = nullptr;         // as in task_version.definition
  std::string agent{};           // on whose behalf it runs
  std::string overlap{};
  std::string misfire{};
  std::string grace{};    // a duration; empty: no limit
  std::string durable{};  // daemon, server, host_only
  std::vector<std::string> warnings{};
  std::vector<SimilarTask> similar{};
  std::vector<FieldChange> changed{};  // of an update
  std::string new_webhook{};           // the address that was made with it
  Instant at{};
};

// set_task_state ------------------------------------------------------------------------------------------------------

struct SetTaskState {
  CommandKey key{};
  TaskState state = TaskState::paused;  // active or paused
  std::vector<std::string> tasks{};     // exactly one of tasks, tag, all, runs
  std::string tag{};
  bool all = false;                    // with paused: the kill switch, no queued run is dispatched any more
  std::vector<std::string> runs{};     // paused: they begin no step
  std::optional<std::string> until{};  // a moment; paused tasks resume themselves then
  std::string reason{};
  std::optional<Meanwhile> meanwhile{};  // with active: of the pause that ends; with paused: when it ends by itself
};

struct AffectedTask {
  std::string task{};
  std::string was{};  // its state before
  std::string state{};
  std::optional<Instant> next{};  // the next slot that will run, once active
  std::string zone{};
  std::int64_t left_out = 0;  // paused with until: slots that will not run; resumed: slots that did not run meanwhile
  bool left_out_counted = true;          // false: left_out is a lower bound
  std::vector<std::string> caught_up{};  // resumed: runs of slots of the pause that were queued now
};

struct TaskStateSet {
  std::string state{};
  std::vector<AffectedTask> tasks{};
  std::vector<std::string> runs{};  // handles
  std::int64_t unchanged = 0;       // tasks or runs that were in that state already
  std::optional<Instant> until{};
  std::string zone{};
  bool dispatch_paused = false;    // the kill switch is on now
  std::int64_t still_running = 0;  // runs of the affected tasks that go on, or affected runs that have begun
  std::int64_t queued = 0;         // runs of the affected tasks that wait to be dispatched, or affected ones
  Instant at{};
};

// snooze --------------------------------------------------------------------------------------------------------------

struct Snooze {
  CommandKey key{};
  std::optional<std::string> task{};  // exactly one of task, run
  std::optional<std::string> run{};   // a delivered message: delivers it again
  std::optional<Duration> delay{};    // `for`; exactly one of for, until, skip
  std::optional<std::string> until{};
  std::optional<int> skip{};  // the next n slots; 0 takes every snooze of the task back
  std::string reason{};
};

struct Snoozed {
  std::string task{};
  std::string zone{};
  std::optional<Instant> was_next{};
  std::optional<Instant> next{};
  std::vector<Instant> skipped{};  // slots that will not run
  std::int64_t restored = 0;       // snoozes that were taken back
  std::string reads{};             // the rhythm, untouched
  std::string run{};               // the run that delivers again
  Instant at{};
};

// delete_item ---------------------------------------------------------------------------------------------------------

struct DeleteItem {
  CommandKey key{};
  std::string kind{};  // task, pipeline, run, state
  std::string name{};
  StateKey entry{};   // of the shared state, whom the name means then
  bool hard = false;  // for good: of a task with its history, never under an active run; of a key with earlier values
};

struct ItemDeleted {
  std::string kind{};
  std::string name{};
  bool hard = false;
  std::optional<Instant> restorable_until{};
  std::vector<std::string>
      still_refers{};          // what refers to it: "run nightly#7 is running", "lock reports is shared with …"
  std::int64_t cancelled = 0;  // queued runs that were cancelled with it
  Instant at{};
};

}  // namespace carillon
