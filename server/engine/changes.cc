#include "server/engine/changes.h"

#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/store/change_store.h"

namespace carillon {

namespace {

constexpr int kEventsLookedAt = 5'000;
constexpr std::int64_t kMoveOnAfter = 1'000;  // events; then the look begins further on

}  // namespace

Activity ActivityTail::look(Store& store) {
  const auto last_event = [&] { return store.across_tenants([](Tx& tx) { return ChangeStore{tx}.last_event(); }); };
  if (!from_) {
    from_ = last_event();
    return {};
  }
  const EventsBehind behind =
      store.across_tenants([&](Tx& tx) { return ChangeStore{tx}.events_behind(*from_, kEventsLookedAt); });
  Activity activity;
  for (const TenantEvents& now : behind.tenants) {
    Count& before = counts_[now.tenant];
    if (now.events != before.events) activity.tenants.insert(now.tenant);
    if (now.made_or_taken != before.made_or_taken) activity.tasks_came_or_went.insert(now.tenant);
    before = {now.events, now.made_or_taken};
  }
  if (behind.total < kMoveOnAfter) return activity;
  activity.everybody = behind.total == kEventsLookedAt;
  from_ = activity.everybody ? last_event() : behind.last;
  counts_.clear();
  return activity;
}

Result<Watched> Engine::find_watched(const Caller& caller, Watched::Kind kind, const std::string& name) {
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<Watched> {
    if (kind == Watched::Kind::run) {
      const auto run = find_run(tx, caller.tenant, name);
      if (!run) return run.error();
      return Watched{kind, caller.tenant, run->id.number()};
    }
    const auto task = find_task(tx, caller.tenant, {.text = name});
    if (!task) return task.error();
    return Watched{kind, caller.tenant, task->id.number()};
  });
}

ChangeMarks Engine::marks_of(const std::vector<Watched>& watched) {
  ChangeMarks marks;
  std::map<RunId, TenantId> tenant_of;
  std::vector<RunId> runs;
  std::vector<TenantId> tenants;
  std::vector<TaskId> tasks;
  std::vector<StateWatched> keys;
  for (const Watched& each : watched) {
    marks[each] = {};
    if (each.kind == Watched::Kind::state) {
      keys.push_back({each.tenant, each.key});
    } else if (each.kind == Watched::Kind::run) {
      runs.emplace_back(each.id);
      tenant_of.emplace(each.id, each.tenant);
    } else {
      tenants.push_back(each.tenant);
      tasks.emplace_back(each.id);
    }
  }
  if (watched.empty()) return marks;
  parts_.store.across_tenants([&](Tx& tx) {
    ChangeStore changes{tx};
    if (!runs.empty())
      for (RunMarked& run : changes.marks(runs))
        marks[{Watched::Kind::run, tenant_of.at(run.run), run.run.number()}] = {std::move(run.mark), run.final};
    if (!tasks.empty())
      for (TaskMarked& task : changes.marks(tenants, tasks))
        marks[{Watched::Kind::task, task.tenant, task.task.number()}] = {std::move(task.mark), false};
    if (!keys.empty())
      for (StateMarked& state : changes.marks(keys, parts_.clock.now()))
        marks[{Watched::Kind::state, state.what.tenant, 0, state.what.key}] = {std::move(state.mark), false};
  });
  return marks;
}

Activity Engine::look_at_activity(ActivityTail& tail) { return tail.look(parts_.store); }

}  // namespace carillon
