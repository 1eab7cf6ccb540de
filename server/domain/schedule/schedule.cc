#include "server/domain/schedule/schedule.h"

#include <algorithm>

#include "server/domain/schedule/slot_source.h"

namespace carillon {
std::vector<Slot> next_slots(const Schedule& schedule, Instant after, std::size_t n) {
  if (schedule.start) after = std::max(after, *schedule.start - Duration{1});
  struct Pending {
    SlotSource source;
    std::optional<Slot> next;
  };
  std::vector<Pending> pending;
  for (const auto& trigger : schedule.triggers) {
    SlotSource source{trigger};
    auto next = source.after(after);
    pending.push_back({std::move(source), next});
  }
  std::vector<Slot> slots;
  while (slots.size() < n) {
    std::optional<Slot> first;
    for (const auto& one : pending)
      if (one.next && (!first || one.next->at < first->at)) first = one.next;
    if (!first || (schedule.until && first->at > *schedule.until)) break;
    slots.push_back(*first);
    if (slots.size() == n) break;
    for (auto& one : pending)
      if (one.next && one.next->at == first->at) one.next = one.source.after(first->at);
  }
  return slots;
}

std::optional<Slot> next_slot(const Schedule& schedule, Instant after) {
  const auto slots = next_slots(schedule, after, 1);
  if (slots.empty()) return std::nullopt;
  return slots.front();
}

std::vector<Slot> slots_between(const Schedule& schedule, Instant after, Instant until, std::size_t limit) {
  Schedule bounded = schedule;
  bounded.until = schedule.until ? std::min(*schedule.until, until) : until;
  return next_slots(bounded, after, limit);
}

std::optional<Slot> slot_after_run(const Schedule& schedule, Instant finished) {
  std::optional<Slot> soonest;
  for (const auto& trigger : schedule.triggers) {
    const auto* delay = std::get_if<DelayTrigger>(&trigger.body);
    if (delay == nullptr) continue;
    const Instant at = std::max(finished + delay->delay, schedule.start.value_or(Instant::min()));
    const bool over = (schedule.until && at > *schedule.until) || (trigger.until && at > *trigger.until);
    if (!over && (!soonest || at < soonest->at)) soonest = Slot{at};
  }
  return soonest;
}

std::optional<Duration> delay_after_run(const Schedule& schedule) {
  std::optional<Duration> shortest;
  for (const auto& trigger : schedule.triggers)
    if (const auto* delay = std::get_if<DelayTrigger>(&trigger.body))
      shortest = std::min(delay->delay, shortest.value_or(Duration::max()));
  return shortest;
}

Schedule with_delay_slot(Schedule schedule, std::optional<Instant> slot) {
  for (auto& trigger : schedule.triggers)
    if (auto* delay = std::get_if<DelayTrigger>(&trigger.body)) delay->first = slot.value_or(Instant::min());
  return schedule;
}

bool is_open_ended(const Schedule& schedule) {
  return std::any_of(schedule.triggers.begin(), schedule.triggers.end(),
                     [](const Trigger& trigger) { return trigger.source() != TriggerSource::clock; });
}

std::vector<std::string> schedule_warnings(const Schedule& schedule, Instant now) {
  std::vector<std::string> warnings;
  const auto next = next_slot(schedule, now);
  if (next && next->at - now > std::chrono::days{366})
    warnings.push_back("the next slot is more than a year away: " + describe_instant(next->at, schedule.zone, now));
  if (!next && !is_open_ended(schedule)) warnings.emplace_back("this schedule has no further slot");
  return warnings;
}

}  // namespace carillon
