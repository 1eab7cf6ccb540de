#include "server/engine/lookup.h"

#include "server/base/check.h"

#include <charconv>

#include "server/domain/error_class.h"
#include "server/domain/nearest.h"
#include "server/domain/run_handle.h"

namespace carillon {

namespace {

std::optional<std::int64_t> as_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

Error unknown(const std::string& what, std::string text, std::string pointer, const std::vector<std::string>& close) {
  Error error{ErrorCode::unknown_name, "there is no " + what + " \"" + text + "\"" + did_you_mean(close),
              std::move(pointer), std::move(text)};
  error.details["nearest"] = close;
  for (const auto& name : close) error.try_instead.push_back(name);
  return error;
}

std::optional<TaskRecord> load(Tx& tx, const TenantId& tenant, const TaskHandle& handle, const TaskWanted& wanted) {
  TaskStore tasks{tx};
  return wanted.lock == Lock::row ? tasks.lock(tenant, handle, wanted.living)
                                  : tasks.find(tenant, handle, wanted.living);
}

std::optional<RunRecord> find_by_handle(Tx& tx, const TenantId& tenant, const RunHandle& handle) {
  RunStore runs{tx};
  for (const Living living : {Living::yes, Living::no}) {
    const auto task = TaskStore{tx}.find(tenant, {.name = handle.task}, living);
    if (!task) continue;
    if (const auto id = runs.find_id(tenant, {task->id, handle.number}, handle.retry)) return runs.find(tenant, *id);
  }
  return std::nullopt;
}

}  // namespace

Result<TaskRecord> find_task(Tx& tx, const TenantId& tenant, const TaskWanted& wanted) {
  const bool fit = !wanted.text.empty() && wanted.text.find('\0') == std::string::npos;
  if (fit)
    if (auto task = load(tx, tenant, {.name = wanted.text}, wanted)) return std::move(*task);
  if (const auto id = as_number(wanted.text))
    if (auto task = load(tx, tenant, {.id = TaskId{*id}}, wanted)) return std::move(*task);
  if (wanted.living == Living::no) return unknown("deleted task", wanted.text, wanted.pointer, {});
  return unknown("task", wanted.text, wanted.pointer,
                 nearest(wanted.text, TaskStore{tx}.names(tenant, kNamesComparedMax)));
}

Result<RunRecord> find_run(Tx& tx, const TenantId& tenant, const std::string& text) {
  if (const auto id = as_number(text)) {
    if (auto run = RunStore{tx}.find(tenant, RunId{*id})) return std::move(*run);
  } else if (const auto handle = parse_run_handle(text); handle && text.find('\0') == std::string::npos) {
    if (auto run = find_by_handle(tx, tenant, *handle)) return std::move(*run);
    const auto close = nearest(handle->task, TaskStore{tx}.names(tenant, kNamesComparedMax));
    const bool task_known = !close.empty() && close.front() == handle->task;
    Error error = unknown("run", text, "/run", task_known ? std::vector<std::string>{} : close);
    if (task_known) error.message += "; list_runs with task \"" + handle->task + "\" shows those that there are";
    return error;
  } else {
    Error error = unknown("run", text, "/run", {});
    error.message = "a run is named like nightly-report#142, or by its id";
    return error;
  }
  return unknown("run", text, "/run", {});
}

Result<TaskDefinition> definition_of(const TaskRecord& task) {
  auto definition = definition_from_json(task.definition);
  if (definition) return definition;
  return Error{ErrorCode::conflict,
               "the definition of \"" + task.name +
                   "\" was written by another version and cannot be read: " + definition.error().message};
}

Result<TaskDefinition> definition_of_version(Tx& tx, const TenantId& tenant, const TaskRecord& task, int version) {
  const auto stored = TaskStore{tx}.definition(tenant, task.id, version);
  if (!stored)
    return Error{ErrorCode::conflict, "that version of the definition is gone; take definition \"latest\"",
                 "/definition"};
  return definition_from_json(*stored);
}

Status check_error_class(const std::optional<std::string>& name) {
  if (!name || error_class_named(*name)) return Done{};
  std::vector<std::string_view> names;
  for (const auto& info : kErrorClasses) names.push_back(info.name);
  const auto close = nearest(*name, names);
  Error error{ErrorCode::arguments_invalid, "there is no such error class" + did_you_mean(close), "/error_class",
              *name};
  error.details["nearest"] = close;
  return error;
}

std::string handle_of(const RunRecord& run) { return to_string(RunHandle{run.task_name, run.number, run.retry}); }

ReadyRun place_of(const RunRecord& run) {
  CARILLON_CHECK(run.shard && run.priority);
  return {*run.shard, *run.priority, run.run_at, run.id, run.number, run.retry};
}

bool has_steps(Tx& tx, const TenantId& tenant, const RunRecord& run) {
  const auto stored = TaskStore{tx}.definition(tenant, run.task, run.task_version);
  if (!stored) return false;
  const auto definition = definition_from_json(*stored);
  return definition && definition->action.kind == ActionKind::steps;
}

}  // namespace carillon
