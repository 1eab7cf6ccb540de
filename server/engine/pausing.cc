#include "server/engine/pausing.h"

#include "server/engine/awaiting.h"
#include "server/engine/lookup.h"
#include "server/engine/standing.h"

namespace carillon {

namespace {

constexpr std::size_t kCountMax = 10'000;

// What the pause left out, as one row of the history.
void record_left_out(const Pausing& pausing, const TaskRecord& task, const CountedSlots& left_out) {
  if (left_out.slots == 0) return;
  const Caller& caller = pausing.call.caller;
  const std::int64_t number = TaskStore{pausing.tx}.next_run_number(caller.tenant, task.id);
  const RunId id = pausing.ids.next(pausing.call.now);
  std::string reason = "paused";
  if (!task.pause_reason.empty()) reason += ": " + task.pause_reason;
  if (!left_out.in_full) reason += " (more slots than were counted)";
  RunStore{pausing.tx}.insert_unstarted(caller.tenant, {.id = id,
                                                        .task = task.id,
                                                        .task_version = task.version,
                                                        .number = number,
                                                        .slot = left_out.first,
                                                        .slot_until = left_out.slots > 1 ? left_out.last : std::nullopt,
                                                        .folded = left_out.slots - 1,
                                                        .run_at = *left_out.first,
                                                        .finished_at = pausing.call.now,
                                                        .origin = "schedule",
                                                        .agent = task.agent,
                                                        .correlation_id = caller.correlation_id,
                                                        .outcome = RunState::skipped,
                                                        .reason = reason});
  pausing.telling.run_event("task.run.skipped", {id, task.id, task.name, number},
                            {{"reason", reason}, {"slots", left_out.slots}});
}

}  // namespace

CountedSlots count_slots(const Schedule& schedule, Instant after, Instant until) {
  CountedSlots counted;
  const auto slots = next_slots(schedule, after, kCountMax);
  for (const Slot& slot : slots) {
    if (slot.at > until) return counted;
    if (!counted.first) counted.first = slot.at;
    counted.last = slot.at;
    ++counted.slots;
  }
  if (slots.size() == kCountMax) {
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

AffectedTask resume_task(const Pausing& pausing, const TaskRecord& task) {
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
    const auto left_out = count_slots(schedule, task.last_slot, now);
    record_left_out(pausing, task, left_out);
    affected.left_out = left_out.slots;
    affected.left_out_counted = left_out.in_full;
    if (const auto next = next_slot(schedule, now)) next_fire_at = affected.next = next->at;
    if (const auto again = first_delay_slot(definition->schedule, now)) {
      tasks.put_delay_slot(tenant, task.id, *again);
      affected.next = std::min(*again, affected.next.value_or(Instant::max()));
    }
    // A one-off whose time fell into the pause has nothing left to do.
    if (!affected.next && left_out.slots > 0 && !is_open_ended(definition->schedule)) resumed.state = TaskState::done;
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
