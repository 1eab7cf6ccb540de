// Reminders: instants so long ahead of others.
//
// Months and days are counted back on the calendar at the same time of day (31 March less a month is 28 February);
// hours and less are elapsed time. Pure; thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/domain/schedule/schedule.h"

namespace carillon {

// So long before that moment, seen from the zone.
Instant ahead_of(Instant moment, const TimeSpan& span, const Zone& zone);

// A task that is reminded of: its slots that will run, as far as its row knows.
struct Anchor {
  struct Change {
    Instant slot;
    std::optional<Instant> moved_to{};  // none: skipped
  };
  Schedule schedule;
  Instant from = Instant::min();  // slots up to then do not count: they are over, or fall into a pause
  std::vector<Change> changes{};
};

// The reminders ahead of the anchor's slots: at most n strictly after `after`, ascending, each instant once. They
// follow the anchor: ask again when its schedule has changed.
std::vector<Slot> reminder_slots(const ReminderTrigger& reminder, const Anchor& anchor, Instant after, std::size_t n);

// The tasks that the schedule stands ahead of, by name, each once.
std::vector<std::string> reminded_tasks(const Schedule& schedule);
// The schedule with the anchors of these tasks put in; a task without one has no reminders.
using Anchors = std::map<std::string, std::shared_ptr<const Anchor>>;
Schedule with_anchors(Schedule schedule, const Anchors& anchors);

// A day some months on or back; the last day of a shorter month stands in.
DayNumber plus_months(DayNumber day, std::int64_t months);

}  // namespace carillon
