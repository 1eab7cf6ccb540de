// What a task waits for beside the clock: looked at when it is saved, and kept in rows where the ends of runs find it.
//
// A task is waited for by its name, so a name that others wait for stays. Tasks that would start one another in a
// circle are refused; what two commands at once can still join to one is cut by the worker (worker.chain_depth_max).
// Inside the command's transaction; locks the rows of the tasks that it walks over.
#pragma once

#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/domain/schedule/schedule.h"
#include "server/engine/transaction.h"
#include "server/store/task_store.h"

namespace carillon {

struct AwaitingTask {
  const TenantId& tenant;
  const std::string& name;  // as it will be called
  const Schedule& schedule;
};

// Errors at /when: unknown_name (there is no such task to wait for), arguments_invalid (a circle, which is named; a
// task without slots of its own to be reminded of).
Status check_awaited(Tx& tx, const AwaitingTask& task);
// The circle alone, for a task that comes under another name or comes back: whom it waits for may be gone.
Status check_circle(Tx& tx, const AwaitingTask& task);
// conflict at /new_name: others wait for the name.
Status check_name_is_free(Tx& tx, const TenantId& tenant, const std::string& name);

// What keeps it from being started now: whom it waits for is deleted, paused or done. One sentence each.
std::vector<std::string> awaited_warnings(Tx& tx, const TenantId& tenant, const Schedule& schedule);

// The slots of the task are others now: its reminders are derived again, by whoever owns their shards.
void tell_reminders(Tx& tx, Telling& telling, const std::string& name);

void keep_awaited(Tx& tx, const TenantId& tenant, TaskId task, const Schedule& schedule);

// "task load waits for it", for each.
std::vector<std::string> who_waits(Tx& tx, const TenantId& tenant, const std::string& name);

}  // namespace carillon
