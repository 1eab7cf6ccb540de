#include "server/worker/known_tasks.h"

#include <nlohmann/json.hpp>

namespace carillon {
namespace {

VersionKey key_of(const LeasedRun& run) { return {run.tenant, run.task, run.task_version}; }

}  // namespace

KnownTask read_task(std::string name, const std::string& definition) {
  KnownTask task;
  task.name = std::move(name);
  const json stored = json::parse(definition, nullptr, false);
  if (stored.is_discarded()) {
    task.problem = "the task's definition is not JSON; update_task writes it anew";
    return task;
  }
  auto read = definition_from_json(stored);
  if (read)
    task.definition = std::move(*read);
  else
    task.problem = "the task's definition cannot be read: " + read.error().message;
  return task;
}

void KnownTasks::load(HotPath& path, const std::vector<LeasedRun>& runs) {
  const BootTime now = BootClock::now();
  if (entries_.size() >= kMax) entries_.clear();
  std::map<VersionKey, std::shared_ptr<const KnownTask>> missing;
  for (const auto& run : runs) {
    const auto found = entries_.find(key_of(run));
    if (found == entries_.end() || found->second.until < now) missing.try_emplace(key_of(run));
  }
  if (missing.empty()) return;
  std::vector<VersionKey> keys;
  for (const auto& [key, task] : missing) keys.push_back(key);
  for (auto& loaded : path.load_versions(keys)) {
    KnownTask task = read_task(std::move(loaded.task_name), loaded.definition);
    task.scopes = loaded.scopes;
    missing[loaded.key] = std::make_shared<const KnownTask>(std::move(task));
  }
  for (auto& [key, task] : missing) {
    if (!task)
      task = std::make_shared<const KnownTask>(KnownTask{"", std::nullopt, "the task has been deleted for good"});
    entries_.insert_or_assign(key, Entry{task, now + kKnownFor});
  }
}

std::shared_ptr<const KnownTask> KnownTasks::find(const LeasedRun& run) const {
  const auto found = entries_.find(key_of(run));
  return found == entries_.end() ? nullptr : found->second.task;
}

}  // namespace carillon
