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

void KnownTasks::remember(const VersionKey& key, std::shared_ptr<const KnownTask> task) {
  entries_.with([&](Entries& entries) {
    if (entries.size() >= kMax) entries.clear();
    entries.insert_or_assign(key, Entry{std::move(task), BootClock::now() + kKnownFor});
  });
}

std::vector<std::shared_ptr<const KnownTask>> KnownTasks::of(HotPath& path, const std::vector<LeasedRun>& runs) {
  std::vector<std::shared_ptr<const KnownTask>> tasks(runs.size());
  std::map<VersionKey, std::shared_ptr<const KnownTask>> missing;
  const BootTime now = BootClock::now();
  entries_.with([&](const Entries& entries) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const auto found = entries.find(key_of(runs[i]));
      if (found != entries.end() && found->second.until >= now)
        tasks[i] = found->second.task;
      else
        missing.try_emplace(key_of(runs[i]));
    }
  });
  if (missing.empty()) return tasks;
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
    remember(key, task);
  }
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (!tasks[i]) tasks[i] = missing.at(key_of(runs[i]));
  return tasks;
}

}  // namespace carillon
