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
#include "server/store/delivery_store.h"
#include "server/store/step_store.h"

// delete_item: delete a task, a pipeline or a key of the shared state, softly for a month or for good, or a run for
// good.

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
              run + " is still going; cancel it" +
                  (deleting.command.kind == "run" ? "" : ", or delete the " + deleting.command.kind + " without hard"),
              deleting.command.kind == "run" ? "/name" : "/hard", true};
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
  const auto deleted = delete_state(tx, where, command.hard ? EarlierValues::forget : EarlierValues::keep);
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

// What refers to the run: retries, which may have taken its steps over, and who is still to be told of it.
std::vector<std::string> who_refers(Tx& tx, const TenantId& tenant, const RunRecord& run) {
  std::vector<std::string> refers;
  RunStore runs{tx};
  const RunNumber number{run.task, run.number};
  for (const int retry : runs.retries(tenant, number)) {
    const auto id = runs.find_id(tenant, number, retry);
    if (!id || *id == run.id) continue;
    const auto journal = StepStore{tx}.journal(tenant, *id);
    const bool took = std::any_of(journal.begin(), journal.end(),
                                  [&](const JournalEntry& entry) { return entry.reused_from == run.id; });
    refers.push_back("run " + to_string(RunHandle{run.task_name, run.number, retry}) +
                     (took ? " took steps over from it" : " has its number"));
  }
  for (const DeliveryRecord& delivery : DeliveryStore{tx}.of_run(tenant, run.id))
    if (delivery.state == name_of(DeliveryState::pending))
      refers.push_back(delivery.target + " was not told of it yet, and is not any more");
  return refers;
}

// For good, as there is nothing to be done with it that get_run does not do.
Result<ItemDeleted> delete_run(const Deleting& deleting) {
  const auto& [call, command, tx, telling, ids, restorable] = deleting;
  const TenantId& tenant = call.caller.tenant;
  if (!call.caller.scopes.has(Scope::run)) return lacks(Scope::run, "deleting a run", command);
  const auto found = find_run(tx, tenant, command.name);
  if (!found) {
    Error error = found.error();
    error.pointer = "/name";
    return error;
  }
  const std::string handle = handle_of(*found);
  if (!command.hard) {
    Error error{ErrorCode::arguments_invalid, "a run is deleted for good or not at all: say hard", "/hard", false};
    error.try_instead = json::array({{{"kind", "run"}, {"name", handle}, {"hard", true}}});
    return error;
  }
  if (!is_final(found->state)) return still_going(deleting, handle, {});
  // Nobody repeats it meanwhile.
  for (const Living living : {Living::yes, Living::no})
    if (TaskStore{tx}.lock(tenant, {.id = found->task}, living)) break;
  ItemDeleted deleted = answer_of(deleting, handle);
  deleted.still_refers = who_refers(tx, tenant, *found);
  if (!RunStore{tx}.remove(tenant, found->id))
    return Error{ErrorCode::conflict, "the run was deleted just now", "/name", command.name};
  telling.run_event("task.run.deleted", {found->id, found->task, found->task_name, found->number, found->retry},
                    {{"outcome", name_of(found->state)}});
  telling.audit(subject_of(found->id), {{"run", handle}, {"state", name_of(found->state)}},
                {{"deleted", true}, {"hard", true}});
  return deleted;
}

Error no_such_kind(const DeleteItem& command) {
  Error error{ErrorCode::arguments_invalid,
              "what can be deleted is a task, a pipeline, a run, or a key of the shared state (state)", "/kind",
              command.kind};
  error.try_instead = json::array({{{"kind", "task"}, {"name", command.name}}});
  return error;
}

}  // namespace

Result<ItemDeleted> Engine::delete_item(const Caller& caller, const DeleteItem& command) {
  const bool of_state = command.kind == "state";
  const bool of_pipeline = command.kind == "pipeline";
  const bool of_run = command.kind == "run";
  if (command.kind != "task" && !of_state && !of_pipeline && !of_run) return no_such_kind(command);
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
    if (of_run) return delete_run(deleting);
    return of_state ? delete_key(deleting, zone_of(caller)) : delete_task(deleting);
  });
}

}  // namespace carillon
