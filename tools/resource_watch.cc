#include "tools/resource_watch.h"

#include "server/engine/engine.h"
#include "tools/resource_set.h"
#include "transport/server.h"

namespace carillon::tools {
namespace {

// Errors: unknown_name, or arguments_invalid, for what cannot be watched.
Result<Watched> subject_of(Engine& engine, const Caller& caller, const FoundResource& found) {
  const auto variable = [&](std::size_t n) { return found.variables.at(std::string(found.row->variables[n].name)); };
  if (found.row->watch == Watch::state) {
    const StateKey key{variable(0), variable(1)};
    if (auto fits = check_state_key(key); !fits) return fits.error();
    return Watched{.kind = Watched::Kind::state, .tenant = caller.tenant, .key = key};
  }
  if (found.row->watch == Watch::run) return engine.find_watched(caller, Watched::Kind::run, variable(0));
  std::string name = variable(0);
  // A version stays as it is; what can change is what is the latest.
  if (found.row->watch == Watch::pipeline) name.resize(std::min(name.size(), name.rfind('@')));
  return engine.find_watched(caller, Watched::Kind::task, name);
}

transport::Audience only(const TenantId& tenant) {
  return [tenant = tenant.str()](const transport::Principal& principal) { return principal.tenant == tenant; };
}

}  // namespace

bool ResourceWatch::begin(const Caller& caller, const std::string& uri, const FoundResource& found) {
  Entry entry{.begun = std::chrono::steady_clock::now()};
  if (found.row->watch != Watch::status) {
    const auto subject = subject_of(engine_, caller, found);
    if (!subject.ok()) return false;
    entry.subject = *subject;
    entry.mark = engine_.marks_of({*subject}).at(*subject);
  } else {
    const std::lock_guard lock{looking_};
    if (!tail_.begun()) engine_.look_at_activity(tail_);
  }
  entries_.with([&](Entries& entries) {
    const auto [at, made] = entries.try_emplace(Key{caller.tenant, uri}, entry);
    if (!made) at->second.begun = entry.begun;
  });
  return true;
}

std::set<ResourceWatch::Key> ResourceWatch::watched_now() const {
  std::set<Key> keys;
  for (const auto* server : servers())
    for (auto& watched : server->watched_resources())
      keys.insert({TenantId{watched.principal.tenant}, std::move(watched.uri)});
  return keys;
}

// What may have changed, at most looked_at_max; a later look goes on behind them.
std::vector<Watched> ResourceWatch::next_subjects(const std::set<Key>& watched) {
  const auto now = std::chrono::steady_clock::now();
  const auto subjects = entries_.with([&](Entries& entries) {
    std::erase_if(entries, [&](const auto& entry) {
      return now - entry.second.begun > limits_.unwatched_max && !watched.contains(entry.first);
    });
    std::set<Watched> open;
    for (const auto& [key, entry] : entries)
      if (entry.subject && !entry.mark.final) open.insert(*entry.subject);
    return open;
  });
  if (subjects.size() <= limits_.looked_at_max) return {subjects.begin(), subjects.end()};
  std::vector<Watched> next;
  auto at = last_one_ ? subjects.upper_bound(*last_one_) : subjects.begin();
  while (next.size() < limits_.looked_at_max) {
    if (at == subjects.end()) at = subjects.begin();
    next.push_back(*at++);
  }
  last_one_ = next.back();
  return next;
}

std::vector<ResourceWatch::Key> ResourceWatch::take_changes(const ChangeMarks& marks) {
  std::vector<Key> changed;
  entries_.with([&](Entries& entries) {
    for (auto& [key, entry] : entries) {
      if (!entry.subject) continue;
      const auto mark = marks.find(*entry.subject);
      if (mark == marks.end() || mark->second.text == entry.mark.text) continue;
      entry.mark = mark->second;
      changed.push_back(key);
    }
  });
  return changed;
}

std::vector<ResourceWatch::Key> ResourceWatch::statuses() const {
  return entries_.with([&](const Entries& entries) {
    std::vector<Key> keys;
    for (const auto& [key, entry] : entries)
      if (!entry.subject) keys.push_back(key);
    return keys;
  });
}

bool ResourceWatch::lists_are_heard() const {
  for (const auto* server : servers())
    if (server->anyone_hears_resources_changed()) return true;
  return false;
}

void ResourceWatch::tell(const std::vector<Key>& changed) const {
  for (const auto& key : changed)
    for (auto* server : servers()) server->resource_updated(key.uri, only(key.tenant));
}

void ResourceWatch::tell_lists(const Activity& activity) const {
  const transport::Audience concerned = [&](const transport::Principal& principal) {
    return activity.everybody || activity.tasks_came_or_went.contains(TenantId{principal.tenant});
  };
  if (!activity.everybody && activity.tasks_came_or_went.empty()) return;
  for (auto* server : servers()) server->resources_changed(concerned);
}

void ResourceWatch::look_at_activity() {
  auto watched = statuses();
  if (tail_.begun() && watched.empty() && !lists_are_heard()) return;
  const Activity activity = engine_.look_at_activity(tail_);
  std::erase_if(watched, [&](const Key& key) { return !activity.includes(key.tenant); });
  tell(watched);
  tell_lists(activity);
}

void ResourceWatch::look() {
  const std::lock_guard lock{looking_};
  tell(take_changes(engine_.marks_of(next_subjects(watched_now()))));
  look_at_activity();
}

}  // namespace carillon::tools
