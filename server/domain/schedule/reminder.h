// Reminders: instants so long ahead of others.
//
// Months and days are counted back on the calendar at the same time of day (31 March less a month is 28 February);
// hours and less are elapsed time. Pure; thread-safe.
#pragma once

#include <vector>

#include "server/domain/schedule/schedule.h"

namespace carillon {

// So long before that moment, seen from the zone.
Instant ahead_of(Instant moment, const TimeSpan& span, const Zone& zone);

// The reminders ahead of another task's slots: at most n strictly after `after`, ascending, each instant once. They
// follow the anchor: ask again when its schedule has changed.
std::vector<Slot> reminder_slots(const ReminderTrigger& reminder, const Schedule& anchor, Instant after, std::size_t n);

// A day some months on or back; the last day of a shorter month stands in.
DayNumber plus_months(DayNumber day, std::int64_t months);

}  // namespace carillon
