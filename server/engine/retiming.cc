#include "server/engine/retiming.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/domain/schedule/tzdata.h"
#include "server/engine/awaiting.h"
#include "server/engine/correlation.h"
#include "server/engine/lookup.h"
#include "server/engine/standing.h"
#include "server/engine/transaction.h"

namespace carillon {

namespace {

constexpr std::string_view kMachineZone = "local";
constexpr std::chrono::days kRemembered{800};  // slots further back are yearly ones or older
constexpr std::chrono::days kForeseen{366 * 5};

bool follows_machine(const std::string& zone) { return zone == kMachineZone; }

// The zone in which the slots of the clock lie.
const std::string& zone_of_slots(const Schedule& schedule) {
  const auto timed = std::find_if(schedule.triggers.begin(), schedule.triggers.end(),
                                  [](const Trigger& trigger) { return trigger.source() == TriggerSource::clock; });
  return timed != schedule.triggers.end() ? timed->zone : schedule.zone;
}

std::string reason_of(const ZoneMark& was, const ZoneMark& now, const std::string& zone) {
  std::string reason;
  if (was.tzdata != now.tzdata) reason = "tzdata " + was.tzdata + " became " + now.tzdata;
  if (was.machine_zone != now.machine_zone && follows_machine(zone))
    reason +=
        (reason.empty() ? "" : "; ") + ("the machine's zone was " + was.machine_zone + " and is ") + now.machine_zone;
  return reason;
}

// A task and what it was computed with.
struct Before {
  const TenantId& tenant;
  const TaskRecord& task;
  const ZoneMark& mark;
  const ZoneOffsets& offsets;
};

// The last slot, as the zone is now: that time on the wall clock. Without what tzdata said then: the instant itself.
Instant last_slot_in(const Before& before, const Schedule& schedule) {
  const std::string& name = zone_of_slots(schedule);
  const auto zone = Zone::named(name);
  const auto then = before.offsets.at(follows_machine(name) ? before.mark.machine_zone : name, before.task.last_slot);
  return zone && then ? same_local_time(before.task.last_slot, *then, *zone) : before.task.last_slot;
}

bool is_slot(const Schedule& schedule, Instant at) {
  const auto slot = next_slot(schedule, at - Duration{1});
  return slot && slot->at == at;
}

struct After {
  Instant last_slot;
  std::optional<Instant> next;
};

After computed_anew(Tx& tx, const Before& before, const Schedule& schedule) {
  const auto after = [&](Instant last) {
    const auto next = next_slot(schedule, last);
    return After{last, next ? std::optional{next->at} : std::nullopt};
  };
  const Instant then = before.task.last_slot;
  const Instant now = last_slot_in(before, schedule);
  // A grid that the change left as it was, by the hour or by the minute, goes on from where it is.
  if (now == then || is_slot(schedule, then)) return after(then);
  const auto used = ZoneStore{tx}.slots_used(before.tenant, before.task.id, std::min(now, then), std::max(now, then));
  const bool fired = std::find(used.begin(), used.end(), then) != used.end();
  // Nothing fired then (the task was made or resumed), or slots fired since that time: no way back behind them.
  if (!fired || (now < then && used.size() > 1)) return after(then);
  return after(now);
}

std::optional<Schedule> schedule_of(Tx& tx, const TenantId& tenant, const TaskRecord& task) {
  const auto definition = definition_of(task);
  if (!definition) return std::nullopt;
  return with_known_anchors(tx, tenant, with_delay_slot(definition->schedule, std::nullopt));
}

// A task whose row is locked. Without a next slot it is left to the scheduler, which ends it when its time has come.
struct Moved {
  std::string task, reason;
  Instant was, next;
};
std::optional<Moved> move_slot(Tx& tx, Telling& telling, const Before& before, const ZoneMark& now) {
  const TaskRecord& task = before.task;
  const auto schedule = schedule_of(tx, before.tenant, task);
  if (!schedule || !task.next_fire_at) return std::nullopt;
  const After after = computed_anew(tx, before, *schedule);
  if (!after.next || (after.next == task.next_fire_at && after.last_slot == task.last_slot)) return std::nullopt;
  TaskStore{tx}.set_schedule(
      before.tenant, task.id,
      {.shard = task.shard, .task_version = task.version, .last_slot = after.last_slot, .next_fire_at = after.next});
  if (after.next == task.next_fire_at) return std::nullopt;
  const Moved moved{task.name, reason_of(before.mark, now, zone_of_slots(*schedule)), *task.next_fire_at, *after.next};
  ZoneStore{tx}.note_retimed(before.tenant, task.id, {moved.was, moved.next, moved.reason}, telling.at());
  const json told{{"was", to_rfc3339(moved.was)}, {"next", to_rfc3339(moved.next)}, {"reason", moved.reason}};
  telling.task_event("task.retimed", task, told);
  telling.audit(subject_of(task.id), {{"next", told["was"]}}, {{"next", told["next"]}, {"reason", moved.reason}});
  telling.schedule_changed(task.shard);
  tell_reminders(tx, telling, task.name);
  return moved;
}

}  // namespace

Retiming::Retiming(EngineParts parts, RunWatch& watch, std::string owner, RetimingOptions options)
    : parts_(parts), watch_(watch), owner_(std::move(owner)), options_(options) {}

bool Retiming::run_once() {
  refresh_settled_tzdata(options_.settled);
  const ZoneMark now{tzdata_version(), machine_zone()};
  if (now != now_) work_.clear();  // it would have marked its shards with what is past
  now_ = now;
  if (work_.empty()) look_for_work();
  const auto until = std::chrono::steady_clock::now() + options_.at_a_time;
  while (!work_.empty() && std::chrono::steady_clock::now() < until)
    if (!go_on(work_.front())) work_.pop_front();
  return !work_.empty();
}

void Retiming::look_for_work() {
  const Instant at = parts_.clock.now();
  work_ = parts_.store.across_tenants([&](Tx& tx) {
    std::deque<Work> work;
    ZoneStore zones{tx};
    const auto shards = zones.in_other_zones(owner_, now_);
    if (!shards.empty() && !zones.release(now_.tzdata)) {
      const auto today = std::chrono::floor<Seconds>(at);
      zones.note_release(now_.tzdata, to_json(zone_offsets(today - kRemembered, today + kForeseen)), at);
    }
    std::map<std::string, std::shared_ptr<const ZoneOffsets>> releases;
    for (const auto& [shard, mark] : shards) {
      if (!mark) {
        zones.mark(owner_, shard, now_, at);
        continue;
      }
      auto& offsets = releases[mark->tzdata];
      if (!offsets)
        offsets =
            std::make_shared<const ZoneOffsets>(zone_offsets_from_json(zones.release(mark->tzdata).value_or(json())));
      work.push_back({shard, *mark, std::nullopt, offsets});
    }
    return work;
  });
  if (work_.empty()) return;
  const ZoneMark& was = work_.front().was;
  log::info("next slots are computed anew", json{{"shards", work_.size()},
                                                 {"tzdata", {was.tzdata, now_.tzdata}},
                                                 {"machine_zone", {was.machine_zone, now_.machine_zone}}});
}

bool Retiming::go_on(Work& work) {
  struct Block {
    std::size_t read = 0;
    std::vector<TenantTaskRecord> concerned;
    std::optional<TenantTask> last{};
  };
  const Block block = parts_.store.across_tenants([&](Tx& tx) {
    Block found;
    auto tasks = TaskStore{tx}.with_slots(work.shard, work.after, options_.block);
    found.read = tasks.size();
    if (!tasks.empty()) found.last = TenantTask{tasks.back().tenant, tasks.back().task.id};
    for (auto& each : tasks)
      if (concerns(tx, work, each)) found.concerned.push_back(std::move(each));
    return found;
  });
  for (const auto& each : block.concerned) retime(work, each);
  if (block.last) work.after = block.last;
  if (block.read == static_cast<std::size_t>(options_.block)) return true;
  parts_.store.across_tenants([&](Tx& tx) {
    ZoneStore{tx}.mark(owner_, work.shard, now_, parts_.clock.now());
    return Done{};
  });
  return false;
}

// Most tasks stay where they are; they are passed over without a lock.
bool Retiming::concerns(Tx& tx, const Work& work, const TenantTaskRecord& found) const {
  const auto schedule = schedule_of(tx, found.tenant, found.task);
  if (!schedule) return false;
  const Before before{found.tenant, found.task, work.was, *work.offsets};
  if (last_slot_in(before, *schedule) != found.task.last_slot) return true;
  const auto next = next_slot(*schedule, found.task.last_slot);
  return next && next->at != found.task.next_fire_at;
}

void Retiming::retime(const Work& work, const TenantTaskRecord& found) {
  const Instant at = parts_.clock.now();
  const Caller us{found.tenant, AgentId{"carillon"}, Scopes::all(), own_correlation_id(parts_.ids, at),
                  "",           CallerKind::service};
  const CommandKey no_key;
  const Call call{us, "retime", no_key, at};
  const auto done = run_keyless<std::optional<Moved>>(
      parts_.store, {parts_.worker, watch_}, call, [&](Tx& tx, Telling& telling) -> Result<std::optional<Moved>> {
        const auto task = TaskStore{tx}.lock(found.tenant, {.id = found.task.id});
        if (!task) return std::optional<Moved>{};
        return move_slot(tx, telling, {found.tenant, *task, work.was, *work.offsets}, now_);
      });
  if (!done.ok() || !*done) return;
  const Moved& moved = **done;
  metrics::count("carillon_tasks_retimed_total");
  log::info("a task's next slot has moved", json{{"task", moved.task},
                                                 {"was", to_rfc3339(moved.was)},
                                                 {"next", to_rfc3339(moved.next)},
                                                 {"why", moved.reason}});
}

}  // namespace carillon
