#include <set>

#include "server/engine/action_check.h"
#include "server/engine/awaiting.h"
#include "server/engine/calendars.h"
#include "server/engine/confirmation.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/pipelines.h"
#include "server/engine/prompt_templates.h"
#include "server/engine/standing.h"
#include "server/engine/task_definition.h"
#include "server/engine/task_saving.h"

// schedule_task: make a task, or confirm that it is there.

namespace carillon {

namespace {

Error name_of_pipeline(const TaskRecord& task) {
  Error error{ErrorCode::name_taken,
              "\"" + task.name + "\" is the name of a pipeline; tasks and pipelines share their names", "/name",
              task.name};
  error.try_instead = json::array({{{"name", task.name + "-task"}}});
  return error;
}

Error name_taken(const TaskRecord& task, const TaskDefinition& existing, const TaskDefinition& wanted) {
  Error error{ErrorCode::name_taken,
              "there is another task \"" + task.name +
                  "\"; give another name, or on_conflict \"update\" to change it or \"keep\" to leave it",
              "/name", task.name};
  error.details["existing"] = as_arguments(existing);
  error.details["wanted"] = as_arguments(wanted);
  error.details["current_version"] = task.version;
  json differing = json::array();
  for (const FieldChange& change : changes(existing, wanted)) differing.push_back(change.field);
  error.details["differs_in"] = std::move(differing);
  error.try_instead = json::array({{{"name", task.name}, {"on_conflict", "update"}}, {{"name", task.name + "-2"}}});
  return error;
}

// The name is there already.
Result<TaskSaved> meet_existing(const Saving& saving, const ScheduleTask& command, const TaskDefinition& wanted,
                                const TaskRecord& task) {
  if (task.hidden) return name_of_pipeline(task);
  const auto existing = definition_of(task);
  if (!existing) return existing.error();
  if (same_definition(*existing, wanted)) {
    if (task.state == TaskState::done)
      return save_version(saving,
                          {.task = task, .before = *existing, .after = wanted, .new_name = task.name, .rearm = true});
    return describe_saved(saving, task, *existing);
  }
  switch (command.on_conflict) {
    case OnConflict::error:
      return name_taken(task, *existing, wanted);
    case OnConflict::update:
      return save_version(saving, {.task = task, .before = *existing, .after = wanted, .new_name = task.name});
    case OnConflict::keep:
      break;
  }
  TaskSaved kept = describe_saved(saving, task, *existing);
  kept.warnings.emplace_back("kept as it is; the definition that you gave differs and was not saved");
  return kept;
}

Result<TaskSaved> save(const Saving& saving, const ScheduleTask& command, const TaskDefinition& wanted) {
  const TenantId& tenant = saving.call.caller.tenant;
  TaskStore tasks{saving.tx};
  const TaskState state = command.draft.paused.value_or(false) ? TaskState::paused : TaskState::active;
  auto existing = tasks.lock(tenant, {.name = command.name});
  if (!existing) {
    if (auto fit = check_awaited(saving.tx, {tenant, command.name, wanted.schedule}); !fit) return fit.error();
    if (auto created = create_task(saving, command.name, wanted, state)) return std::move(*created);
    // Somebody made it between our look and our insert; it is committed now.
    existing = tasks.lock(tenant, {.name = command.name});
    if (!existing)
      return Error{ErrorCode::conflict, "the task was made and deleted just now; repeat the call", "/name"};
  }
  return meet_existing(saving, command, wanted, *existing);
}

}  // namespace

Status Engine::check_prompts(const Caller& caller, const Action& action) {
  if (template_uses(action).empty() || !has_own_templates(parts_.tools, caller.tenant)) return Done{};
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) { return PromptTemplates::check(tx, caller.tenant, action); });
}

Result<std::vector<std::string>> Engine::check_action(const Caller& caller, const Action& action) {
  auto warnings = check_targets(parts_.tools, caller, action, options_.describe_wait);
  if (!warnings) return warnings;
  if (auto known = check_prompts(caller, action); !known) return known.error();
  return warnings;
}

