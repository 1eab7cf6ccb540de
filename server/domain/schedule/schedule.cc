#include "server/domain/schedule/schedule.h"

#include <algorithm>
#include <array>

#include "server/domain/schedule/slot_source.h"

namespace carillon {
namespace {

constexpr std::array<std::pair<ScheduleKind, std::string_view>, 6> kKinds{{{ScheduleKind::once, "once"},
                                                                           {ScheduleKind::interval, "interval"},
                                                                           {ScheduleKind::calendar, "calendar"},
                                                                           {ScheduleKind::cron, "cron"},
                                                                           {ScheduleKind::rrule, "rrule"},
                                                                           {ScheduleKind::manual, "manual"}}};

}  // namespace

std::string_view name_of(ScheduleKind kind) { return kKinds.at(static_cast<std::size_t>(kind)).second; }

std::optional<ScheduleKind> schedule_kind_named(std::string_view name) {
  for (const auto& [kind, known] : kKinds)
    if (known == name) return kind;
  return std::nullopt;
}

ScheduleKind Trigger::kind() const {
  if (const auto* rule = std::get_if<RuleTrigger>(&body)) return rule->said_as;
  if (std::holds_alternative<OnceTrigger>(body)) return ScheduleKind::once;
  if (std::holds_alternative<IntervalTrigger>(body)) return ScheduleKind::interval;
  if (std::holds_alternative<CronTrigger>(body)) return ScheduleKind::cron;
  return ScheduleKind::manual;
}

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

std::vector<std::string> schedule_warnings(const Schedule& schedule, Instant now) {
  std::vector<std::string> warnings;
  const auto next = next_slot(schedule, now);
  if (next && next->at - now > std::chrono::days{366})
    warnings.push_back("the next slot is more than a year away: " + describe_instant(next->at, schedule.zone, now));
  if (!next && schedule.kind() != ScheduleKind::manual) warnings.emplace_back("this schedule has no further slot");
  return warnings;
}

}  // namespace carillon
