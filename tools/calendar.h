// Calendars: times as an iCalendar text (RFC 5545), so that a calendar program can show what will run; and the days of
// one that somebody else wrote. The only file that knows libical. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/calendar.h"

namespace carillon::tools {

struct CalendarEvent {
  std::string uid;  // the same for the same occurrence, in every text
  Instant at;
  std::string summary;
  std::string description{};  // left out when empty
};

// A VCALENDAR of events without a length. `made_at` is when the text was made (DTSTAMP). Times are in UTC, which every
// reader shows in its own zone.
std::string to_calendar(const std::vector<CalendarEvent>& events, Instant made_at);

// The days on which the events of an iCalendar text take place, in the events' own local time: of one-time events all,
// of recurring ones those from a year before `now` to ten years after it. Errors: arguments_invalid (no calendar, no
// event, a recurrence that cannot be read), too_large.
Result<Days> days_of_calendar(const std::string& text, Instant now);

}  // namespace carillon::tools
