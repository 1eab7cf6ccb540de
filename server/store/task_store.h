// TaskStore: tasks, their versions, where their schedules stand, and what was said about single slots.
//
// One method a query. What is read is what the last commit left; a command that changes a task locks it first. Knows
// nothing of what a definition means: it keeps and gives JSON. Belongs to the transaction it was made with.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/domain/caller.h"
#include "server/domain/task.h"
#include "server/store/store.h"

namespace carillon {

struct TaskRecord {
  TaskId id;
  std::string name;
  TaskState state;
  int version;
  std::vector<std::string> tags;
  int priority;
  AgentId agent;
  bool hidden;
  std::string zone;
  std::string pause_reason;
  std::string paused_by;
  std::optional<Instant> paused_until;
  std::optional<Meanwhile> pause_meanwhile;
  std::optional<Instant> paused_at;
  Instant created_at;
  std::string created_by;
  Instant updated_at;
  std::optional<Instant> deleted_at;
  json definition;  // as domain/task.h wrote it
  std::int16_t shard;
  Instant last_slot;
  std::optional<Instant> next_fire_at;
  std::int64_t fired_count;
  std::optional<Instant> delay_slot{};  // of a fixed delay that waits for its time
};

// How the last run that ran to an end ended.
struct LastOutcome {
  std::int64_t number;
  int retry;
  std::string outcome;
  Instant finished_at;
  std::string error_class;
};

struct ListedTask {
  TaskRecord task;
  std::optional<LastOutcome> last;
};

enum class Living { yes, no };  // no: deleted softly

// One of the two.
struct TaskHandle {
  std::optional<TaskId> id{};
  std::string name{};
};

struct NewTask {
  TaskId id;
  std::string name;
  TaskState state;
  std::string kind;
  std::string agent;
  bool hidden = false;
  Instant at;
  std::optional<Scopes> scopes{};  // of whoever makes it; none: not known
};

// Who writes a version; its runs call with these scopes.
struct VersionWriter {
  AgentId agent;
  Scopes scopes;
};

struct ScheduleStanding {
  std::int16_t shard;
  int task_version;
  Instant last_slot;
  std::optional<Instant> next_fire_at;
  bool count_afresh = false;  // max_runs counts from here on
};

struct PauseNote {
  std::string reason;
  std::string by;
  std::optional<Instant> until{};
  std::optional<Meanwhile> meanwhile{};
};

struct Deletion {
  std::optional<Instant> deleted_at;  // none: restored
  std::string name;
  Instant at;
};

struct SlotOverride {
  Instant slot;
  std::optional<Instant> moved_to{};  // none: skipped
  std::string reason{};
};

struct TaskQuery {
  std::optional<std::string> text{};
  std::optional<std::vector<std::string>> states{};
  std::optional<std::string> kind{};
  std::optional<std::string> agent{};
  std::optional<std::string> tag{};
  std::optional<int> priority{};
  std::optional<std::vector<std::int64_t>> ids{};
  std::optional<std::string> after_name{};
  int limit = 10;
};

struct TaskCounts {
  std::int64_t active = 0;
  std::int64_t paused = 0;
  std::int64_t done = 0;
};

// Names that contain a text, with how many there are in all.
struct NamesFound {
  std::vector<std::string> names;
  std::int64_t total = 0;
};

// The ends of another task's runs that a task waits for, or of its own.
struct TaskSource {
  std::string source;  // name_of(TriggerSource)
  std::string anchor;  // the other task's name
  std::vector<std::string> outcomes{};
  std::optional<Duration> delay{};  // after its own: a fixed delay
};

struct WaitingTask {
  TaskId id;
  std::string name;
  std::string source;
};

struct TenantTask {
  TenantId tenant;
  TaskId task;
};

struct TenantTaskRecord {
  TenantId tenant;
  TaskRecord task;
};

class TaskStore {
 public:
  explicit TaskStore(Tx& tx) : tx_(tx) {}

  std::optional<TaskRecord> find(const TenantId& tenant, const TaskHandle& handle, Living living = Living::yes);
  // Locks the task's row and its schedule's, then reads both.
  std::optional<TaskRecord> lock(const TenantId& tenant, const TaskHandle& handle, Living living = Living::yes);

