#include "server/engine/task_saving.h"

#include "server/domain/concurrency.h"
#include "server/domain/duration_text.h"
#include "server/domain/shard.h"
#include "server/engine/awaiting.h"
#include "server/engine/conflicts.h"
#include "server/engine/lookup.h"
#include "server/engine/standing.h"
#include "server/engine/subscribers.h"
#include "server/store/webhook_store.h"

namespace carillon {

namespace {

constexpr Duration kNearSlots = std::chrono::minutes{15};
constexpr int kSimilarMax = 5;
constexpr std::size_t kNextSaved = 3;
constexpr Duration kWarnedAhead = std::chrono::days{7};

// Where a schedule stands that begins now: a slot at this very instant is still to come.
ScheduleStanding standing_from_now(const Saving& saving, TaskId task, const TaskDefinition& definition) {
  const TenantId& tenant = saving.call.caller.tenant;
  const Instant last_slot = saving.call.now - Duration{1};
  const auto next =
      next_slot(with_known_anchors(saving.tx, tenant, with_delay_slot(definition.schedule, std::nullopt)), last_slot);
  return {.shard = shard_of_task(tenant, task, definition),
          .task_version = 1,
          .last_slot = last_slot,
          .next_fire_at = next ? std::optional{next->at} : std::nullopt};
}

json audited(const TaskRecord& task, const TaskDefinition& definition) {
  json view = as_arguments(definition);
  view["name"] = task.name;
  view["version"] = task.version;
  view["state"] = name_of(task.state);
  return view;
}

std::vector<SimilarTask> find_similar(const Saving& saving, TaskId but, const TaskDefinition& definition) {
  std::vector<SimilarTask> similar;
  const auto mine = next_slot(definition.schedule, saving.call.now - Duration{1});
  for (const TaskRecord& other : TaskStore{saving.tx}.similar(saving.call.caller.tenant, definition.action, but, 20)) {
    const auto theirs = definition_of(other);
    if (!theirs || similar.size() >= kSimilarMax) continue;
    if (theirs->when == definition.when && theirs->schedule.zone == definition.schedule.zone) {
      similar.push_back({other.name, "same schedule and action"});
      continue;
    }
    if (!mine || !other.next_fire_at) continue;
    const Duration apart = std::chrono::abs(mine->at - *other.next_fire_at);
    if (apart == Duration{0})
      similar.push_back({other.name, "same action at the same time"});
    else if (apart <= kNearSlots)
      similar.push_back(
          {other.name, "same action, " + to_text(std::chrono::floor<std::chrono::seconds>(apart)) + " apart"});
  }
  return similar;
}

// What the new version will meet within a week.
void warn_of_conflicts(const Saving& saving, const TaskRecord& task, const TaskDefinition& definition,
                       TaskSaved& saved) {
  if (task.state != TaskState::active) return;
  const RhythmSource source{saving.tx, saving.call.caller.tenant, saving.options.quiet};
  const Horizon week{saving.call.now, saving.call.now + kWarnedAhead};
  for (auto& warning : conflict_warnings(source, task, rhythm_of(source, task, definition), week))
    saved.warnings.push_back(std::move(warning));
}

bool same_schedule(const TaskDefinition& left, const TaskDefinition& right) {
  return to_json(left.schedule) == to_json(right.schedule);
}

// The schedule begins anew: whom it waits for, the first slot of its fixed delay, the first looks of its conditions.
// Gives the address at which its deliveries are taken, when it was made just now.
std::string begin_anew(const Saving& saving, TaskId task, const Schedule& schedule, TaskState state) {
  const TenantId& tenant = saving.call.caller.tenant;
  keep_awaited(saving.tx, tenant, task, schedule);
  TaskStore tasks{saving.tx};
  for (const auto source : {TriggerSource::run_end, TriggerSource::condition})
    tasks.drop_cues(tenant, task, std::string(name_of(source)));
  ConditionStore{saving.tx}.begin(tenant, task, first_looks(schedule, saving.call.now - Duration{1}));
  WebhookStore webhooks{saving.tx};
  std::string made;
  if (waits_for_webhook(schedule))
    made = webhooks.keep(tenant, task, saving.call.now).value_or("");
  else
    webhooks.drop(tenant, task);
  if (state != TaskState::active) return made;
  if (const auto first = first_delay_slot(schedule, saving.call.now)) tasks.put_delay_slot(tenant, task, *first);
  return made;
}

// The state that follows from a new version: a schedule with slots ahead wakes a task that was done.
TaskState state_after(const TaskRecord& task, bool schedule_changed, const ScheduleStanding& standing,
                      const TaskDefinition& after) {
  if (task.state == TaskState::paused || !schedule_changed) return task.state;
  return standing.next_fire_at || is_open_ended(after.schedule) ? TaskState::active : TaskState::done;
}

ScheduleStanding standing_after(const Saving& saving, const NewVersion& version, bool schedule_changed) {
  const TaskRecord& task = version.task;
  ScheduleStanding standing{.shard = shard_of_task(saving.call.caller.tenant, task.id, version.after),
                            .task_version = task.version + 1,
                            .last_slot = task.last_slot,
                            .next_fire_at = task.next_fire_at};
  if (schedule_changed) {
    const auto anew = standing_from_now(saving, task.id, version.after);
    standing.last_slot = anew.last_slot;
    standing.next_fire_at = anew.next_fire_at;
    standing.count_afresh = true;
  }
  return standing;
}

// Whether the new name and the new schedule fit in between the tasks that wait for one another.
Status check_place(const Saving& saving, const NewVersion& version, bool schedule_changed) {
  const TenantId& tenant = saving.call.caller.tenant;
  const AwaitingTask awaiting{tenant, version.new_name, version.after.schedule};
  const bool renamed = version.new_name != version.task.name;
  if (renamed)
    if (auto fit = check_name_is_free(saving.tx, tenant, version.task.name); !fit) return fit;
  if (schedule_changed) return check_awaited(saving.tx, awaiting);
  return renamed ? check_circle(saving.tx, awaiting) : Status{Done{}};
}

}  // namespace

std::int16_t shard_of_task(const TenantId& tenant, TaskId task, const TaskDefinition& definition) {
  const auto concurrency = concurrency_of(definition, task, overlap_policy(definition));
  return shard_of(tenant, task, concurrency ? std::optional{concurrency->key} : std::nullopt);
}

std::optional<TaskSaved> create_task(const Saving& saving, const std::string& name, const TaskDefinition& definition,
                                     TaskState state) {
  const Caller& caller = saving.call.caller;
  TaskStore tasks{saving.tx};
  const TaskId id{saving.ids.next(saving.call.now).number()};
  const NewTask task{.id = id,
                     .name = name,
                     .state = TaskState::active,
                     .kind = std::string(name_of(definition.schedule.kind())),
                     .agent = caller.agent.str(),
                     .at = saving.call.now,
                     .scopes = caller.scopes};
  if (!tasks.insert(caller.tenant, task, definition)) return std::nullopt;
  ScheduleStanding standing = standing_from_now(saving, id, definition);
  if (state == TaskState::paused) standing.next_fire_at.reset();
  tasks.insert_schedule(caller.tenant, id, standing);
  const std::string address = begin_anew(saving, id, definition.schedule, state);
  if (state == TaskState::paused)
    tasks.pause(caller.tenant, id, {"created paused", caller.agent.str()}, saving.call.now);

  const auto made = tasks.find(caller.tenant, {.id = id});
  TaskSaved saved = describe_saved(saving, *made, definition);
  saved.result = "created";
  saved.new_webhook = address;
  saved.similar = find_similar(saving, id, definition);
  warn_of_conflicts(saving, *made, definition, saved);
  json more{{"kind", saved.kind}};
  if (!saved.next.empty()) more["next"] = to_rfc3339(saved.next.front().at);
  saving.telling.task_event("task.created", *made, std::move(more));
  saving.telling.audit(subject_of(id), nullptr, audited(*made, definition));
  saving.telling.schedule_changed(standing.shard);
  tell_reminders(saving.tx, saving.telling, name);
  return saved;
}

Result<TaskSaved> save_version(const Saving& saving, const NewVersion& version) {
  const Caller& caller = saving.call.caller;
  TaskStore tasks{saving.tx};
  const bool schedule_changed = version.rearm || !same_schedule(version.before, version.after);
  if (auto fit = check_place(saving, version, schedule_changed); !fit) return fit.error();
  const ScheduleStanding standing = standing_after(saving, version, schedule_changed);
  TaskRecord changed = version.task;
  changed.name = version.new_name;
  changed.version += 1;
  changed.updated_at = saving.call.now;
  changed.state = state_after(version.task, schedule_changed, standing, version.after);
  const Error taken{ErrorCode::name_taken, "another task is called \"" + changed.name + "\"", "/new_name",
                    changed.name};
  if (changed.name != version.task.name && tasks.find(caller.tenant, {.name = changed.name})) return taken;

  // A version names who wrote it, which need not be the agent for whom the task runs.
  tasks.insert_version(caller.tenant, changed, version.after, {caller.agent, caller.scopes});
  if (!tasks.update(caller.tenant, changed, version.after)) return taken;
  ScheduleStanding stored = standing;
  if (changed.state != TaskState::active) stored.next_fire_at.reset();
  tasks.set_schedule(caller.tenant, changed.id, stored);
  if (changed.state != version.task.state)
    tasks.set_state(caller.tenant, changed.id, changed.state, {version.task.state}, saving.call.now);
  std::string address;
  if (schedule_changed) {
    tasks.drop_overrides(caller.tenant, changed.id, version.task.last_slot);
    address = begin_anew(saving, changed.id, version.after.schedule, changed.state);
  }

  const auto now_there = tasks.find(caller.tenant, {.id = changed.id});
  TaskSaved saved = describe_saved(saving, *now_there, version.after);
  saved.result = version.rearm ? "created" : "updated";
  saved.new_webhook = address;
  saved.changed = changes(version.before, version.after);
  warn_of_conflicts(saving, *now_there, version.after, saved);
  if (changed.name != version.task.name)
    saved.changed.insert(saved.changed.begin(), {"name", version.task.name, changed.name});
  json fields = json::array();
  for (const FieldChange& change : saved.changed) fields.push_back(change.field);
  saving.telling.task_event("task.updated", *now_there, {{"changed", fields}});
  saving.telling.audit(subject_of(changed.id), audited(version.task, version.before),
                       audited(*now_there, version.after));
  saving.telling.schedule_changed(version.task.shard);
  saving.telling.schedule_changed(stored.shard);
  tell_reminders(saving.tx, saving.telling, changed.name);
  return saved;
}

TaskSaved describe_saved(const Saving& saving, const TaskRecord& task, const TaskDefinition& definition) {
  const Instant now = saving.call.now;
  const MisfirePolicy misfire = misfire_policy(definition, now);
  const Rhythm rhythm = rhythm_of({saving.tx, saving.call.caller.tenant, saving.options.quiet}, task, definition);
  TaskSaved saved{
      .task = task.name,
      .task_id = task.id.number(),
      .result = "unchanged",
      .state = std::string(name_of(task.state)),
      .version = task.version,
      .kind = std::string(name_of(definition.schedule.kind())),
      .when = definition.when,
      .reads = reads(definition.schedule),
      .zone = definition.schedule.zone,
      .next = upcoming(rhythm, now, kNextSaved),
      .action = to_json(definition.action),
      .agent = task.agent.str(),
      .overlap = std::string(name_of(overlap_policy(definition))),
      .misfire = std::string(name_of(misfire.misfire)),
      .grace = misfire.grace ? to_text(*misfire.grace) : "",
      .durable = saving.options.durable,
      .warnings = schedule_warnings(definition.schedule, now),
      .at = now,
  };
  for (auto& warning : action_warnings(definition.action)) saved.warnings.push_back(std::move(warning));
  for (auto& warning : awaited_warnings(saving.tx, saving.call.caller.tenant, definition.schedule))
    saved.warnings.push_back(std::move(warning));
  if (saving.options.durable == "host_only")
    saved.warnings.emplace_back("this task runs only while the host that made it is open");
  return saved;
}

}  // namespace carillon
