// The zones of an iCalendar text: what TZID names is a zone of the zone database where it is one under that name,
// behind the path that some programs put in front of it, or under the X-LIC-LOCATION of its VTIMEZONE; else the
// VTIMEZONE says itself when its clocks change ("W. Europe Standard Time" of Outlook).
//
// Pure but for the zone database; thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/ics_text.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

class IcsZone {
 public:
  explicit IcsZone(Zone zone) : zone_(zone) {}
  // Offsets from the instants on at which they change, and the one before the first.
  IcsZone(Seconds before, std::map<UtcSeconds, Seconds> changes)
      : zone_(Zone::utc()), changes_(std::move(changes)), before_(before) {}

  LocalSeconds to_local(UtcSeconds instant) const {
    return LocalSeconds{instant.time_since_epoch() + offset_at(instant)};
  }
  // A time that a change of the clock gives twice is the first, one that it takes out is read with the offset before.
  UtcSeconds to_utc(LocalSeconds local) const;

 private:
  Seconds offset_at(UtcSeconds instant) const;

  Zone zone_;
  std::map<UtcSeconds, Seconds> changes_{};  // none: the zone of the database
  Seconds before_{};
};

class IcsZones {
 public:
  // Of one VCALENDAR. Errors: arguments_invalid with the line in a VTIMEZONE that is needed and wrong.
  static Result<IcsZones> of(const IcsComponent& calendar);

  // What the TZID of a property names. Errors: arguments_invalid with the property's line.
  Result<IcsZone> named(std::string_view tzid, std::size_t line) const;
  // Where times in UTC are read: X-WR-TIMEZONE of the calendar, else UTC.
  const IcsZone& of_utc_times() const { return of_utc_times_; }

 private:
  std::map<std::string, IcsZone, std::less<>> zones_;
  IcsZone of_utc_times_{Zone::utc()};
};

}  // namespace carillon