  // False: a living task has the name; it is committed by now.
  bool insert(const TenantId& tenant, const NewTask& task, const TaskDefinition& definition);
  void insert_version(const TenantId& tenant, const TaskRecord& changed, const TaskDefinition& definition,
                      const VersionWriter& writer);
  // A version that follows by itself from the one before: with the same writer and scopes.
  void copy_version(const TenantId& tenant, const TaskRecord& changed, const TaskDefinition& definition);
  void insert_schedule(const TenantId& tenant, TaskId task, const ScheduleStanding& standing);
  // The name, version and definition of a locked task; `changed` has the new name and version. False: a living task has
  // taken the name just now; the transaction is lost.
  bool update(const TenantId& tenant, const TaskRecord& changed, const TaskDefinition& definition);
  void set_schedule(const TenantId& tenant, TaskId task, const ScheduleStanding& standing);
  // False: the task is in none of the states `from`.
  bool set_state(const TenantId& tenant, TaskId task, TaskState to, const std::vector<TaskState>& from, Instant at);
  bool pause(const TenantId& tenant, TaskId task, const PauseNote& note, Instant at);
  // False: as with update.
  bool set_deleted(const TenantId& tenant, TaskId task, const Deletion& deletion);
  void remove(const TenantId& tenant, TaskId task);
  std::int64_t next_run_number(const TenantId& tenant, TaskId task);

  std::vector<ListedTask> list(const TenantId& tenant, const TaskQuery& query);
  std::int64_t count(const TenantId& tenant, const TaskQuery& query);
  TaskCounts count_by_state(const TenantId& tenant);
  std::vector<std::string> names(const TenantId& tenant, int limit);
  // Those first that begin with `part`; case does not matter.
  NamesFound find_names(const TenantId& tenant, const std::string& part, int limit);
  NamesFound find_tags(const TenantId& tenant, const std::string& part, int limit);
  std::vector<TaskId> select_ids(const TenantId& tenant, const std::optional<std::string>& tag);
  std::vector<TaskId> active_ids_of(const TenantId& tenant, const AgentId& agent);
  std::vector<TaskRecord> similar(const TenantId& tenant, const Action& action, TaskId but, int limit);
  // Other tasks on the same shard, by name, with their definitions: those that share a lock are among them.
  std::vector<std::pair<std::string, json>> neighbours(const TenantId& tenant, std::int16_t shard, TaskId but);
  // Of living tasks, hidden ones too, with a step that runs a pipeline; some may have none.
  std::vector<std::pair<std::string, json>> with_child_steps(const TenantId& tenant);
  std::vector<TaskRecord> upcoming(const TenantId& tenant, Instant until, int limit);
  // What a task waits for, in place of what it waited for before.
  void set_sources(const TenantId& tenant, TaskId task, const std::vector<TaskSource>& sources);
  // The living tasks that wait for the one of this name, by name.
  std::vector<WaitingTask> waiting_for(const TenantId& tenant, const std::string& name);
  // The slots of the task of that name are others now: tells those that stand ahead of them. Gives their shards.
  std::vector<std::int16_t> cue_reminders(const TenantId& tenant, const std::string& anchor, Instant at);
  void put_delay_slot(const TenantId& tenant, TaskId task, Instant slot);
  void drop_cues(const TenantId& tenant, TaskId task, const std::optional<std::string>& source = std::nullopt);
  std::optional<json> definition(const TenantId& tenant, TaskId task, int version);
  // Of all tenants: for the worker's poll, in a transaction across tenants.
  std::vector<TenantTask> due_resumptions(Instant now, int limit);
  // The same; those of a shard whose next slot is known, in the order of tenant and id. No fixed delays.
  std::vector<TenantTaskRecord> with_slots(std::int16_t shard, const std::optional<TenantTask>& after, int limit);

  void set_override(const TenantId& tenant, TaskId task, const SlotOverride& said, const AgentId& by, Instant at);
  std::vector<Instant> drop_overrides(const TenantId& tenant, TaskId task, Instant after);
  std::vector<SlotOverride> overrides(const TenantId& tenant, TaskId task, Instant after);

 private:
  Tx& tx_;
};

}  // namespace carillon
