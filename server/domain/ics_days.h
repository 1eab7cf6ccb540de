// The days on which the events of an iCalendar text take place, as calendars of holidays, Google and Outlook write
// them.
//
// Each event is read in its own local time: that of its DTSTART (TZID), of the calendar (X-WR-TIMEZONE) where it is in
// UTC, nobody's where it is a date or has no zone. Recurring events (RRULE, RDATE, EXDATE) lose the occurrences that
// others with their UID and a RECURRENCE-ID replace; what is STATUS:CANCELLED takes place on no day. An end is
// exclusive.
//
// Pure but for the zone database; thread-safe.
#pragma once

#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/calendar.h"

namespace carillon {

// Of rules the days from a year before `now` to ten years after it, of everything else all. Errors: arguments_invalid
// with the line and what would work (no calendar, no event, what cannot be read), too_large.
Result<Days> days_of_ics(std::string_view text, Instant now);
// Those and others together.
Result<Days> with_days_of_ics(Days days, std::string_view text, Instant now);

}  // namespace carillon
