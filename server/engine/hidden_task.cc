#include "server/engine/hidden_task.h"

#include "server/domain/shard.h"

namespace carillon {

TaskDefinition hidden_definition(Action action) {
  TaskDefinition definition;
  definition.when = "manual";
  definition.schedule.text = "manual";
  definition.schedule.zone = "UTC";
  definition.schedule.triggers.push_back(Trigger{ManualTrigger{}, "UTC", DstGap::shift, DstOverlap::first});
  definition.action = std::move(action);
  definition.options.overlap = Overlap::allow;
  return definition;
}

std::optional<TaskRecord> make_hidden_task(Tx& tx, const Call& call, const HiddenTask& hidden,
                                           const TaskDefinition& definition) {
  const TenantId& tenant = call.caller.tenant;
  TaskStore tasks{tx};
  const NewTask task{.id = hidden.id,
                     .name = hidden.name,
                     .state = TaskState::active,
                     .kind = "manual",
                     .agent = call.caller.agent.str(),
                     .hidden = true,
                     .at = call.now,
                     .scopes = hidden.scopes};
  if (!tasks.insert(tenant, task, definition)) return std::nullopt;
  tasks.insert_schedule(tenant, hidden.id,
                        {.shard = shard_of(tenant, hidden.id, std::nullopt),
                         .task_version = 1,
                         .last_slot = call.now,
                         .next_fire_at = std::nullopt});
  return tasks.find(tenant, {.id = hidden.id});
}

}  // namespace carillon
