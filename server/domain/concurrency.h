// Concurrency: which runs may not be live at the same time, as the key that each run carries
// (run_ready.concurrency_key), and how many of those that share it may be.
//
// Of the runs of a tenant that share a key at most `width` are live; a unique index of key and place holds it. The key
// also decides the shard (shard.h), so a task's schedule row lies in the shard of its scheduled runs, and one claimer
// at a time counts the live ones. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/domain/task.h"

namespace carillon {

struct Concurrency {
  std::string key;
  std::int16_t width = 1;
};

// The task's lock, one at a time; else a key of the task's own where max_parallel bounds its runs, or where they queue
// up behind each other (then one at a time unless max_parallel says more); else none.
inline std::optional<Concurrency> concurrency_of(const TaskDefinition& definition, TaskId task, Overlap policy) {
  if (!definition.lock.empty()) return Concurrency{"lock:" + definition.lock};
  const auto most = definition.options.max_parallel;
  if (!most && (policy == Overlap::allow || policy == Overlap::skip)) return std::nullopt;
  return Concurrency{"task:" + task.str(), static_cast<std::int16_t>(most.value_or(1))};
}

}  // namespace carillon
