#include "server/engine/action_check.h"
#include "server/engine/awaiting.h"
#include "server/engine/calendars.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/pipelines.h"
#include "server/engine/standing.h"
#include "server/engine/task_definition.h"
#include "server/engine/task_saving.h"

// update_task: change fields of a task, give it another name, or bring it back.

namespace carillon {

namespace {

Status check_version(const TaskRecord& task, const UpdateTask& command) {
  if (!command.expected_version || *command.expected_version == task.version) return Done{};
  Error error{ErrorCode::version_conflict,
              "the task is at version " + std::to_string(task.version) + "; look at it again and repeat the change",
              "/expected_version", *command.expected_version};
  error.details["current_version"] = task.version;
  if (const auto definition = definition_of(task)) error.details["current"] = as_arguments(*definition);
  error.try_instead = json::array({{{"task", task.name}, {"expected_version", task.version}}});
  return error;
}

// Brings a deleted task back; its schedule goes on from now.
Result<TaskRecord> restore(const Saving& saving, const UpdateTask& command) {
  const TenantId& tenant = saving.call.caller.tenant;
  auto deleted = find_task(saving.tx, tenant, {.text = command.task, .living = Living::no, .lock = Lock::row});
  if (!deleted) return deleted.error();
  TaskStore tasks{saving.tx};
  const std::string name = command.new_name.value_or(deleted->name);
  Error taken{ErrorCode::name_taken,
              "another task is called \"" + name + "\" by now; restore this one under a new_name", "/new_name", name};
  taken.try_instead = json::array({{{"task", deleted->name}, {"restore", true}, {"new_name", name + "-2"}}});
  if (tasks.find(tenant, {.name = name})) return taken;
  const auto definition = definition_of(*deleted);
  if (!definition) return definition.error();
  if (auto fit = check_circle(saving.tx, {tenant, name, definition->schedule}); !fit) return fit.error();
  tasks.drop_cues(tenant, deleted->id);
  if (!tasks.set_deleted(tenant, deleted->id, {.deleted_at = std::nullopt, .name = name, .at = saving.call.now}))
    return taken;
  const auto next = next_slot(
      with_known_anchors(saving.tx, tenant, with_delay_slot(definition->schedule, std::nullopt)), saving.call.now);
  ScheduleStanding standing{.shard = deleted->shard,
                            .task_version = deleted->version,
                            .last_slot = saving.call.now,
                            .next_fire_at = next ? std::optional{next->at} : std::nullopt};
  if (deleted->state != TaskState::active) standing.next_fire_at.reset();
  if (const auto first = first_delay_slot(definition->schedule, saving.call.now);
      first && deleted->state == TaskState::active)
    tasks.put_delay_slot(tenant, deleted->id, *first);
  tasks.set_schedule(tenant, deleted->id, standing);
  auto restored = tasks.find(tenant, {.id = deleted->id});
  saving.telling.task_event("task.restored", *restored);
  saving.telling.audit(subject_of(deleted->id), {{"deleted_at", to_rfc3339(*deleted->deleted_at)}}, {{"name", name}});
  saving.telling.schedule_changed(standing.shard);
  tell_reminders(saving.tx, saving.telling, name);
  return std::move(*restored);
}

// The task of a pipeline is brought back and nothing else; save_pipeline changes it.
Status check_not_hidden(const TaskRecord& task, const UpdateTask& command) {
  if (!task.hidden || (command.restore && command.changes.empty())) return Done{};
  Error error{ErrorCode::not_allowed,
              "\"" + task.name + "\" belongs to Carillon itself; save_pipeline changes a pipeline", "/task",
              command.task};
  error.try_instead = json::array({{{"tool", "save_pipeline"}, {"arguments", {{"name", task.name}}}}});
  return error;
}

DefineContext with_pipeline(DefineContext context, const std::optional<Action>& pipeline) {
  context.pipeline = pipeline;
  return context;
}

bool changes_nothing(const UpdateTask& command, const TaskRecord& task, const TaskDefinition& before,
                     const TaskDefinition& after) {
  return same_definition(before, after) && (!command.new_name || *command.new_name == task.name);
}

}  // namespace

Result<TaskSaved> Engine::update_task(const Caller& caller, const UpdateTask& command) {
  const Call call{caller, "update_task", command.key, parts_.clock.now()};
  if (command.new_name)
    if (auto fit = check_task_name(*command.new_name, "/new_name"); !fit) return fit.error();
  if (command.changes.paused)
    return Error{ErrorCode::arguments_invalid, "set_task_state pauses and resumes a task", "/paused"};
  auto first = replayed<TaskSaved>(parts_.store, call);
  if (!first) return first.error();
  if (*first) return std::move(**first);

  const DefineContext context{
      .now = call.now,
      .zone = zone_of(caller),
      .model = model_answers(parts_.tools, caller, command.changes.action, options_.describe_wait)};
  auto warnings = check_changed_targets(caller, command, context);
  if (!warnings) return warnings.error();

  return run_once<TaskSaved>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<TaskSaved> {
    const Saving saving{call, tx, telling, options_, parts_.ids};
    auto task = command.restore ? restore(saving, command)
                                : find_task(tx, caller.tenant, {.text = command.task, .lock = Lock::row});
    if (!task) return task.error();
    if (auto fit = check_version(*task, command); !fit) return fit.error();
    const auto before = definition_of(*task);
    if (!before) return before.error();
    if (auto fit = check_not_hidden(*task, command); !fit) return fit.error();
    const auto pipeline = pipeline_of(tx, caller.tenant, command.changes.action, Hold::yes);
    if (!pipeline) return pipeline.error();
    auto after = redefine(*before, command.changes, with_pipeline(context, *pipeline));
    if (!after) return after.error();
    if (auto known = resolve_calendars(tx, call, *after, &before->schedule); !known) return known.error();
    Result<TaskSaved> saved = changes_nothing(command, *task, *before, *after)
                                  ? Result<TaskSaved>{describe_saved(saving, *task, *before)}
                                  : save_version(saving, {.task = *task,
                                                          .before = *before,
                                                          .after = *after,
                                                          .new_name = command.new_name.value_or(task->name)});
    if (!saved) return saved;
    if (command.restore) saved->result = "updated";
    saved->warnings.insert(saved->warnings.end(), warnings->begin(), warnings->end());
    return saved;
  });
}

