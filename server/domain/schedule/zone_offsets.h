// ZoneOffsets: what one version of tzdata says of all zones, as data that outlives it.
//
// A slot of the past is an instant; what it was on the wall clock says only the tzdata that it was computed with, and
// that is gone once the package is replaced and the process has ended. So the offsets of some years are kept. Values
// and pure functions, but for zone_offsets(), which reads the zone database; thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/domain/schedule/zone.h"

namespace carillon {

struct ZoneOffsets {
  struct Since {
    UtcSeconds begin;
    Seconds offset;  // local minus UTC, until the next one begins
  };
  std::map<std::string, std::vector<Since>> zones;  // ascending
  UtcSeconds end;                                   // nothing is known from here on

  std::optional<Seconds> at(const std::string& zone, Instant instant) const;
};

// Of every zone, over [begin, end).
ZoneOffsets zone_offsets(UtcSeconds begin, UtcSeconds end);

json to_json(const ZoneOffsets& offsets);
ZoneOffsets zone_offsets_from_json(const json& stored);  // what is damaged is unknown

// When the zone's clocks show what they showed at `slot` with that offset: the same wall-clock time as the zone is now.
// In a gap the shifted time, of two the first unless `slot` is the second.
Instant same_local_time(Instant slot, Seconds offset_then, const Zone& zone);

}  // namespace carillon
