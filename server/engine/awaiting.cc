#include "server/engine/awaiting.h"

#include <set>

#include "server/domain/schedule/chain.h"
#include "server/engine/lookup.h"

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

}  // namespace

Status check_awaited(Tx& tx, const AwaitingTask& task) {
  for (const auto& awaited : awaited_tasks(task.schedule)) {
    if (awaited.task == task.name) {
      Error error{ErrorCode::arguments_invalid, "a task does not wait for the ends of its own runs by its name",
                  "/when", task.schedule.text};
      error.try_instead = {"15m after each run"};
      return error;
    }
    const auto known = find_task(tx, task.tenant, {.text = awaited.task, .pointer = "/when"});
    if (!known) return known.error();
    if (known->name != awaited.task)
      return Error{ErrorCode::unknown_name, "name the task that is waited for, \"" + known->name + "\", not its id",
                   "/when", awaited.task};
    if (known->hidden)
      return Error{ErrorCode::not_allowed, "the task \"" + known->name + "\" belongs to Carillon itself", "/when",
                   awaited.task};
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

void keep_awaited(Tx& tx, const TenantId& tenant, TaskId task, const Schedule& schedule) {
  std::vector<TaskSource> sources;
  for (auto& awaited : awaited_tasks(schedule))
    sources.push_back({std::string(name_of(TriggerSource::chain)), awaited.task, std::move(awaited.outcomes)});
  if (const auto delay = delay_after_run(schedule))
    sources.push_back({std::string(name_of(TriggerSource::run_end)), "", {}, delay});
  TaskStore{tx}.set_sources(tenant, task, sources);
}

std::vector<std::string> who_waits(Tx& tx, const TenantId& tenant, const std::string& name) {
  std::vector<std::string> told;
  for (const auto& each : TaskStore{tx}.waiting_for(tenant, name))
    told.push_back("task " + each.name + " waits for it");
  return told;
}

}  // namespace carillon
