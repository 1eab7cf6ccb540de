#include "server/engine/standing.h"

#include "server/domain/anchor.h"
#include "server/domain/schedule/slot_source.h"
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

Rhythm rhythm_of(const RhythmSource& source, const TaskRecord& task, const TaskDefinition& definition) {
  return {definition,
          task.last_slot,
          task.fired_count,
          TaskStore{source.tx}.overrides(source.tenant, task.id, task.last_slot),
          standing_schedule(source.tx, source.tenant, task, definition),
          quiet_hours_of(definition, {source.tenant, task.agent}, source.quiet)};
}

std::vector<FirstLook> first_looks(const Schedule& schedule, Instant begin) {
  std::vector<FirstLook> looks;
  const Instant after = schedule.start ? std::max(begin, *schedule.start - Duration{1}) : begin;
  for (std::size_t place = 0; place < schedule.triggers.size(); ++place)
    if (const auto at = next_look(schedule.triggers[place], after))
      looks.push_back({static_cast<std::int16_t>(place), *at});
  return looks;
}

std::vector<std::string> look_notes(Tx& tx, const TenantId& tenant, const LookingTask& task) {
  std::vector<std::string> notes;
  for (const LookStanding& look : ConditionStore{tx}.list(tenant, task.id)) {
    const auto place = static_cast<std::size_t>(look.place);
    if (place >= task.schedule.triggers.size()) continue;
    const auto* condition = std::get_if<ConditionTrigger>(&task.schedule.triggers[place].body);
    if (condition == nullptr) continue;
    std::string note = condition->tool + " has been looked at " + std::to_string(look.looks) + " times";
    if (look.next_look_at != Instant::max())
      note += "; the next look comes " + describe_instant(look.next_look_at, task.schedule.zone, task.now);
    if (look.failures > 0) note += "; the last " + std::to_string(look.failures) + " failed: " + look.last_error;
    notes.push_back(std::move(note));
  }
  return notes;
}

std::optional<Instant> first_delay_slot(const Schedule& schedule, Instant begin) {
  const auto slot = slot_after_run(schedule, begin);
  return slot ? std::optional{slot->at} : std::nullopt;
}

}  // namespace carillon
