#include "server/base/check.h"
#include "server/domain/run_payload.h"
#include "server/engine/action_check.h"
#include "server/engine/engine.h"
#include "server/engine/hidden_task.h"
#include "server/engine/lookup.h"
#include "server/engine/pipelines.h"
#include "server/engine/run_starting.h"
#include "server/engine/task_definition.h"

// run_now and call_tool: runs that somebody asks for.

namespace carillon {

namespace {

// What run_now starts: a task as it is now, or a pipeline in one of its versions.
Result<PipelineTarget> target_of(Tx& tx, const TenantId& tenant, const RunNow& command) {
  if (!command.pipeline.empty()) {
    const auto name = read_pipeline_name(command.pipeline);
    if (!name) return name.error();
    return pipeline_target(tx, tenant, *name);
  }
  auto task = find_task(tx, tenant, {.text = command.task, .lock = Lock::row});
  if (!task) return task.error();
  if (task->hidden) return pipeline_target(tx, tenant, {task->name, std::nullopt, "/task"});
  auto definition = definition_of(*task);
  if (!definition) return definition.error();
  const int version = task->version;
  return PipelineTarget{*std::move(task), version, *std::move(definition)};
}

// The hidden task of call_tool, made when it is first needed.
TaskRecord call_task(const Starting& starting) {
  const TenantId& tenant = starting.call.caller.tenant;
  TaskStore tasks{starting.tx};
  if (auto task = tasks.find(tenant, {.name = std::string(kCallTask)})) return *task;
  Action action;
  action.kind = ActionKind::message;
  action.message = "each run of call_tool brings its own tool and arguments";
  const TaskId id{starting.ids.next(starting.call.now).number()};
  make_hidden_task(starting.tx, starting.call, {id, std::string(kCallTask)}, hidden_definition(std::move(action)));
  auto made = tasks.find(tenant, {.name = std::string(kCallTask)});
  CARILLON_CHECK(made.has_value());
  return std::move(*made);
}

}  // namespace

Result<RunStarted> Engine::run_now(const Caller& caller, const RunNow& command) {
  if (command.task.empty() == command.pipeline.empty()) {
    Error error{ErrorCode::arguments_invalid, "give a task to run, or a pipeline, and not both",
                command.task.empty() ? "/task" : "/pipeline"};
    error.try_instead = json::array({{{"task", "morning-brief"}}, {{"pipeline", "brief"}, {"input", json::object()}}});
    return error;
  }
  const Call call{caller, "run_now", command.key, parts_.clock.now()};
  return run_once<RunStarted>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunStarted> {
    const auto target = target_of(tx, caller.tenant, command);
    if (!target) return target.error();
    const auto& [task, version, definition] = *target;
    auto payload = payload_for(definition.action, command.input);
    if (!payload) return payload.error();
    const RunOrder order{.task = task,
                         .definition = definition,
                         .version = version,
                         .origin = "run_now",
                         .run_at = call.now,
                         .overlap = command.overlap.value_or(overlap_policy(definition)),
                         .payload = payload_for_asker(std::move(*payload), command.can_answer),
                         .reason = command.reason};
    RunStarted started = start_run({call, tx, telling, parts_.ids}, order);
    json view{{"run", started.run}, {"state", started.state}};
    if (!command.reason.empty()) view["reason"] = command.reason;
    telling.audit(subject_of(RunId{started.run_id}), nullptr, view);
    return started;
  });
}

Result<ToolChecked> Engine::check_tool(const Caller& caller, const CallTool& command) {
  auto facts = parts_.tools.describe(caller.tenant, command.tool, options_.describe_wait);
  if (!facts) {
    Error error = facts.error();
    if (error.pointer.empty()) error.pointer = "/tool";
    return error;
  }
  if (auto allowed = check_scopes(*facts, caller.scopes, "/tool"); !allowed) return allowed.error();
  if (auto fit = check_arguments(*facts, command.arguments, "/arguments"); !fit) return fit.error();
  return ToolChecked{command.tool, std::string(name_of(facts->effect))};
}

Result<RunStarted> Engine::call_tool(const Caller& caller, const CallTool& command) {
  const Call call{caller, "call_tool", command.key, parts_.clock.now()};
  auto first = replayed<RunStarted>(parts_.store, call);
  if (!first) return first.error();
  if (*first) return std::move(**first);
  if (auto checked = check_tool(caller, command); !checked) return checked.error();
  Action action;
  action.kind = ActionKind::tool;
  action.tool = command.tool;
  action.arguments = command.arguments;
  const std::string payload = payload_of_action(action).dump(-1, ' ', false, json::error_handler_t::replace);
  if (payload.size() > kInputBytesMax)
    return Error{ErrorCode::too_large, "arguments have at most 1 MiB", "/arguments", payload.size()};
  return run_once<RunStarted>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunStarted> {
    const Starting starting{call, tx, telling, parts_.ids};
    const TaskRecord task = call_task(starting);
    const auto definition = definition_of(task);
    if (!definition) return definition.error();
    const RunOrder order{.task = task,
                         .definition = *definition,
                         .version = task.version,
                         .origin = "call",
                         .run_at = call.now,
                         .payload = payload_for_asker(payload, command.can_answer)};
    RunStarted started = start_run(starting, order);
    telling.audit(subject_of(RunId{started.run_id}), nullptr, {{"run", started.run}, {"tool", command.tool}});
    return started;
  });
}

}  // namespace carillon
