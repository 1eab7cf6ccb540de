#include "server/engine/pausing.h"

#include <algorithm>

#include "server/engine/awaiting.h"
#include "server/engine/catch_up.h"
#include "server/engine/lookup.h"
#include "server/engine/standing.h"

namespace carillon {

namespace {

constexpr std::size_t kSlotsCountedMax = 10'000;

}  // namespace

CountedSlots count_slots(const Schedule& schedule, Instant after, Instant until) {
  CountedSlots counted;
  const auto slots = next_slots(schedule, after, kSlotsCountedMax);
  for (const Slot& slot : slots) {
    if (slot.at > until) return counted;
    if (!counted.first) counted.first = slot.at;
    counted.last = slot.at;
    ++counted.slots;
  }
  if (slots.size() == kSlotsCountedMax) {
    counted.in_full = false;
    counted.last = until;
  }
  return counted;
}

AffectedTask pause_task(const Pausing& pausing, const TaskRecord& task, const PauseNote& note) {
  const TenantId& tenant = pausing.call.caller.tenant;
  TaskStore tasks{pausing.tx};
  tasks.pause(tenant, task.id, note, pausing.call.now);
  tasks.set_schedule(
      tenant, task.id,
      {.shard = task.shard, .task_version = task.version, .last_slot = task.last_slot, .next_fire_at = std::nullopt});
  AffectedTask affected{.task = task.name,
                        .was = std::string(name_of(task.state)),
                        .state = std::string(name_of(TaskState::paused)),
                        .next = std::nullopt,
                        .zone = task.zone};
  if (const auto definition = definition_of(task); definition && note.until) {
    const Schedule schedule = standing_schedule(pausing.tx, tenant, task, *definition);
    const auto left_out = count_slots(schedule, std::max(task.last_slot, pausing.call.now - Duration{1}), *note.until);
    affected.left_out = left_out.slots;
    affected.left_out_counted = left_out.in_full;
    if (const auto next = next_slot(schedule, *note.until)) affected.next = next->at;
  }
  TaskRecord paused = task;
  paused.state = TaskState::paused;
  json more{{"reason", note.reason}};
  if (note.until) more["until"] = to_rfc3339(*note.until);
  pausing.telling.task_event("task.paused", paused, std::move(more));
  pausing.telling.audit(subject_of(task.id), {{"state", affected.was}},
                        {{"state", affected.state}, {"reason", note.reason}});
  pausing.telling.schedule_changed(task.shard);
  tell_reminders(pausing.tx, pausing.telling, task.name);
  return affected;
}

AffectedTask resume_task(const Pausing& pausing, const TaskRecord& task, std::optional<Meanwhile> meanwhile) {
  const TenantId& tenant = pausing.call.caller.tenant;
  const Instant now = pausing.call.now;
  TaskStore tasks{pausing.tx};
  AffectedTask affected{
      .task = task.name, .was = std::string(name_of(task.state)), .state = {}, .next = std::nullopt, .zone = task.zone};
  TaskRecord resumed = task;
  resumed.state = TaskState::active;
  std::optional<Instant> next_fire_at;
  if (const auto definition = definition_of(task)) {
    // A fixed delay begins anew; its slot that came in the pause has been answered by the scheduler.
    const Schedule schedule =
        with_known_anchors(pausing.tx, tenant, with_delay_slot(definition->schedule, std::nullopt));
    const Meanwhile what = meanwhile.value_or(task.pause_meanwhile.value_or(Meanwhile::drop));
    const CaughtUp caught_up = catch_up(pausing, {task, *definition, schedule, what});
    affected.caught_up = caught_up.runs;
    affected.left_out = caught_up.left_out.slots;
    affected.left_out_counted = caught_up.left_out.in_full;
    if (const auto next = next_slot(schedule, now)) next_fire_at = affected.next = next->at;
    if (const auto again = first_delay_slot(definition->schedule, now)) {
      tasks.put_delay_slot(tenant, task.id, *again);
      affected.next = std::min(*again, affected.next.value_or(Instant::max()));
    }
    // A one-off whose time fell into the pause has nothing left to do.
    if (!affected.next && caught_up.slots > 0 && !is_open_ended(definition->schedule)) resumed.state = TaskState::done;
  }
  tasks.set_state(tenant, task.id, resumed.state, {TaskState::paused}, now);
  tasks.set_schedule(tenant, task.id,
                     {.shard = task.shard,
                      .task_version = task.version,
                      .last_slot = std::max(task.last_slot, now),
                      .next_fire_at = next_fire_at});
  affected.state = name_of(resumed.state);
  pausing.telling.task_event("task.resumed", resumed, {{"left_out", affected.left_out}});
  pausing.telling.audit(subject_of(task.id), {{"state", affected.was}, {"reason", task.pause_reason}},
                        {{"state", affected.state}});
  pausing.telling.schedule_changed(task.shard);
  tell_reminders(pausing.tx, pausing.telling, task.name);
  return affected;
}

}  // namespace carillon
