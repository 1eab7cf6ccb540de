#include "server/store/task_store.h"

#include <pqxx/pqxx>

#include "server/base/check.h"
#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

TaskState task_state_of(const std::string& name) {
  const auto state = task_state_named(name);
  CARILLON_CHECK(state.has_value());  // the table's constraint allows no other
  return *state;
}

std::optional<Meanwhile> meanwhile_of(const std::optional<std::string>& name) {
  return name ? meanwhile_named(*name) : std::nullopt;
}

NamesFound read_names(const pqxx::result& rows) {
  NamesFound found;
  for (const auto& row : rows) {
    found.names.push_back(column<std::string>(row["name"]));
    found.total = column<std::int64_t>(row["total"]);
  }
  return found;
}

Keep keep_of(const TaskDefinition& definition) { return definition.options.keep.value_or(Keep{}); }

// The names of the calendars that it uses, either way.
std::vector<std::string> calendars_of(const TaskDefinition& definition) {
  if (!definition.options.calendars) return {};
  std::vector<std::string> names = definition.options.calendars->exclude;
  names.insert(names.end(), definition.options.calendars->only.begin(), definition.options.calendars->only.end());
  return names;
}

std::optional<std::int64_t> pipeline_of(const TaskDefinition& definition) {
  const auto& use = definition.action.use;
  return use ? std::optional{use->id} : std::nullopt;
}

TaskRecord read_task(const pqxx::row& row) {
  return TaskRecord{
      .id = column<TaskId>(row["task_id"]),
      .name = column<std::string>(row["name"]),
      .state = task_state_of(column<std::string>(row["state"])),
      .version = column<int>(row["version"]),
      .tags = column<std::vector<std::string>>(row["tags"]),
      .priority = column<int>(row["priority"]),
      .agent = column<AgentId>(row["agent_id"]),
      .hidden = column<bool>(row["hidden"]),
      .zone = column<std::string>(row["zone"]),
      .pause_reason = column<std::optional<std::string>>(row["pause_reason"]).value_or(""),
      .paused_by = column<std::optional<std::string>>(row["paused_by"]).value_or(""),
      .paused_until = column<std::optional<Instant>>(row["paused_until"]),
      .pause_meanwhile = meanwhile_of(column<std::optional<std::string>>(row["pause_meanwhile"])),
      .paused_at = column<std::optional<Instant>>(row["paused_at"]),
      .created_at = column<Instant>(row["created_at"]),
      .created_by = column<std::string>(row["created_by"]),
      .updated_at = column<Instant>(row["updated_at"]),
      .deleted_at = column<std::optional<Instant>>(row["deleted_at"]),
      .definition = json_of(column<Bytes>(row["definition"])),
      .shard = column<std::int16_t>(row["shard"]),
      .last_slot = column<Instant>(row["last_slot"]),
      .next_fire_at = column<std::optional<Instant>>(row["next_fire_at"]),
      .fired_count = column<std::int64_t>(row["fired_count"]),
      .delay_slot = column<std::optional<Instant>>(row["delay_slot"]),
  };
}

std::optional<LastOutcome> read_last(const pqxx::row& row) {
  if (row["last_id"].is_null()) return std::nullopt;
  return LastOutcome{
      .number = column<std::int64_t>(row["last_number"]),
      .retry = column<int>(row["last_retry"]),
      .outcome = column<std::string>(row["last_outcome"]),
      .finished_at = column<Instant>(row["last_finished_at"]),
      .error_class = column<std::optional<std::string>>(row["last_error_class"]).value_or(""),
  };
}

std::vector<TaskRecord> read_tasks(const pqxx::result& rows) {
  std::vector<TaskRecord> tasks;
  for (const auto& row : rows) tasks.push_back(read_task(row));
  return tasks;
}

std::optional<std::vector<std::string>> names_of(const std::optional<Scopes>& scopes) {
  return scopes ? std::optional{scopes->names()} : std::nullopt;
}

// What two tasks share when they aim at the same target.
Bytes target_of(const Action& action) { return bytes_of(to_json(action)); }

