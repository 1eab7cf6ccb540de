#include "server/engine/standing.h"

namespace carillon {

Schedule standing_schedule(const TaskRecord& task, const TaskDefinition& definition) {
  return with_delay_slot(definition.schedule, task.delay_slot);
}

Rhythm rhythm_of(Tx& tx, const TenantId& tenant, const TaskRecord& task, const TaskDefinition& definition) {
  return {definition, task.last_slot, task.fired_count, TaskStore{tx}.overrides(tenant, task.id, task.last_slot),
          standing_schedule(task, definition)};
}

std::optional<Instant> first_delay_slot(const Schedule& schedule, Instant begin) {
  const auto slot = slot_after_run(schedule, begin);
  return slot ? std::optional{slot->at} : std::nullopt;
}

}  // namespace carillon
