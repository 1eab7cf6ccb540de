#include "server/domain/schedule/reminder.h"

#include <algorithm>
#include <set>

#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"

namespace carillon {
namespace {

Zone zone_of(const Schedule& schedule) {
  const auto zone = Zone::named(schedule.zone);
  return zone ? *zone : Zone::utc();
}

constexpr Duration kUneven =
    std::chrono::hours{3};  // near a change of the clock later slots can have earlier reminders

// The earliest anchor whose reminder comes after `after`, found by halving: later anchors have later reminders.
Instant first_anchor(const TimeSpan& span, const Zone& zone, Instant after) {
  const Duration whole = Seconds{span.seconds} + std::chrono::days{span.days - 2};
  Instant low = after + whole + std::chrono::days{28 * span.months};
  Instant high = after + whole + std::chrono::days{31 * span.months + 4};
  while (high - low > std::chrono::minutes{1}) {
    const Instant middle = low + (high - low) / 2;
    (ahead_of(middle, span, zone) > after ? high : low) = middle;
  }
  return low - kUneven;
}

}  // namespace

DayNumber plus_months(DayNumber day, std::int64_t months) {
  const CivilDay civil = civil_day(day);
  const std::int64_t index = std::int64_t{civil.year} * 12 + civil.month - 1 + months;
  const auto year = static_cast<int>(index / 12);
  const auto month = static_cast<unsigned>(index % 12) + 1;
  return day_number({year, month, std::min(civil.day, days_in_month(year, month))});
}

Instant ahead_of(Instant moment, const TimeSpan& span, const Zone& zone) {
  Instant ahead = moment;
  if (span.days != 0 || span.months != 0) {
    const UtcSeconds whole = std::chrono::floor<Seconds>(moment);
    const LocalSeconds local = zone.to_local(whole);
    const auto day = std::chrono::floor<std::chrono::days>(local.time_since_epoch());
    const auto moved = plus_months(static_cast<DayNumber>(day.count()), -span.months) - span.days;
    const LocalSeconds back{Seconds{moved * kDaySeconds} + (local.time_since_epoch() - day)};
    ahead = Instant{instant_of(zone, back)} + (moment - whole);
  }
  return ahead - Seconds{span.seconds};
}

std::vector<Slot> reminder_slots(const ReminderTrigger& reminder, const Anchor& anchor, Instant after, std::size_t n) {
  const Zone zone = zone_of(anchor.schedule);
  const auto is_changed = [&](Instant slot) {
    return std::any_of(anchor.changes.begin(), anchor.changes.end(),
                       [&](const Anchor::Change& change) { return change.slot == slot; });
  };
  std::vector<Slot> slots;
  for (const auto& span : reminder.before) {
    const std::size_t begin = slots.size();
    const Instant from = std::max(first_anchor(span, zone, after), anchor.from);
    for (auto slot = next_slot(anchor.schedule, from); slot && slots.size() < begin + n;
         slot = next_slot(anchor.schedule, slot->at)) {
      const Instant at = ahead_of(slot->at, span, zone);
      const bool again = slots.size() > begin && slots.back().at == at;
      if (at > after && !again && !is_changed(slot->at)) slots.push_back({at});
    }
    for (const auto& change : anchor.changes) {
      if (!change.moved_to || *change.moved_to <= anchor.from) continue;
      if (const Instant at = ahead_of(*change.moved_to, span, zone); at > after) slots.push_back({at});
    }
  }
  const auto earlier = [](const Slot& a, const Slot& b) { return a.at < b.at; };
  const auto same = [](const Slot& a, const Slot& b) { return a.at == b.at; };
  std::sort(slots.begin(), slots.end(), earlier);
  slots.erase(std::unique(slots.begin(), slots.end(), same), slots.end());
  if (slots.size() > n) slots.resize(n);
  return slots;
}

std::vector<std::string> reminded_tasks(const Schedule& schedule) {
  std::set<std::string> tasks;
  for (const auto& trigger : schedule.triggers)
    if (const auto* reminder = std::get_if<ReminderTrigger>(&trigger.body); reminder && !reminder->task.empty())
      tasks.insert(reminder->task);
  return {tasks.begin(), tasks.end()};
}

Schedule with_anchors(Schedule schedule, const Anchors& anchors) {
  for (auto& trigger : schedule.triggers) {
    auto* reminder = std::get_if<ReminderTrigger>(&trigger.body);
    if (reminder == nullptr || reminder->task.empty()) continue;
    const auto known = anchors.find(reminder->task);
    reminder->anchor = known == anchors.end() ? nullptr : known->second;
  }
  return schedule;
}

}  // namespace carillon