std::vector<std::pair<std::string, json>> read_definitions(const pqxx::result& rows) {
  std::vector<std::pair<std::string, json>> found;
  for (const auto& row : rows)
    found.emplace_back(column<std::string>(row["name"]), json_of(column<Bytes>(row["definition"])));
  return found;
}

}  // namespace

std::optional<TaskRecord> TaskStore::find(const TenantId& tenant, const TaskHandle& handle, Living living) {
  const pqxx::result rows =
      tx_.exec(sql::find_task, tenant, handle.id, null_if_empty(handle.name), living == Living::no);
  if (rows.empty()) return std::nullopt;
  return read_task(rows[0]);
}

std::optional<TaskRecord> TaskStore::lock(const TenantId& tenant, const TaskHandle& handle, Living living) {
  const pqxx::result rows =
      tx_.exec(sql::lock_task, tenant, handle.id, null_if_empty(handle.name), living == Living::no);
  if (rows.empty()) return std::nullopt;
  const auto id = column<TaskId>(rows[0]["task_id"]);
  const pqxx::result locked = tx_.exec(sql::lock_schedule, tenant, id);
  return find(tenant, {.id = id}, living);
}

bool TaskStore::insert(const TenantId& tenant, const NewTask& task, const TaskDefinition& definition) {
  const pqxx::result rows = tx_.exec(
      sql::insert_task, tenant, task.id, task.name, name_of(task.state), task.kind, name_of(definition.action.kind),
      definition.description, definition.tags, definition.priority, task.agent, task.hidden, definition.schedule.zone,
      target_of(definition.action), task.at, keep_of(definition).records, keep_of(definition).outputs,
      definition.notify, name_of(notify_on(definition)), calendars_of(definition), pipeline_of(definition));
  if (rows.empty()) return false;
  tx_.exec(sql::insert_task_version, tenant, task.id, 1, bytes_of(to_json(definition)), task.at, task.agent,
           names_of(task.scopes));
  return true;
}

void TaskStore::insert_version(const TenantId& tenant, const TaskRecord& changed, const TaskDefinition& definition,
                               const VersionWriter& writer) {
  tx_.exec(sql::insert_task_version, tenant, changed.id, changed.version, bytes_of(to_json(definition)),
           changed.updated_at, writer.agent, writer.scopes.names());
}

void TaskStore::copy_version(const TenantId& tenant, const TaskRecord& changed, const TaskDefinition& definition) {
  tx_.exec(sql::copy_task_version, tenant, changed.id, changed.version - 1, changed.version,
           bytes_of(to_json(definition)), changed.updated_at);
}

void TaskStore::insert_schedule(const TenantId& tenant, TaskId task, const ScheduleStanding& standing) {
  tx_.exec(sql::insert_schedule_state, tenant, task, standing.shard, standing.task_version, standing.last_slot,
           standing.next_fire_at);
}

bool TaskStore::update(const TenantId& tenant, const TaskRecord& changed, const TaskDefinition& definition) try {
  tx_.exec(sql::update_task, tenant, changed.id, changed.name, changed.version, name_of(definition.schedule.kind()),
           name_of(definition.action.kind), definition.description, definition.tags, definition.priority,
           definition.schedule.zone, target_of(definition.action), changed.updated_at, keep_of(definition).records,
           keep_of(definition).outputs, definition.notify, name_of(notify_on(definition)), calendars_of(definition),
           pipeline_of(definition));
  return true;
} catch (const pqxx::unique_violation&) {
  return false;
}

void TaskStore::set_schedule(const TenantId& tenant, TaskId task, const ScheduleStanding& standing) {
  tx_.exec(sql::set_schedule, tenant, task, standing.shard, standing.task_version, standing.last_slot,
           standing.next_fire_at, standing.count_afresh);
}

bool TaskStore::set_state(const TenantId& tenant, TaskId task, TaskState to, const std::vector<TaskState>& from,
                          Instant at) {
  std::vector<std::string> names;
  for (const TaskState state : from) names.emplace_back(name_of(state));
  const pqxx::result rows = tx_.exec(sql::set_task_state, tenant, task, name_of(to), names, std::nullopt, std::nullopt,
                                     std::nullopt, at, std::nullopt, name_of(TaskState::paused));
  return !rows.empty();
}

