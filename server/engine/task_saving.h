// What schedule_task and update_task share: putting a definition into the database and saying what was saved.
//
// Everything here runs inside the command's transaction, on a task whose row is locked or new.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/engine/engine.h"
#include "server/engine/transaction.h"
#include "server/store/task_store.h"

namespace carillon {

// A definition on its way into a task.
struct Saving {
  const Call& call;
  Tx& tx;
  Telling& telling;
  const EngineOptions& options;
  RunIdMaker& ids;
};

// The shard of a task's schedule row and of its scheduled runs.
std::int16_t shard_of_task(const TenantId& tenant, TaskId task, const TaskDefinition& definition);

// Makes a task. Nothing: a living task has the name.
std::optional<TaskSaved> create_task(const Saving& saving, const std::string& name, const TaskDefinition& definition,
                                     TaskState state);

struct NewVersion {
  const TaskRecord& task;  // as it is in the database, locked
  const TaskDefinition& before;
  const TaskDefinition& after;
  std::string new_name;  // the old one, or another
  bool rearm = false;    // its schedule begins anew although it says the same
};
// Errors: name_taken (the new name).
Result<TaskSaved> save_version(const Saving& saving, const NewVersion& version);

// The answer about a task that is in the database now; `task.definition` is not looked at.
TaskSaved describe_saved(const Saving& saving, const TaskRecord& task, const TaskDefinition& definition);

}  // namespace carillon
