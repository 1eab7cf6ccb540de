#include "server/store/schedule_rows.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/domain/run_payload.h"
#include "server/domain/schedule/misfire.h"
#include "server/domain/shard.h"
#include "server/store/batch.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

void add_tasks(HotParams& params, const std::vector<Firing>& firings) {
  std::int32_t place = 0;
  params.int32s(each(firings, [&](const Firing&) { return place++; }))
      .texts(each(firings, [](const Firing& firing) { return firing.due.tenant.str(); }))
      .int64s(each(firings, [](const Firing& firing) { return firing.due.task.number(); }))
      .int16s(each(firings, [](const Firing& firing) { return firing.due.shard.shard; }))
      .int64s(each(firings, [](const Firing& firing) { return firing.due.shard.epoch; }))
      .int32s(each(firings, [](const Firing& firing) { return firing.due.version; }))
      .instants(each(firings, [](const Firing& firing) { return firing.due.last_slot; }))
      .instants(each(firings, [](const Firing& firing) { return firing.due.next_fire_at; }))
      .texts(each(firings, [](const Firing& firing) { return firing.due.task_state; }))
      .instants(each(firings, [](const Firing& firing) { return firing.last_slot; }))
      .instants(each(firings, [](const Firing& firing) { return firing.next_fire_at; }))
      .int32s(each(firings, [](const Firing& firing) { return firing.fired; }))
      .int16s(each(firings, [](const Firing& firing) { return firing.priority; }))
      .texts(each(firings, [](const Firing& firing) -> MaybeText { return firing.concurrency_key; }))
      .texts(each(firings, [](const Firing& firing) -> MaybeText { return firing.dedupe_key; }))
      .intervals(each(firings, [](const Firing& firing) { return firing.dedupe_window; }))
      .bools(each(firings, [](const Firing& firing) { return firing.earlier_runs == Earlier::cancel; }))
      .texts(each(firings, [](const Firing& firing) { return firing.due.agent; }));
}

using PlacedSlot = std::pair<std::int32_t, const FiredSlot*>;

std::vector<PlacedSlot> placed_slots(const std::vector<Firing>& firings) {
  std::vector<PlacedSlot> slots;
  for (std::size_t place = 0; place < firings.size(); ++place)
    for (const auto& slot : firings[place].slots) slots.emplace_back(static_cast<std::int32_t>(place), &slot);
  return slots;
}

void add_slots(HotParams& params, const std::vector<Firing>& firings) {
  const auto slots = placed_slots(firings);
  params.int32s(each(slots, [](const PlacedSlot& slot) { return slot.first; }))
      .int64s(each(slots, [](const PlacedSlot& slot) { return slot.second->id.number(); }))
      .texts(each(slots, [](const PlacedSlot& slot) { return std::string{name_of(slot.second->state)}; }))
      .instants(each(slots, [](const PlacedSlot& slot) { return slot.second->slot; }))
      .instants(each(slots, [](const PlacedSlot& slot) { return slot.second->slot_until; }))
      .int32s(each(slots, [](const PlacedSlot& slot) { return slot.second->folded; }))
      .texts(each(slots, [](const PlacedSlot& slot) { return slot.second->reason; }))
      .instants(each(slots, [](const PlacedSlot& slot) { return slot.second->run_at; }))
      .instants(each(slots, [](const PlacedSlot& slot) { return slot.second->expires_at; }))
      .texts(each(slots, [](const PlacedSlot& slot) { return slot.second->correlation_id; }));
}

// What the slots and the tasks have to do with cues, beside each slot's and each task's other values.
void add_cues(HotParams& params, const std::vector<Firing>& firings) {
  const auto slots = placed_slots(firings);
  params.bools(each(firings, [](const Firing& firing) { return firing.ended; }))
      .int64s(each(slots, [](const PlacedSlot& slot) { return slot.second->cue; }))
      .texts(each(slots, [](const PlacedSlot& slot) { return slot.second->cause; }))
      .int32s(each(slots, [](const PlacedSlot& slot) { return std::int32_t{slot.second->depth}; }));
  std::vector<std::int32_t> places;
  std::vector<std::int64_t> cues;
  for (std::size_t place = 0; place < firings.size(); ++place)
    for (const std::int64_t cue : firings[place].cues) {
      places.push_back(static_cast<std::int32_t>(place));
      cues.push_back(cue);
    }
  params.int32s(places).int64s(cues);
}

