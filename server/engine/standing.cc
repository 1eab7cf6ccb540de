#include "server/engine/standing.h"

#include "server/domain/anchor.h"
#include "server/engine/lookup.h"

namespace carillon {

Schedule with_known_anchors(Tx& tx, const TenantId& tenant, Schedule schedule) {
  Anchors anchors;
  TaskStore tasks{tx};
  for (const auto& name : reminded_tasks(schedule)) {
    const auto task = tasks.find(tenant, {.name = name});
    const auto definition = task ? definition_of(*task) : Result<TaskDefinition>{Error{}};
    if (!definition) continue;
    AnchorFacts facts{*definition, task->state, task->paused_until, task->last_slot, task->fired_count};
    for (const auto& said : tasks.overrides(tenant, task->id, task->last_slot - kMovedFor))
      facts.changes.push_back({said.slot, said.moved_to});
    anchors[name] = anchor_of(facts);
  }
  return anchors.empty() ? schedule : with_anchors(std::move(schedule), anchors);
}

Schedule standing_schedule(Tx& tx, const TenantId& tenant, const TaskRecord& task, const TaskDefinition& definition) {
  return with_known_anchors(tx, tenant, with_delay_slot(definition.schedule, task.delay_slot));
}

Rhythm rhythm_of(Tx& tx, const TenantId& tenant, const TaskRecord& task, const TaskDefinition& definition) {
  return {definition, task.last_slot, task.fired_count, TaskStore{tx}.overrides(tenant, task.id, task.last_slot),
          standing_schedule(tx, tenant, task, definition)};
}

std::optional<Instant> first_delay_slot(const Schedule& schedule, Instant begin) {
  const auto slot = slot_after_run(schedule, begin);
  return slot ? std::optional{slot->at} : std::nullopt;
}

}  // namespace carillon
