#include "server/worker/schedule_tick.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/base/trace.h"
#include "server/worker/anchors.h"

namespace carillon {

FiringFacts ScheduleTick::facts_of(const DueSchedule& due) {
  KnownTask read = read_task(due.task_name, due.definition);
  read.scopes = due.scopes;
  const auto task = std::make_shared<const KnownTask>(std::move(read));
  parts_.known.remember({due.tenant, due.task, due.version}, task);
  if (!task->definition)
    log::error("a schedule is due and its definition cannot be read",
               json{{"task", due.task_name}, {"problem", task->problem}});
  FiringFacts facts;
  facts.due = due;
  facts.definition = task->definition;
  if (facts.definition)
    facts.quiet = quiet_hours_of(*facts.definition, {due.tenant, AgentId{due.agent}}, options_.quiet);
  return facts;
}

// What is due by the clock, and what has happened.
ScheduleTick::Due ScheduleTick::what_is_due(const std::vector<OwnedShard>& shards, Instant now) {
  Due due;
  due.schedules = parts_.rows.due(shards, now, options_.batches.schedules_max);
  if (!awaited_) return due;
  const auto cued = parts_.rows.cued(shards, now, options_.batches.schedules_max);
  if (cued.empty()) return due;
  const auto known = [&](const DueSchedule& each) {
    return std::any_of(due.schedules.begin(), due.schedules.end(), [&](const DueSchedule& other) {
      return other.task == each.task && other.tenant == each.tenant;
    });
  };
  std::vector<DueSchedule> more;
  std::copy_if(cued.begin(), cued.end(), std::back_inserter(more), [&](const auto& each) { return !known(each); });
  due.schedules.insert(due.schedules.end(), more.begin(), more.end());
  due.cues = parts_.rows.cues(cued, now, options_.batches.cues_max);
  return due;
}

std::vector<Firing> ScheduleTick::decide(const Due& what, Instant now) {
  const auto& due = what.schedules;
  std::vector<FiringFacts> facts;
  std::vector<DueSchedule> may_overlap, overridden;
  for (const auto& each : due) {
    facts.push_back(facts_of(each));
    if (each.overridden) overridden.push_back(each);
    const auto& definition = facts.back().definition;
    if (definition && overlap_policy(*definition) != Overlap::allow) may_overlap.push_back(each);
  }
  const auto same = [](const auto& row, const FiringFacts& each) {
    return row.task == each.due.task && row.tenant == each.due.tenant;
  };
  for (const auto& cue : what.cues)
    for (auto& each : facts)
      if (same(cue, each)) each.cues.push_back(cue);
  if (!overridden.empty())
    for (const auto& said : parts_.rows.overrides(overridden, now))
      for (auto& each : facts)
        if (same(said, each)) each.overrides.push_back(said);
  if (!may_overlap.empty())
    for (const auto& busy : parts_.rows.busy(may_overlap))
      for (auto& each : facts)
        if (same(busy, each)) each.busy = busy.busy;

  put_anchors(parts_.rows, facts);
  const FiringTools tools{now, [&] { return parts_.ids.next(now); }, new_trace_id, options_.batches.catch_up_max,
                          options_.chain_depth_max};
  std::vector<Firing> firings;
  for (const auto& each : facts) {
    firings.push_back(decide_firing(each, tools));
    late_starts_.ease_in(firings.back(), each.definition, now);
  }
  return firings;
}

// One schedule with a value that the database refuses must not keep the others of its block from firing.
FiredBlock ScheduleTick::fire(const std::vector<Firing>& firings, Instant now) {
  try {
    return parts_.rows.fire(firings, now);
  } catch (const StatementFailed& failure) {
    if (!failure.is_data_error()) throw;
    if (firings.size() == 1) {
      log::error("a schedule could not be fired",
                 json{{"task", firings[0].due.task_name}, {"problem", failure.what()}});
      return {};
    }
  }
  FiredBlock fired;
  for (const auto& firing : firings) {
    FiredBlock one = fire({firing}, now);
    fired.runs.insert(fired.runs.end(), one.runs.begin(), one.runs.end());
    fired.cancel_requested.insert(fired.cancel_requested.end(), one.cancel_requested.begin(),
                                  one.cancel_requested.end());
  }
  return fired;
}

std::size_t ScheduleTick::run_once() {
  const auto shards = parts_.ownership.shards();
  if (shards.empty()) return 0;
  const Instant now = parts_.clock.now();
  parts_.vigil.keep(now);
  const Due due = what_is_due(shards, now);
  if (due.schedules.empty()) return 0;
  const FiredBlock block = fire(decide(due, now), now);
  for (const auto& run : block.runs) {
    metrics::count("carillon_slots_fired_total", {{"became", name_of(run.state)}});
    if (run.state == RunState::queued)
      parts_.board.due_at(run.shard, run.priority, run.run_at);
    else
      parts_.run_ended(run.id);
  }
  for (const RunId run : block.cancel_requested) parts_.cancel(run);
  if (const auto& first = due.schedules.front().next_fire_at)
    metrics::observe("carillon_firing_lateness_seconds", {}, std::chrono::duration<double>(now - *first).count());
  if (!due.cues.empty()) metrics::count("carillon_cues_total", {}, static_cast<double>(due.cues.size()));
  return block.runs.size();
}

std::size_t ScheduleTick::end_network_wait() {
  const auto shards = parts_.ownership.shards();
  if (parts_.gate.is_shut() || shards.empty()) return 0;
  const Instant now = parts_.clock.now();
  const auto starts = parts_.rows.end_wait(shards, {kWaitsForNetwork, kWaitedForNetwork, kLatePace}, now);
  Instant last = now;
  for (const auto& each : starts) {
    parts_.board.due_at(each.shard, each.priority, each.run_at);
    last = std::max(last, each.run_at);
  }
  late_starts_.network_wait_ended(last);
  return starts.size();
}

void ScheduleTick::look_ahead() {
  const auto shards = parts_.ownership.shards();
  const Instant now = parts_.clock.now();
  std::set<Instant> times;
  if (!shards.empty())
    for (const Instant at : parts_.rows.due_times(shards, now + options_.look_ahead)) times.insert(at);
  awaited_ = parts_.rows.any_awaits();
  const std::lock_guard lock{mutex_};
  times_ = std::move(times);
}

ScheduleTick::Woken ScheduleTick::wait(Monotonic latest) {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (stop_) return Woken::stop;
    if (std::exchange(changed_, false)) return Woken::changed;
    Monotonic until = latest;
    if (!times_.empty()) {
      const auto left = parts_.clock.boot_time_of(*times_.begin()) - BootClock::now();
      if (left <= Duration{0}) {
        times_.erase(times_.begin());
        return Woken::due;
      }
      until = std::min(until, std::chrono::steady_clock::now() + left);
    }
    woken_.wait_until(lock, until);
    if (std::chrono::steady_clock::now() >= latest) return stop_ ? Woken::stop : Woken::timeout;
  }
}

void ScheduleTick::runs_ended() {
  if (awaited_) changed();
}

void ScheduleTick::changed() {
  {
    const std::lock_guard lock{mutex_};
    changed_ = true;
  }
  woken_.notify_all();
}

void ScheduleTick::stop() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  woken_.notify_all();
}

}  // namespace carillon