// The action as the changes would make it, checked before the transaction; what is saved is resolved again inside. An
// action that stays is not asked about again, but whoever saves the task must hold the scopes that it needs.
Result<std::vector<std::string>> Engine::check_changed_targets(const Caller& caller, const UpdateTask& command,
                                                               const DefineContext& context) {
  auto after = parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<TaskDefinition> {
    const Living living = command.restore ? Living::no : Living::yes;
    const auto task = find_task(tx, caller.tenant, {.text = command.task, .living = living});
    if (!task) return task.error();
    const auto before = definition_of(*task);
    if (!before) return before.error();
    TaskDraft only_targets{.action = command.changes.action};
    only_targets.when = command.changes.when;
    only_targets.schedule_kind = command.changes.schedule_kind;
    only_targets.schedule_expr = command.changes.schedule_expr;
    const auto pipeline = pipeline_of(tx, caller.tenant, command.changes.action);
    if (!pipeline) return pipeline.error();
    return redefine(*before, only_targets, with_pipeline(context, *pipeline));
  });
  if (!after) return after.error();
  std::vector<std::string> warnings;
  if (command.changes.when || command.changes.schedule_kind) {
    auto looks = check_conditions(parts_.tools, caller, after->schedule, options_.describe_wait);
    if (!looks) return looks.error();
    warnings = std::move(*looks);
  }
  if (command.changes.notify) {
    auto told = check_notified(caller, *command.changes.notify);
    if (!told) return told.error();
    warnings.insert(warnings.end(), told->begin(), told->end());
  }
  if (command.changes.action.empty()) {
    if (auto allowed = check_scopes(parts_.tools, caller, after->action); !allowed) return allowed.error();
    if (command.restore)
      if (auto known = check_prompts(caller, after->action); !known) return known.error();
    return warnings;
  }
  if (const auto children = known_children(caller, after->action, ""); !children) return children.error();
  auto targets = check_action(caller, after->action);
  if (targets) targets->insert(targets->begin(), warnings.begin(), warnings.end());
  return targets;
}

}  // namespace carillon
