#include "server/engine/awaiting.h"

#include <algorithm>
#include <set>

#include "server/domain/anchor.h"
#include "server/domain/schedule/chain.h"
#include "server/engine/lookup.h"
#include "server/engine/subscribers.h"

namespace carillon {

namespace {

// From the task along whom each waits for, back to the task itself: {"b", "c", "a"} when a waits for b, b for c and c
// for a. Empty: there is no such way.
std::vector<std::string> circle_of(Tx& tx, const AwaitingTask& task) {
  std::vector<std::vector<std::string>> ways{{}};
  std::set<std::string> seen;
  Schedule schedule = task.schedule;
  while (!ways.empty()) {
    const auto way = std::move(ways.back());
    ways.pop_back();
    if (!way.empty()) {
      if (way.back() == task.name) return way;
      if (!seen.insert(way.back()).second) continue;
      const auto met = TaskStore{tx}.lock(task.tenant, {.name = way.back()});
      const auto definition = met ? definition_of(*met) : Result<TaskDefinition>{Error{}};
      if (!definition) continue;
      schedule = definition->schedule;
    }
    for (const auto& awaited : awaited_tasks(schedule)) {
      ways.push_back(way);
      ways.back().push_back(awaited.task);
    }
  }
  return {};
}

// Another task that is named in a `when`.
Result<TaskRecord> find_other(Tx& tx, const AwaitingTask& task, const std::string& name) {
  if (name == task.name) {
    Error error{ErrorCode::arguments_invalid, "a task does not wait for itself by its name", "/when",
                task.schedule.text};
    error.try_instead = {"15m after each run"};
    return error;
  }
  auto known = find_task(tx, task.tenant, {.text = name, .pointer = "/when"});
  if (!known) return known;
  if (known->name != name)
    return Error{ErrorCode::unknown_name, "name the task that is waited for, \"" + known->name + "\", not its id",
                 "/when", name};
  if (known->hidden)
    return Error{ErrorCode::not_allowed, "the task \"" + name + "\" belongs to Carillon itself", "/when", name};
  return known;
}

}  // namespace

Status check_awaited(Tx& tx, const AwaitingTask& task) {
  for (const auto& awaited : awaited_tasks(task.schedule))
    if (const auto known = find_other(tx, task, awaited.task); !known) return known.error();
  for (const auto& name : reminded_tasks(task.schedule)) {
    const auto known = find_other(tx, task, name);
    if (!known) return known.error();
    const auto definition = definition_of(*known);
    if (!definition || can_be_reminded_of(definition->schedule)) continue;
    Error error{ErrorCode::arguments_invalid,
                "\"" + name + "\" (" + reads(definition->schedule) + ") has no times that are known ahead", "/when",
                task.schedule.text};
    error.try_instead = {"after " + name + " finishes"};
    return error;
  }
  return check_circle(tx, task);
}

Status check_circle(Tx& tx, const AwaitingTask& task) {
  const auto circle = circle_of(tx, task);
  if (circle.empty()) return Done{};
  std::string told = "\"" + task.name + "\"";
  for (const auto& name : circle) told += " waits for \"" + name + "\"" + (name == task.name ? "" : ", which");
  Error error{ErrorCode::arguments_invalid, "these tasks would start one another for ever: " + told, "/when",
              task.schedule.text};
  error.details["circle"] = circle;
  return error;
}

Status check_name_is_free(Tx& tx, const TenantId& tenant, const std::string& name) {
  const auto waiting = TaskStore{tx}.waiting_for(tenant, name);
  if (waiting.empty()) return Done{};
  Error error{ErrorCode::conflict,
              "\"" + waiting.front().name + "\" waits for \"" + name + "\" by its name; change its `when` first",
              "/new_name"};
  error.details["waiting"] = json::array();
  for (const auto& each : waiting) error.details["waiting"].push_back(each.name);
  return error;
}

std::vector<std::string> awaited_warnings(Tx& tx, const TenantId& tenant, const Schedule& schedule) {
  std::set<std::string> names;
  for (const auto& awaited : awaited_tasks(schedule)) names.insert(awaited.task);
  for (auto& name : reminded_tasks(schedule)) names.insert(std::move(name));
  std::vector<std::string> warnings;
  for (const auto& name : names) {
    const auto task = TaskStore{tx}.find(tenant, {.name = name});
    if (!task)
      warnings.push_back("there is no task \"" + name +
                         "\" any more: nothing comes of it until one of that name is there");
    else if (task->state != TaskState::active)
      warnings.push_back("the task \"" + name + "\" is " + std::string(name_of(task->state)) +
                         ": nothing comes of it by itself until that changes");
  }
  return warnings;
}

void tell_reminders(Tx& tx, Telling& telling, const std::string& name) {
  for (const std::int16_t shard : TaskStore{tx}.cue_reminders(telling.tenant(), name, telling.at()))
    telling.schedule_changed(shard);
}

void keep_awaited(Tx& tx, const TenantId& tenant, TaskId task, const Schedule& schedule) {
  std::vector<TaskSource> sources;
  for (auto& awaited : awaited_tasks(schedule))
    sources.push_back({std::string(name_of(TriggerSource::chain)), awaited.task, std::move(awaited.outcomes)});
  const auto& triggers = schedule.triggers;
  if (std::any_of(triggers.begin(), triggers.end(),
                  [](const Trigger& each) { return each.source() == TriggerSource::condition; }))
    sources.push_back({std::string(name_of(TriggerSource::condition)), ""});
  for (auto& pattern : awaited_events(schedule))
    sources.push_back({std::string(name_of(TriggerSource::event)), std::move(pattern)});
  if (waits_for_webhook(schedule)) sources.push_back({std::string(name_of(TriggerSource::webhook)), ""});
  if (const auto delay = delay_after_run(schedule))
    sources.push_back({std::string(name_of(TriggerSource::run_end)), "", {}, delay});
  for (auto& name : reminded_tasks(schedule))
    sources.push_back({std::string(name_of(TriggerSource::task_slot)), std::move(name)});
  TaskStore{tx}.set_sources(tenant, task, sources);
}

std::vector<std::string> who_waits(Tx& tx, const TenantId& tenant, const std::string& name) {
  std::vector<std::string> told;
  for (const auto& each : TaskStore{tx}.waiting_for(tenant, name))
    told.push_back("task " + each.name + " waits for it");
  return told;
}

}  // namespace carillon