bool TaskStore::pause(const TenantId& tenant, TaskId task, const PauseNote& note, Instant at) {
  const std::vector<std::string> from{std::string(name_of(TaskState::active)), std::string(name_of(TaskState::paused))};
  const pqxx::result rows =
      tx_.exec(sql::set_task_state, tenant, task, name_of(TaskState::paused), from, note.reason, note.by, note.until,
               at, note.meanwhile ? std::optional{name_of(*note.meanwhile)} : std::nullopt, name_of(TaskState::paused));
  return !rows.empty();
}

bool TaskStore::set_deleted(const TenantId& tenant, TaskId task, const Deletion& deletion) try {
  tx_.exec(sql::set_task_deleted, tenant, task, deletion.deleted_at, deletion.name, deletion.at);
  return true;
} catch (const pqxx::unique_violation&) {
  return false;
}

void TaskStore::remove(const TenantId& tenant, TaskId task) { tx_.exec(sql::delete_task, tenant, task); }

std::int64_t TaskStore::next_run_number(const TenantId& tenant, TaskId task) {
  return column<std::int64_t>(tx_.exec(sql::next_run_number, tenant, task).at(0)["number"]);
}

std::vector<ListedTask> TaskStore::list(const TenantId& tenant, const TaskQuery& query) {
  const pqxx::result rows = tx_.exec(sql::list_tasks, tenant, query.text, query.states, query.kind, query.agent,
                                     query.tag, query.priority, query.ids, query.after_name, query.limit);
  std::vector<ListedTask> tasks;
  for (const auto& row : rows) tasks.push_back({read_task(row), read_last(row)});
  return tasks;
}

std::int64_t TaskStore::count(const TenantId& tenant, const TaskQuery& query) {
  const pqxx::result rows =
      tx_.exec(sql::count_tasks, tenant, query.text, query.states, query.kind, query.agent, query.tag, query.priority);
  return column<std::int64_t>(rows.at(0)["total"]);
}

TaskCounts TaskStore::count_by_state(const TenantId& tenant) {
  TaskCounts counts;
  for (const auto& row : tx_.exec(sql::count_tasks_by_state, tenant)) {
    const auto total = column<std::int64_t>(row["total"]);
    switch (task_state_of(column<std::string>(row["state"]))) {
      case TaskState::active:
        counts.active = total;
        break;
      case TaskState::paused:
        counts.paused = total;
        break;
      case TaskState::done:
        counts.done = total;
        break;
    }
  }
  return counts;
}

std::vector<std::string> TaskStore::names(const TenantId& tenant, int limit) {
  std::vector<std::string> names;
  for (const auto& row : tx_.exec(sql::list_task_names, tenant, limit))
    names.push_back(column<std::string>(row["name"]));
  return names;
}

NamesFound TaskStore::find_names(const TenantId& tenant, const std::string& part, int limit) {
  return read_names(tx_.exec(sql::find_task_names, tenant, part, limit));
}

NamesFound TaskStore::find_tags(const TenantId& tenant, const std::string& part, int limit) {
  return read_names(tx_.exec(sql::find_tags, tenant, part, limit));
}

std::vector<TaskId> TaskStore::select_ids(const TenantId& tenant, const std::optional<std::string>& tag) {
  std::vector<TaskId> ids;
  for (const auto& row : tx_.exec(sql::select_task_ids, tenant, tag)) ids.push_back(column<TaskId>(row["task_id"]));
  return ids;
}

std::vector<TaskId> TaskStore::active_ids_of(const TenantId& tenant, const AgentId& agent) {
  std::vector<TaskId> ids;
  for (const auto& row : tx_.exec(sql::select_task_ids_of_agent, tenant, agent))
    ids.push_back(column<TaskId>(row["task_id"]));
  return ids;
}

std::vector<TaskRecord> TaskStore::similar(const TenantId& tenant, const Action& action, TaskId but, int limit) {
  return read_tasks(tx_.exec(sql::similar_tasks, tenant, target_of(action), but, limit));
}

