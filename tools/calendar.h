// Calendars: times as an iCalendar text (RFC 5545), so that a calendar program can show what will run. The only
// file that knows libical. Pure; thread-safe. Those that others wrote are read by server/domain/ics_days.h.
#pragma once

#include <string>
#include <vector>

#include "server/base/clock.h"

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

}  // namespace carillon::tools
