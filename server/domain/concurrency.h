// Concurrency: which runs may not be live at the same time, as the key that each run carries
// (run_ready.concurrency_key).
//
// Of the runs of a tenant that share a key at most one is live; a unique index holds it. The key also decides the shard
// (shard.h), so a task's schedule row lives in the shard of its scheduled runs. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "server/domain/task.h"

namespace carillon {

// The task's lock; else, when runs of the task queue up behind each other, a key of the task's own; else none.
inline std::optional<std::string> concurrency_key(const TaskDefinition& definition, TaskId task, Overlap policy) {
  if (!definition.lock.empty()) return "lock:" + definition.lock;
  if (policy == Overlap::allow || policy == Overlap::skip) return std::nullopt;
  return "task:" + task.str();
}

}  // namespace carillon