DueSchedule due_schedule(HotRows::Row row) {
  DueSchedule due;
  due.tenant = TenantId{row.text()};
  due.task = TaskId{row.int64()};
  due.task_name = row.text();
  due.shard.shard = row.int16();
  due.shard.epoch = row.int64();
  due.version = row.int32();
  due.last_slot = row.instant();
  due.next_fire_at = row.opt_instant();
  due.fired_count = row.int64();
  due.task_state = row.text();
  due.paused_until = row.opt_instant();
  due.pause_reason = row.text();
  due.agent = row.text();
  due.definition = row.text();
  due.scopes = scopes_of_words(row.opt_text());
  due.overridden = row.boolean();
  due.revision = row.int32();
  return due;
}

Cue cue_of(HotRows::Row row) {
  Cue cue;
  cue.id = row.int64();
  cue.tenant = TenantId{row.text()};
  cue.task = TaskId{row.int64()};
  cue.source = row.text();
  cue.anchor = row.text();
  cue.outcome = row.text();
  cue.cause = row.text();
  cue.told = row.text();
  cue.due_at = row.instant();
  cue.depth = row.int32();
  cue.correlation_id = row.text();
  return cue;
}

}  // namespace

std::vector<DueSchedule> ScheduleRows::due(const std::vector<OwnedShard>& shards, Instant now, int n_max) {
  HotParams params;
  params.text(owner_);
  add_shards(params, shards);
  params.instant(now).int32(n_max);
  const HotRows rows = connection_.run(sql::due_schedules, params);
  std::vector<DueSchedule> due;
  for (int i = 0; i < rows.size(); ++i) due.push_back(due_schedule(rows[i]));
  return due;
}

std::vector<DueSchedule> ScheduleRows::cued(const std::vector<OwnedShard>& shards, Instant now, int n_max) {
  HotParams params;
  params.text(owner_);
  add_shards(params, shards);
  params.instant(now).int32(n_max);
  const HotRows rows = connection_.run(sql::cued_schedules, params);
  std::vector<DueSchedule> cued;
  for (int i = 0; i < rows.size(); ++i) cued.push_back(due_schedule(rows[i]));
  return cued;
}

std::vector<Cue> ScheduleRows::cues(const std::vector<DueSchedule>& cued, Instant now, int n_max) {
  HotParams params;
  params.texts(each(cued, [](const DueSchedule& each_due) { return each_due.tenant.str(); }))
      .int64s(each(cued, [](const DueSchedule& each_due) { return each_due.task.number(); }))
      .instant(now)
      .int32(n_max);
  const HotRows rows = connection_.run(sql::due_cues, params);
  std::vector<Cue> cues;
  for (int i = 0; i < rows.size(); ++i) cues.push_back(cue_of(rows[i]));
  return cues;
}

std::vector<DueSchedule> ScheduleRows::anchors(const std::vector<Named>& named) {
  HotParams params;
  params.texts(each(named, [](const Named& one) { return one.tenant.str(); })).texts(each(named, [](const Named& one) {
    return one.name;
  }));
  const HotRows rows = connection_.run(sql::anchors, params);
  std::vector<DueSchedule> anchors;
  for (int i = 0; i < rows.size(); ++i) anchors.push_back(due_schedule(rows[i]));
  return anchors;
}

std::vector<ScheduleRows::Start> ScheduleRows::end_wait(const std::vector<OwnedShard>& shards, const EndOfWait& wait,
                                                        Instant now) {
  HotParams params;
  params.int16s(each(shards, [](const OwnedShard& shard) { return shard.shard; }))
      .text(std::string{wait.until_now})
      .instant(now)
      .text(std::string{wait.from_now_on})
      .int32(wait.pace.at_once)
      .interval(wait.pace.between)
      .interval(wait.pace.longest);
  const HotRows rows = connection_.run(sql::end_network_wait, params);
  std::vector<Start> starts;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const std::int16_t shard = row.int16(), priority = row.int16();
    starts.push_back({shard, priority, row.instant()});
  }
  return starts;
}