std::vector<std::pair<std::string, json>> TaskStore::neighbours(const TenantId& tenant, std::int16_t shard,
                                                                TaskId but) {
  return read_definitions(tx_.exec(sql::tasks_with_lock, tenant, shard, but));
}

std::vector<std::pair<std::string, json>> TaskStore::with_child_steps(const TenantId& tenant) {
  return read_definitions(tx_.exec(sql::tasks_with_child_steps, tenant));
}

std::vector<TaskRecord> TaskStore::upcoming(const TenantId& tenant, Instant until, int limit) {
  return read_tasks(tx_.exec(sql::upcoming_tasks, tenant, until, limit));
}

void TaskStore::set_sources(const TenantId& tenant, TaskId task, const std::vector<TaskSource>& sources) {
  tx_.exec(sql::delete_task_sources, tenant, task);
  for (const TaskSource& each : sources)
    tx_.exec(sql::insert_task_source, tenant, task, each.source, each.anchor, each.outcomes, each.delay);
}

std::vector<WaitingTask> TaskStore::waiting_for(const TenantId& tenant, const std::string& name) {
  std::vector<WaitingTask> waiting;
  for (const auto& row : tx_.exec(sql::tasks_waiting_for, tenant, name))
    waiting.push_back(
        {column<TaskId>(row["task_id"]), column<std::string>(row["name"]), column<std::string>(row["source"])});
  return waiting;
}

std::vector<std::int16_t> TaskStore::cue_reminders(const TenantId& tenant, const std::string& anchor, Instant at) {
  std::vector<std::int16_t> shards;
  for (const auto& row : tx_.exec(sql::insert_anchor_cues, tenant, anchor, at))
    shards.push_back(column<std::int16_t>(row["shard"]));
  return shards;
}

void TaskStore::put_delay_slot(const TenantId& tenant, TaskId task, Instant slot) {
  tx_.exec(sql::put_delay_slot, tenant, task, slot);
}

void TaskStore::drop_cues(const TenantId& tenant, TaskId task, const std::optional<std::string>& source) {
  tx_.exec(sql::delete_cues, tenant, task, source);
}

std::optional<json> TaskStore::definition(const TenantId& tenant, TaskId task, int version) {
  const pqxx::result rows = tx_.exec(sql::find_definition, tenant, task, version);
  if (rows.empty()) return std::nullopt;
  return json_of(column<Bytes>(rows[0]["definition"]));
}

std::vector<TenantTask> TaskStore::due_resumptions(Instant now, int limit) {
  std::vector<TenantTask> due;
  for (const auto& row : tx_.exec(sql::select_due_resumptions, now, limit))
    due.push_back({column<TenantId>(row["tenant_id"]), column<TaskId>(row["task_id"])});
  return due;
}

void TaskStore::set_override(const TenantId& tenant, TaskId task, const SlotOverride& said, const AgentId& by,
                             Instant at) {
  tx_.exec(sql::insert_slot_override, tenant, task, said.slot, said.moved_to, said.reason, by, at);
}

std::vector<Instant> TaskStore::drop_overrides(const TenantId& tenant, TaskId task, Instant after) {
  std::vector<Instant> slots;
  for (const auto& row : tx_.exec(sql::delete_slot_overrides, tenant, task, after))
    slots.push_back(column<Instant>(row["slot"]));
  return slots;
}

std::vector<SlotOverride> TaskStore::overrides(const TenantId& tenant, TaskId task, Instant after) {
  std::vector<SlotOverride> said;
  for (const auto& row : tx_.exec(sql::list_slot_overrides, tenant, task, after))
    said.push_back({column<Instant>(row["slot"]), column<std::optional<Instant>>(row["moved_to"]),
                    column<std::string>(row["reason"])});
  return said;
}

std::vector<TenantTaskRecord> TaskStore::with_slots(std::int16_t shard, const std::optional<TenantTask>& after,
                                                    int limit) {
  std::vector<TenantTaskRecord> tasks;
  for (const auto& row : tx_.exec(sql::tasks_with_slots, shard, after ? after->tenant.str() : std::string{},
                                  after ? after->task : TaskId{0}, limit))
    tasks.push_back({column<TenantId>(row["tenant_id"]), read_task(row)});
  return tasks;
}

}  // namespace carillon
