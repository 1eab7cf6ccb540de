#include <algorithm>

#include "server/domain/run_handle.h"
#include "server/engine/awaiting.h"
#include "server/engine/children.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/pipelines.h"
#include "server/engine/run_starting.h"
#include "server/engine/state_changing.h"
#include "server/engine/transaction.h"

// delete_item: delete a task, a pipeline or a key of the shared state, softly for a month or for good.

namespace carillon {

namespace {

std::string handle(const TaskRecord& task, const LiveRun& run) {
  return to_string(RunHandle{task.name, run.number, run.retry});
}

std::vector<std::string> who_refers(Tx& tx, const TenantId& tenant, const TaskRecord& task,
                                    const std::vector<LiveRun>& live) {
  std::vector<std::string> refers = who_waits(tx, tenant, task.name);
  for (const LiveRun& run : live)
    refers.push_back("run " + handle(task, run) + " is " + std::string(name_of(run.state)));
  const auto definition = definition_of(task);
  if (!definition || definition->lock.empty()) return refers;
  for (const auto& [name, stored] : TaskStore{tx}.neighbours(tenant, task.shard, task.id)) {
    const auto other = definition_from_json(stored);
    if (other && other->lock == definition->lock)
      refers.push_back("task " + name + " shares the lock " + definition->lock);
  }
  return refers;
}

// The living task of the name; for a hard deletion also one that was deleted softly.
Result<TaskRecord> find_doomed(Tx& tx, const TenantId& tenant, const DeleteItem& command) {
  auto task = find_task(tx, tenant, {.text = command.name, .pointer = "/name", .lock = Lock::row});
  if (task || !command.hard) return task;
  auto deleted =
      find_task(tx, tenant, {.text = command.name, .pointer = "/name", .living = Living::no, .lock = Lock::row});
  return deleted ? std::move(deleted) : std::move(task);
}

// A command on its way to what it deletes.
struct Deleting {
  const Call& call;
  const DeleteItem& command;
  Tx& tx;
  Telling& telling;
  RunIdMaker& ids;
  Duration restorable;
};

ItemDeleted answer_of(const Deleting& deleting, const std::string& name) {
  const Instant now = deleting.call.now;
  return {.kind = deleting.command.kind,
          .name = name,
          .hard = deleting.command.hard,
          .restorable_until = deleting.command.hard ? std::nullopt : std::optional{now + deleting.restorable},
          .at = now};
}

Error still_going(const Deleting& deleting, const std::string& run, const std::vector<std::string>& refers) {
  Error error{ErrorCode::conflict,
              run + " is still going; cancel it, or delete the " + deleting.command.kind + " without hard", "/hard",
              true};
  error.details["still_refers"] = refers;
  error.try_instead = json::array({{{"tool", "cancel_run"}, {"arguments", {{"run", run}}}}});
  return error;
}

enum class Item { task, pipeline };

void take_away(const Deleting& deleting, const TaskRecord& task, Item item) {
  const auto& [call, command, tx, telling, ids, restorable] = deleting;
  const TenantId& tenant = call.caller.tenant;
  TaskStore tasks{tx};
  TaskRecord gone = task;
  if (command.hard) {
    tasks.remove(tenant, task.id);
  } else {
    gone.deleted_at = call.now;
    tasks.set_deleted(tenant, task.id, {.deleted_at = call.now, .name = task.name, .at = call.now});
    tasks.set_schedule(
        tenant, task.id,
        {.shard = task.shard, .task_version = task.version, .last_slot = task.last_slot, .next_fire_at = std::nullopt});
    tasks.drop_cues(tenant, task.id);
  }
  telling.task_event(item == Item::task ? "task.deleted" : "pipeline.deleted", gone, {{"hard", command.hard}});
  telling.audit(subject_of(task.id), task.definition, {{"deleted", true}, {"hard", command.hard}});
  telling.schedule_changed(task.shard);
  tell_reminders(tx, telling, task.name);
}

Result<ItemDeleted> delete_with_runs(const Deleting& deleting, const TaskRecord& task, Item item) {
  const auto& [call, command, tx, telling, ids, restorable] = deleting;
  const TenantId& tenant = call.caller.tenant;
  ItemDeleted deleted = answer_of(deleting, task.name);
  deleted.cancelled = cancel_queued({call, tx, telling, ids}, task, "the " + command.kind + " was deleted");
  const auto live = RunStore{tx}.live_of(tenant, task.id);
  deleted.still_refers = who_refers(tx, tenant, task, live);
  if (command.hard && !live.empty()) return still_going(deleting, handle(task, live.front()), deleted.still_refers);
  take_away(deleting, task, item);
  return deleted;
}

Error lacks(Scope scope, const std::string& what, const DeleteItem& command) {
  Error error{ErrorCode::not_allowed, what + " needs the scope \"" + std::string(name_of(scope)) + "\", too", "/kind",
              command.kind};
  error.details["scope"] = name_of(scope);
  return error;
}

Error is_run_by(const DeleteItem& command, const std::vector<std::string>& tasks) {
  std::string list;
  for (const auto& task : tasks) list += (list.empty() ? "" : ", ") + task;
  Error error{ErrorCode::conflict, "the pipeline is run by " + list + "; delete them or give them other steps first",
              "/name", command.name};
  error.details["tasks"] = tasks;
  return error;
}

// The one that was deleted softly and had the name last.
std::optional<TaskRecord> deleted_pipeline(Tx& tx, const TenantId& tenant, const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos) return std::nullopt;
  auto task = TaskStore{tx}.lock(tenant, {.name = name}, Living::no);
  return task && task->hidden ? std::move(task) : std::nullopt;
}

Result<ItemDeleted> delete_task(const Deleting& deleting) {
  const auto& [call, command, tx, telling, ids, restorable] = deleting;
  const TenantId& tenant = call.caller.tenant;
  const auto task = find_doomed(tx, tenant, command);
  if (!task) return task.error();
  if (task->hidden)
    return Error{ErrorCode::not_allowed, "this task belongs to Carillon itself; a pipeline is deleted by its kind",
                 "/name", command.name};
  return delete_with_runs(deleting, *task, Item::task);
}

// Its own task goes, with what ran without any other; nobody's steps are taken from under him.
Result<ItemDeleted> delete_pipeline(const Deleting& deleting) {
  const auto& [call, command, tx, telling, ids, restorable] = deleting;
  const TenantId& tenant = call.caller.tenant;
  if (!call.caller.scopes.has(Scope::pipelines)) return lacks(Scope::pipelines, "deleting a pipeline", command);
  const auto found = find_pipeline(tx, tenant, {command.name, std::nullopt, "/name"});
  auto task = found ? TaskStore{tx}.lock(tenant, {.id = found->id}) : std::nullopt;
  if (!task && command.hard) task = deleted_pipeline(tx, tenant, command.name);
  if (!task)
    return found ? Error{ErrorCode::conflict, "the pipeline was deleted just now", "/name", command.name}
                 : found.error();
  std::vector<std::string> tasks;
  for (const auto& user : PipelineStore{tx}.users(tenant, task->id))
    if (user.living == Living::yes) tasks.push_back(user.name);
  for (std::string& name : who_runs_by_steps(tx, tenant, task->name))
    if (std::find(tasks.begin(), tasks.end(), name) == tasks.end()) tasks.push_back(std::move(name));
  if (!tasks.empty()) return is_run_by(command, tasks);
  return delete_with_runs(deleting, *task, Item::pipeline);
}

// Whoever may delete tasks has not been trusted with the shared state by that.
Result<ItemDeleted> delete_key(const Deleting& deleting, const std::string& zone) {
  const auto& [call, command, tx, telling, ids, restorable] = deleting;
  if (!call.caller.scopes.has(Scope::state)) return lacks(Scope::state, "deleting from the shared state", command);
  const StateChanging where{call.caller,
                            command.entry,
                            call.command,
                            {call.key.client_generated_id, call.key.causation_id, call.now},
                            restorable};
  const auto deleted = delete_state(tx, where, command.hard ? Earlier::forget : Earlier::keep);
  if (deleted) {
    ItemDeleted answer = answer_of(deleting, command.name);
    const auto& value = deleted->before.value;  // none: it was deleted before, now its earlier values are
    if (answer.restorable_until && value && value->expires_at)
      answer.restorable_until = std::min(*answer.restorable_until, *value->expires_at);
    return answer;
  }
  Error error = told_locally(deleted.error(), zone, call.now);
  error.pointer = "/name";
  if (error.code == ErrorCode::unknown_name)
    error.message += "; others are named by their URI, state://{namespace}/{key}";
  return error;
}

Error no_such_kind(const DeleteItem& command) {
  Error error{ErrorCode::arguments_invalid,
              "what can be deleted is a task, a pipeline, or a key of the shared state (state)", "/kind", command.kind};
  error.try_instead = json::array({{{"kind", "task"}, {"name", command.name}}});
  return error;
}

}  // namespace

Result<ItemDeleted> Engine::delete_item(const Caller& caller, const DeleteItem& command) {
  const bool of_state = command.kind == "state";
  const bool of_pipeline = command.kind == "pipeline";
  if (command.kind != "task" && !of_state && !of_pipeline) return no_such_kind(command);
  if (of_state)
    if (const auto fits = check_state_key(command.entry); !fits) {
      Error error = fits.error();
      error.pointer = "/name";
      return error;
    }
  const Call call{caller, "delete_item", command.key, parts_.clock.now()};
  return run_once<ItemDeleted>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<ItemDeleted> {
    const Deleting deleting{call, command, tx, telling, parts_.ids, options_.restorable};
    if (of_pipeline) return delete_pipeline(deleting);
    return of_state ? delete_key(deleting, zone_of(caller)) : delete_task(deleting);
  });
}

}  // namespace carillon
