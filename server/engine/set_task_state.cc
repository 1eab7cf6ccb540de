#include <algorithm>

#include "server/base/check.h"
#include "server/domain/moment.h"
#include "server/engine/action_check.h"
#include "server/engine/correlation.h"
#include "server/engine/engine.h"
#include "server/engine/held_runs.h"
#include "server/engine/lookup.h"
#include "server/engine/pausing.h"
#include "server/engine/prompt_templates.h"
#include "server/engine/run_pausing.h"
#include "server/store/status_store.h"

// set_task_state: pause or resume tasks by name, by tag or all of them, or single runs; and the end of pauses that have
// one.

namespace carillon {

namespace {

constexpr int kResumptionsMax = 200;  // by one poll

Status check_command(const SetTaskState& command) {
  const int selectors = (command.tasks.empty() ? 0 : 1) + (command.tag.empty() ? 0 : 1) + (command.all ? 1 : 0) +
                        (command.runs.empty() ? 0 : 1);
  if (selectors != 1) {
    Error error{ErrorCode::arguments_invalid, "say which: exactly one of tasks, tag, all and runs", "/tasks"};
    error.try_instead = json::array({{{"tasks", {"morning-brief"}}}, {{"tag", "work"}}, {{"all", true}}});
    return error;
  }
  if (command.state == TaskState::done)
    return Error{ErrorCode::arguments_invalid, "a task is set to active or paused; it is done by itself", "/state",
                 "done"};
  if (command.until && command.state != TaskState::paused)
    return Error{ErrorCode::arguments_invalid, "until belongs to a pause", "/until", *command.until};
  if (command.meanwhile && !command.runs.empty())
    return Error{ErrorCode::arguments_invalid, "meanwhile is about slots of tasks; a run has none", "/meanwhile"};
  return Done{};
}

Result<std::optional<Instant>> read_until(const SetTaskState& command, const MomentContext& context) {
  if (!command.until) return std::optional<Instant>{};
  const auto until = read_moment(*command.until, context);
  if (!until) return until.error();
  if (*until > context.now) return std::optional{*until};
  Error error{ErrorCode::when_in_past, "the pause would have ended already", "/until", *command.until};
  error.details["now"] = describe_local(context.now, context.zone);
  return error;
}

Result<std::vector<TaskId>> selected(Tx& tx, const TenantId& tenant, const SetTaskState& command) {
  TaskStore tasks{tx};
  if (command.all) return tasks.select_ids(tenant, std::nullopt);
  if (!command.tag.empty()) {
    auto ids = tasks.select_ids(tenant, command.tag);
    if (!ids.empty()) return ids;
    return Error{ErrorCode::unknown_name, "no task has the tag \"" + command.tag + "\"", "/tag", command.tag};
  }
  std::vector<TaskId> ids;
  for (std::size_t i = 0; i < command.tasks.size(); ++i) {
    const auto task = find_task(tx, tenant, {.text = command.tasks[i], .pointer = "/tasks/" + std::to_string(i)});
    if (!task) return task.error();
    ids.push_back(task->id);
  }
  // Everybody locks in the order of ids.
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// Whether the command changes anything about this task.
bool applies(Tx& tx, const TenantId& tenant, const TaskRecord& task, const SetTaskState& command) {
  if (command.state == TaskState::active && command.meanwhile && !held_runs(tx, tenant, task.id).empty()) return true;
  if (task.state == TaskState::done) return false;
  if (command.state == TaskState::active) return task.state == TaskState::paused;
  return task.state == TaskState::active || command.until || command.meanwhile || !command.reason.empty();
}

// Resumes a paused task, and decides what was held of it.
AffectedTask activate(const Pausing& pausing, const TaskRecord& task, std::optional<Meanwhile> meanwhile) {
  const std::string state{name_of(task.state)};
  const HeldDecision held = meanwhile ? decide_held(pausing, task, *meanwhile) : HeldDecision{};
  AffectedTask affected =
      task.state == TaskState::paused
          ? resume_task(pausing, task, meanwhile)
          : AffectedTask{.task = task.name, .was = state, .state = state, .next = task.next_fire_at, .zone = task.zone};
  if (!held.released.empty() || held.dropped > 0)
    pausing.telling.audit(subject_of(task.id),
                          {{"held", held.dropped + static_cast<std::int64_t>(held.released.size())}},
                          {{"meanwhile", name_of(*meanwhile)}});
  affected.left_out += held.dropped;
  affected.caught_up.insert(affected.caught_up.begin(), held.released.begin(), held.released.end());
  return affected;
}

void throw_kill_switch(const Pausing& pausing, const SetTaskState& command, std::optional<Instant> until) {
  const Caller& caller = pausing.call.caller;
  StatusStore status{pausing.tx};
  if (command.state == TaskState::paused)
    status.pause_dispatch(caller.tenant, {command.reason, caller.agent.str(), pausing.call.now, until});
  else
    status.resume_dispatch(caller.tenant);
  pausing.telling.dispatch_changed();
  pausing.telling.audit("tenant:" + caller.tenant.str(), nullptr,
                        {{"dispatch", name_of(command.state)}, {"reason", command.reason}});
}

TaskStateSet apply(const Pausing& pausing, const SetTaskState& command, const std::vector<TaskId>& ids,
                   std::optional<Instant> until) {
  const Caller& caller = pausing.call.caller;
  TaskStateSet set{.state = std::string(name_of(command.state)), .until = until, .zone = {}, .at = pausing.call.now};
  std::vector<std::int64_t> affected_ids;
  for (const TaskId id : ids) {
    const auto task = TaskStore{pausing.tx}.lock(caller.tenant, {.id = id});
    if (!task || !applies(pausing.tx, caller.tenant, *task, command)) {
      ++set.unchanged;
      continue;
    }
    affected_ids.push_back(id.number());
    set.tasks.push_back(command.state == TaskState::paused
                            ? pause_task(pausing, *task, {command.reason, caller.agent.str(), until, command.meanwhile})
                            : activate(pausing, *task, command.meanwhile));
  }
  if (command.all) throw_kill_switch(pausing, command, until);
  const BusyRuns busy =
      RunStore{pausing.tx}.busy(caller.tenant, command.all ? std::nullopt : std::optional{affected_ids});
  set.still_running = busy.running + busy.waiting;
  set.queued = busy.queued;
  set.dispatch_paused = StatusStore{pausing.tx}.dispatch_pause(caller.tenant).has_value();
  return set;
}

// A task that would only fail, because a prompt template that it names is gone, stays paused; but lifting the pause of
// all must not hang on one of them.
Status check_prompts_of(Tx& tx, const TenantId& tenant, const std::vector<TaskId>& ids) {
  for (const TaskId id : ids) {
    const auto task = TaskStore{tx}.find(tenant, {.id = id});
    if (!task || task->state != TaskState::paused) continue;
    const auto definition = definition_of(*task);
    if (!definition) continue;
    const auto known = PromptTemplates::check(tx, tenant, definition->action);
    if (known) continue;
    Error error = known.error();
    error.message = "task " + task->name + ": " + error.message;
    error.pointer = "/tasks";
    error.details["task"] = task->name;
    return error;
  }
  return Done{};
}

}  // namespace

Result<TaskStateSet> Engine::set_task_state(const Caller& caller, const SetTaskState& command) {
  if (auto fit = check_command(command); !fit) return fit.error();
  const Call call{caller, "set_task_state", command.key, parts_.clock.now()};
  const std::string zone = zone_of(caller);
  const auto until = read_until(command, {.now = call.now, .zone = zone, .pointer = "/until"});
  if (!until) return until.error();
  const bool looks_at_prompts =
      command.state == TaskState::active && !command.all && has_own_templates(parts_.tools, caller.tenant);
  return run_once<TaskStateSet>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<TaskStateSet> {
    if (!command.runs.empty()) {
      auto paused = set_state_of_runs({call, tx, telling}, command, *until);
      if (paused) paused->zone = zone;
      return paused;
    }
    const auto ids = selected(tx, caller.tenant, command);
    if (!ids) return ids.error();
    if (looks_at_prompts)
      if (auto known = check_prompts_of(tx, caller.tenant, *ids); !known) return known.error();
    TaskStateSet set = apply({call, tx, telling, parts_.ids, options_.quiet}, command, *ids, *until);
    set.zone = zone;
    return set;
  });
}

void Engine::end_pauses() {
  const Instant now = parts_.clock.now();
  struct Ended {
    std::vector<TenantTask> tasks;
    std::vector<TenantId> tenants;
  };
  const Ended ended = parts_.store.across_tenants([&](Tx& tx) {
    return Ended{TaskStore{tx}.due_resumptions(now, kResumptionsMax), StatusStore{tx}.ended_dispatch_pauses(now)};
  });
  const CommandKey no_key;
  const auto as_ourselves = [&](const TenantId& tenant, auto work) {
    const Caller us{tenant, AgentId{"carillon"}, Scopes::all(), own_correlation_id(), "", CallerKind::service};
    const Call call{us, "set_task_state", no_key, now};
    const auto done =
        run_once<TaskStateSet>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<TaskStateSet> {
          work(Pausing{call, tx, telling, parts_.ids, options_.quiet});
          return TaskStateSet{};
        });
    CARILLON_CHECK(done.ok());  // the work refuses nothing
  };
  for (const TenantTask& due : ended.tasks)
    as_ourselves(due.tenant, [&](const Pausing& pausing) {
      const auto task = TaskStore{pausing.tx}.lock(due.tenant, {.id = due.task});
      if (task && task->state == TaskState::paused && task->paused_until && *task->paused_until <= now)
        resume_task(pausing, *task);
    });
  for (const TenantId& tenant : ended.tenants)
    as_ourselves(tenant, [&](const Pausing& pausing) {
      const auto pause = StatusStore{pausing.tx}.dispatch_pause(tenant);
      if (pause && pause->until && *pause->until <= now)
        throw_kill_switch(pausing, {.state = TaskState::active, .all = true, .reason = "the pause has ended"},
                          std::nullopt);
    });
}

std::string Engine::own_correlation_id() { return carillon::own_correlation_id(parts_.ids, parts_.clock.now()); }

}  // namespace carillon
