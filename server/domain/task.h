// Task: a named trigger plus the one action that it starts; here its definition as task_version.definition keeps it,
// and the policies that follow from it. The row (state, version, who) is the store's (task_store.h).
//
// Values and pure functions; thread-safe as such.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/action.h"
#include "server/domain/notify.h"
#include "server/domain/schedule/misfire.h"
#include "server/domain/schedule/overlap.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/task_options.h"

namespace carillon {

// done: the schedule has no further slot. A deleted task keeps its state and has deleted_at.
enum class TaskState { active, paused, done };
inline constexpr auto kTaskStateNames = std::to_array<std::string_view>({"active", "paused", "done"});
constexpr std::string_view name_of(TaskState state) { return kTaskStateNames[static_cast<std::size_t>(state)]; }
std::optional<TaskState> task_state_named(std::string_view name);

// What becomes of the slots of a pause when it ends: none runs, the latest does, or each of them.
enum class Meanwhile { drop, once, all };
inline constexpr auto kMeanwhileNames = std::to_array<std::string_view>({"drop", "once", "all"});
constexpr std::string_view name_of(Meanwhile meanwhile) { return kMeanwhileNames[static_cast<std::size_t>(meanwhile)]; }
std::optional<Meanwhile> meanwhile_named(std::string_view name);

inline constexpr int kDefaultPriority = 5;  // 1 is most urgent, 9 least

// A start with a key that was used less than `window` ago is skipped (duplicate).
struct Dedupe {
  std::string key;
  Duration window{0};
};

struct TaskDefinition {
  std::string when;   // as typed; "unchanged" compares this, not the resolved instants
  Schedule schedule;  // what it meant when it was saved; schedule.zone is the task's zone
  Action action;
  std::string description;
  std::vector<std::string> tags;  // sorted, each once
  int priority = kDefaultPriority;
  std::optional<Duration> deadline{};  // so long after its slot a run must have finished (see expires_at, finish_by)
  std::optional<Dedupe> dedupe{};
  std::vector<std::string> notify{};    // targets (notify.h), each once
  std::optional<NotifyOn> notify_on{};  // see notify_on()
  std::string lock;  // one run at a time across all tasks with this lock; empty: none. It is the concurrency key
  TaskOptions options;
};

json to_json(const TaskDefinition& definition);
// Trusts only what to_json wrote; anything else is arguments_invalid (a run of such a task fails, it never crashes).
Result<TaskDefinition> definition_from_json(const json& stored);

// The two definitions say the same: the `when` text as typed, zone, action, policies and all else; not the instants
// that were resolved when each was saved.
bool same_definition(const TaskDefinition& left, const TaskDefinition& right);

struct FieldChange {
  std::string field;  // as the argument is called: "when", "arguments", "options.timeout"
  json before = nullptr;
  json after = nullptr;
};
// Field by field, in the order of the documentation; empty when they are the same definition.
std::vector<FieldChange> changes(const TaskDefinition& before, const TaskDefinition& after);

// The definition with its arguments' names, as a caller would give it to schedule_task (without `name`).
json as_arguments(const TaskDefinition& definition);

// Policies, defaults resolved -----------------------------------------------------------------------------------------

inline constexpr Duration kDefaultTimeout = std::chrono::seconds{30};

MisfirePolicy misfire_policy(const TaskDefinition& definition, Instant now);
Overlap overlap_policy(const TaskDefinition& definition);
// A run that has not started by then is missed: the earlier of options.expires and deadline; `slot` is the slot, or the
// instant at which it was asked for.
std::optional<Instant> expires_at(const TaskDefinition& definition, Instant slot);
// A run that is still going then is stopped and fails (expired).
std::optional<Instant> finish_by(const TaskDefinition& definition, Instant slot);
// Of which ends its targets are told; unless the task says it, failures, and of a message every delivery, because being
// told is what the message is for.
NotifyOn notify_on(const TaskDefinition& definition);
// When the slot's run starts: the slot plus a share of options.jitter that depends on task and slot only, so that every
// process that might fire the slot says the same.
Instant jittered(const TaskDefinition& definition, TaskId task, Instant slot);
// What it does in short: `tool everything.echo`, `message "Check the build"`, `3 steps`, `pipeline brief@3`.
std::string describe_action(const Action& action);

}  // namespace carillon