// The warnings about targets. Errors: as of check_notified_tools.
Result<std::vector<std::string>> Engine::check_notified(const Caller& caller, const std::vector<std::string>& targets) {
  auto warnings = check_notified_tools(parts_.tools, caller, targets, options_.describe_wait);
  if (!warnings || !options_.undeliverable) return warnings;
  std::set<TargetKind> kinds;
  for (const auto& target : targets) kinds.insert(kind_of_target(target));
  for (const TargetKind kind : kinds)
    if (const auto why = options_.undeliverable(kind))
      warnings->push_back("notify " + std::string{name_of(kind)} + ": " + *why);
  return warnings;
}

Result<TaskSaved> Engine::schedule_task(const Caller& caller, const ScheduleTask& command) {
  if (auto fit = check_task_name(command.name, "/name"); !fit) return fit.error();
  const Call call{caller, "schedule_task", command.key, parts_.clock.now()};
  auto first = replayed<TaskSaved>(parts_.store, call);
  if (!first) return first.error();
  if (*first) return std::move(**first);

  // What was previewed is counted from the instant at which it was shown.
  std::optional<Confirmation> confirmed;
  if (command.confirm) {
    const auto read = read_confirmation(*command.confirm, call.now);
    if (!read) return read.error();
    confirmed = *read;
  }
  DefineContext context{.now = confirmed ? confirmed->shown_at : call.now, .zone = zone_of(caller)};
  context.model = model_answers(parts_.tools, caller, command.draft.action, options_.describe_wait);
  const bool runs_pipeline = command.draft.action.pipeline.has_value();
  const auto look = [&](Tx& tx, Hold hold) -> Status {
    auto pipeline = pipeline_of(tx, caller.tenant, command.draft.action, hold);
    if (!pipeline) return pipeline.error();
    context.pipeline = *std::move(pipeline);
    return Done{};
  };
  if (runs_pipeline)
    if (const auto known = parts_.store.in_tx(caller.tenant, [&](Tx& tx) { return look(tx, Hold::no); }); !known)
      return known.error();
  auto wanted = define(command.draft, context);
  if (!wanted) return wanted.error();
  if (const auto children = known_children(caller, wanted->action, ""); !children) return children.error();
  auto warnings = check_action(caller, wanted->action);
  if (!warnings) return warnings.error();
  const auto looks = check_conditions(parts_.tools, caller, wanted->schedule, options_.describe_wait);
  if (!looks) return looks.error();
  warnings->insert(warnings->end(), looks->begin(), looks->end());
  const auto told = check_notified(caller, wanted->notify);
  if (!told) return told.error();
  warnings->insert(warnings->end(), told->begin(), told->end());

  const auto work = [&](Tx& tx, Telling& telling) -> Result<TaskSaved> {
    TaskDefinition definition = *wanted;
    if (runs_pipeline) {  // which may have another version by now
      if (auto known = look(tx, Hold::yes); !known) return known.error();
      auto anew = define(command.draft, context);
      if (!anew) return anew.error();
      definition = *std::move(anew);
    }
    if (auto known = resolve_calendars(tx, call, definition); !known) return known.error();
    if (confirmed)
      if (auto same = check_confirmed(*confirmed, with_known_anchors(tx, caller.tenant, definition.schedule),
                                      definition.when, call.now);
          !same)
        return same.error();
    auto saved = save({call, tx, telling, options_, parts_.ids}, command, definition);
    if (saved) saved->warnings.insert(saved->warnings.end(), warnings->begin(), warnings->end());
    return saved;
  };
  if (!command.dry_run) return run_once<TaskSaved>(parts_.store, listeners(), call, work);
  auto tried = try_out<TaskSaved>(parts_.store, call, work);
  if (!tried) return tried;
  tried->dry_run = true;
  tried->new_webhook.clear();
  return tried;
}

}  // namespace carillon