bool ScheduleRows::any_awaits() { return connection_.run(sql::any_awaits, HotParams{})[0].boolean(); }

std::vector<Instant> ScheduleRows::due_times(const std::vector<OwnedShard>& shards, Instant until) {
  const auto numbers = each(shards, [](const OwnedShard& shard) { return shard.shard; });
  const HotRows rows = connection_.run(sql::due_schedule_times, HotParams{}.int16s(numbers).instant(until));
  std::vector<Instant> times;
  for (int i = 0; i < rows.size(); ++i) times.push_back(rows[i].instant());
  return times;
}

std::vector<SlotChange> ScheduleRows::overrides(const std::vector<DueSchedule>& due, Instant until) {
  HotParams params;
  params.texts(each(due, [](const DueSchedule& each_due) { return each_due.tenant.str(); }))
      .int64s(each(due, [](const DueSchedule& each_due) { return each_due.task.number(); }))
      .instants(each(due, [](const DueSchedule& each_due) { return each_due.last_slot; }))
      .instant(until);
  const HotRows rows = connection_.run(sql::slot_overrides_of_due, params);
  std::vector<SlotChange> overrides;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    SlotChange said;
    said.task = TaskId{row.int64()};
    said.tenant = TenantId{row.text()};
    said.slot = row.instant();
    said.moved_to = row.opt_instant();
    said.reason = row.text();
    overrides.push_back(std::move(said));
  }
  return overrides;
}

std::vector<TaskBusy> ScheduleRows::busy(const std::vector<DueSchedule>& due) {
  std::vector<std::int16_t> shards;
  for (const auto& each_due : due) {
    shards.push_back(each_due.shard.shard);
    // A run that somebody started by hand with overlap `allow` has no key and may lie in another shard.
    shards.push_back(shard_of(each_due.tenant, each_due.task, std::nullopt));
  }
  std::sort(shards.begin(), shards.end());
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  HotParams params;
  params.texts(each(due, [](const DueSchedule& each_due) { return each_due.tenant.str(); }))
      .int64s(each(due, [](const DueSchedule& each_due) { return each_due.task.number(); }))
      .int16s(shards)
      .instant(kHeldUntil);
  const HotRows rows = connection_.run(sql::busy_of_due, params);
  std::vector<TaskBusy> busy;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    TaskBusy task;
    task.tenant = TenantId{row.text()};
    task.task = TaskId{row.int64()};
    task.busy.running = static_cast<int>(row.int64());
    task.busy.queued = static_cast<int>(row.int64());
    busy.push_back(std::move(task));
  }
  return busy;
}

FiredBlock ScheduleRows::fire(const std::vector<Firing>& unsorted, Instant now) {
  std::vector<Firing> firings = unsorted;
  std::sort(firings.begin(), firings.end(), [](const Firing& left, const Firing& right) {
    return std::tie(left.due.tenant, left.due.task) < std::tie(right.due.tenant, right.due.task);
  });
  HotParams params;
  params.text(owner_);
  add_tasks(params, firings);
  add_slots(params, firings);
  params.instant(now)
      .text(name_of(RunState::queued))
      .text(name_of(RunState::skipped))
      .text(name_of(*next_state(RunState::queued, RunEvent::cancel)));
  add_cues(params, firings);
  params.int16s(each(firings, [](const Firing& firing) { return firing.key_width; }));
  params.int32(static_cast<std::int32_t>(kPayloadInlineMax));
  params.int32s(each(firings, [](const Firing& firing) { return firing.due.revision; }));
  const HotRows rows = connection_.run(sql::fire_slots, params);
  FiredBlock block;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    MovedRun run;
    run.id = RunId{row.int64()};
    run.shard = row.int16();
    run.priority = row.int16();
    run.run_at = row.instant();
    const auto state = run_state_named(row.text());
    CARILLON_CHECK(state.has_value());
    run.state = *state;
    if (row.boolean())
      block.cancel_requested.push_back(run.id);
    else
      block.runs.push_back(run);
  }
  return block;
}

}  // namespace carillon
