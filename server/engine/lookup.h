// Handles to things: a task by name or id, a run by handle or id, inside a transaction. What nobody knows is answered
// with the nearest names. Stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/domain/caller.h"
#include "server/store/run_store.h"
#include "server/store/task_store.h"

namespace carillon {

enum class Lock { none, row };

inline constexpr int kLooksMax = 4;             // a run moves at most from queued to live to history while we try
inline constexpr int kNamesComparedMax = 2000;  // in search of the nearest

// Errors: unknown_name at `pointer` with the nearest names.
struct TaskWanted {
  std::string text;  // name or id
  std::string pointer = "/task";
  Living living = Living::yes;
  Lock lock = Lock::none;
};
Result<TaskRecord> find_task(Tx& tx, const TenantId& tenant, const TaskWanted& wanted);

// A run of a living task first, else of the deleted one that had the name last. Errors: unknown_name.
Result<RunRecord> find_run(Tx& tx, const TenantId& tenant, const std::string& text);

// The definition of a task's row; an error when it cannot be read.
Result<TaskDefinition> definition_of(const TaskRecord& task);

// The same of one of its versions. Errors: conflict at /definition when the version is gone.
Result<TaskDefinition> definition_of_version(Tx& tx, const TenantId& tenant, const TaskRecord& task, int version);

// Of a filter. Errors: arguments_invalid at /error_class with the nearest.
Status check_error_class(const std::optional<std::string>& name);

std::string handle_of(const RunRecord& run);
// Of a queued one.
ReadyRun place_of(const RunRecord& run);
// Whether it is a run of steps; false also where its version is gone.
bool has_steps(Tx& tx, const TenantId& tenant, const RunRecord& run);

}  // namespace carillon
