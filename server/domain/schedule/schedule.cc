#include "server/domain/schedule/schedule.h"

#include <algorithm>
#include <limits>

#include "server/domain/schedule/slot_source.h"

namespace carillon {
namespace {

// Which days the calendars leave to the schedule.
class OpenDays {
 public:
  explicit OpenDays(const Schedule& schedule)
      : schedule_(schedule), zone_(Zone::named(schedule.zone).value_or(Zone::utc())) {}

  bool is_open(Instant at) const { return is_open(day_of(at)); }
  // The end of the stretch of closed days in which it lies, exclusive; nothing when no open day follows.
  std::optional<Instant> closed_until(Instant at) const {
    const std::int32_t closed = day_of(at);
    std::int32_t day = closed + 1;
    if (const auto listed = next_listed(closed)) day = *listed;
    if (day == kNever) return std::nullopt;
    while (!is_open(day) && day - closed < kDaysMax) ++day;
    return instant_of(zone_, LocalSeconds{std::chrono::days{day}});
  }

 private:
  static constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();
  static constexpr std::int32_t kDaysMax = 100'000;

  std::int32_t day_of(Instant at) const {
    const LocalSeconds local = zone_.to_local(std::chrono::floor<Seconds>(at));
    return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count());
  }
  bool is_open(std::int32_t day) const {
    bool any_only = false, listed = false;
    for (const auto& calendar : schedule_.calendars) {
      const bool has = std::binary_search(calendar.days.begin(), calendar.days.end(), day);
      if (calendar.use == CalendarDays::Use::exclude && has) return false;
      any_only = any_only || calendar.use == CalendarDays::Use::only;
      listed = listed || (calendar.use == CalendarDays::Use::only && has);
    }
    return listed || !any_only;
  }
  // Of calendars that say `only`: the first day after that one, kNever when there is none; nothing without such.
  std::optional<std::int32_t> next_listed(std::int32_t day) const {
    std::optional<std::int32_t> first;
    for (const auto& calendar : schedule_.calendars) {
      if (calendar.use != CalendarDays::Use::only) continue;
      const auto next = std::upper_bound(calendar.days.begin(), calendar.days.end(), day);
      first = std::min(first.value_or(kNever), next == calendar.days.end() ? kNever : *next);
    }
    return first;
  }

  const Schedule& schedule_;
  const Zone zone_;
};

}  // namespace

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
  std::optional<OpenDays> days;
  if (!schedule.calendars.empty()) days.emplace(schedule);
  std::vector<Slot> slots;
  while (slots.size() < n) {
    std::optional<Slot> first;
    for (const auto& one : pending)
      if (one.next && (!first || one.next->at < first->at)) first = one.next;
    if (!first || (schedule.until && first->at > *schedule.until)) break;
    Instant passed = first->at;
    if (!days || days->is_open(first->at)) {
      slots.push_back(*first);
      if (slots.size() == n) break;
    } else if (const auto open = days->closed_until(first->at)) {
      passed = std::max(passed, *open - Duration{1});
    } else {
      break;
    }
    for (auto& one : pending)
      if (one.next && one.next->at <= passed) one.next = one.source.after(passed);
  }
  return slots;
}

std::optional<Slot> next_slot(const Schedule& schedule, Instant after) {
  const auto slots = next_slots(schedule, after, 1);
  if (slots.empty()) return std::nullopt;
  return slots.front();
}

bool is_open_day(const Schedule& schedule, Instant at) {
  return schedule.calendars.empty() || OpenDays{schedule}.is_open(at);
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
