#include "server/domain/run_handle.h"
#include "server/engine/awaiting.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/run_starting.h"

// delete_item: delete a task, softly for a month or for good.

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

}  // namespace

Result<ItemDeleted> Engine::delete_item(const Caller& caller, const DeleteItem& command) {
  if (command.kind != "task") {
    Error error{ErrorCode::arguments_invalid, "what can be deleted is a task", "/kind", command.kind};
    error.try_instead = json::array({{{"kind", "task"}, {"name", command.name}}});
    return error;
  }
  const Call call{caller, "delete_item", command.key, parts_.clock.now()};
  return run_once<ItemDeleted>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<ItemDeleted> {
    const auto task = find_doomed(tx, caller.tenant, command);
    if (!task) return task.error();
    if (task->hidden)
      return Error{ErrorCode::not_allowed, "this task belongs to Carillon itself", "/name", command.name};
    TaskStore tasks{tx};
    ItemDeleted deleted{
        .kind = "task", .name = task->name, .hard = command.hard, .restorable_until = std::nullopt, .at = call.now};
    deleted.cancelled = cancel_queued({call, tx, telling, parts_.ids}, *task, "the task was deleted");
    const auto live = RunStore{tx}.live_of(caller.tenant, task->id);
    deleted.still_refers = who_refers(tx, caller.tenant, *task, live);
    if (command.hard && !live.empty()) {
      Error error{ErrorCode::conflict,
                  handle(*task, live.front()) + " is still going; cancel it, or delete the task without hard", "/hard",
                  true};
      error.details["still_refers"] = deleted.still_refers;
      error.try_instead =
          json::array({{{"tool", "cancel_run"}, {"arguments", {{"run", handle(*task, live.front())}}}}});
      return error;
    }
    TaskRecord gone = *task;
    if (command.hard) {
      tasks.remove(caller.tenant, task->id);
    } else {
      gone.deleted_at = call.now;
      tasks.set_deleted(caller.tenant, task->id, {.deleted_at = call.now, .name = task->name, .at = call.now});
      tasks.set_schedule(caller.tenant, task->id,
                         {.shard = task->shard,
                          .task_version = task->version,
                          .last_slot = task->last_slot,
                          .next_fire_at = std::nullopt});
      tasks.drop_cues(caller.tenant, task->id);
      deleted.restorable_until = call.now + options_.restorable;
    }
    telling.task_event("task.deleted", gone, {{"hard", command.hard}});
    telling.audit(subject_of(task->id), task->definition, {{"deleted", true}, {"hard", command.hard}});
    telling.schedule_changed(task->shard);
    tell_reminders(tx, telling, task->name);
    return deleted;
  });
}

}  // namespace carillon
