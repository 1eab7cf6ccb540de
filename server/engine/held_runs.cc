#include "server/engine/held_runs.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/domain/concurrency.h"
#include "server/domain/run_handle.h"
#include "server/domain/shard.h"
#include "server/engine/lookup.h"

namespace carillon {

namespace {

void drop(const Pausing& pausing, const TaskRecord& task, const ReadyRun& run) {
  const auto cancelled = next_state(RunState::queued, RunEvent::cancel);
  CARILLON_CHECK(cancelled.has_value());
  const std::string reason = "dropped: nobody wanted it after the outage";
  if (!RunStore{pausing.tx}.cancel_ready(
          pausing.call.caller.tenant, run,
          {.outcome = *cancelled, .at = pausing.call.now, .error_class = ErrorClass::cancelled, .reason = reason}))
    return;
  pausing.telling.run_event("task.run.cancelled", {run.id, task.id, task.name, run.number, run.retry},
                            {{"reason", reason}});
  pausing.telling.run_ended(run.id);
}

}  // namespace

std::vector<ReadyRun> held_runs(Tx& tx, const TenantId& tenant, TaskId task) {
  std::vector<ReadyRun> runs = RunStore{tx}.ready_of(tenant, task);
  std::erase_if(runs, [](const ReadyRun& run) { return run.run_at != kHeldUntil; });
  return runs;
}

HeldDecision decide_held(const Pausing& pausing, const TaskRecord& task, Meanwhile meanwhile) {
  const TenantId& tenant = pausing.call.caller.tenant;
  HeldDecision decision;
  // By id, so the latest slot is the last.
  std::vector<ReadyRun> doomed = held_runs(pausing.tx, tenant, task.id);
  if (meanwhile == Meanwhile::all) doomed.clear();
  if (meanwhile == Meanwhile::once && !doomed.empty()) doomed.pop_back();
  for (const ReadyRun& run : doomed) drop(pausing, task, run);
  decision.dropped = static_cast<std::int64_t>(doomed.size());

  const auto definition = definition_of(task);
  if (!definition) return decision;
  const auto concurrency = concurrency_of(*definition, task.id, Overlap::queue_all);
  CARILLON_CHECK(concurrency.has_value());
  const auto released = RunStore{pausing.tx}.release_held(
      tenant, task.id, {pausing.call.now, concurrency->key, shard_of(tenant, task.id, concurrency->key)});
  for (const ReadyRun& run : released) {
    decision.released.push_back(to_string(RunHandle{task.name, run.number, run.retry}));
    pausing.telling.run_ready(run.shard, pausing.call.now);
  }
  return decision;
}

}  // namespace carillon
