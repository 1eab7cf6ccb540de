// Zones: IANA time zones by name, both directions, and the zone database they come from.
//
// A Zone is a small handle; its data is loaded once for each version of tzdata and kept for ever, so handles never
// dangle. cctz caches a zone under its name for the life of the process; we put the version in front of the name, so
// that a new tzdata package is seen after refresh_tzdata(). The name `local` means the machine's zone as it was when it
// was last looked at: asking the file system with each look-up cost more than all else in a call. Names are found in
// any case. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon {

using LocalSeconds = std::chrono::local_seconds;  // what a clock on the wall shows
using Seconds = std::chrono::seconds;
using UtcSeconds = std::chrono::sys_seconds;

// What a wall-clock time means in a zone: one instant, none (a gap) or two (an overlap).
struct LocalReading {
  enum class Kind { unique, gap, overlap };
  Kind kind;
  UtcSeconds first;   // read with the offset before the change; in a gap this is the shifted time (RFC 5545 3.3.5)
  UtcSeconds change;  // the instant of the change; equals first when unique
  UtcSeconds second;  // read with the offset after the change
};

// A stretch of time in which the offset does not change: [begin, end).
struct OffsetSpan {
  UtcSeconds begin, end;
  Seconds offset;  // local minus UTC
};

struct ZoneData;  // what cctz knows of one zone

class Zone {
 public:
  static std::optional<Zone> named(std::string_view name);
  static Zone utc();

  const std::string& name() const;  // canonical spelling; for `local` the machine's zone
  LocalSeconds to_local(UtcSeconds instant) const;
  Seconds offset_at(UtcSeconds instant) const;
  LocalReading read(LocalSeconds local) const;
  OffsetSpan span_at(UtcSeconds instant) const;

 private:
  explicit Zone(const ZoneData* data) : data_(data) {}
  const ZoneData* data_;
};

// The zone, or unknown_zone with the nearest names as candidates.
Result<Zone> find_zone(std::string_view name, std::string_view pointer = "/timezone");
bool is_zone(std::string_view name);
std::vector<std::string> nearest_zones(std::string_view name, std::size_t limit = 3);
const std::vector<std::string>& zone_names();

enum class ZoneRefresh { same, changed };

// TZ, else where /etc/localtime points, else /etc/timezone, else UTC; looked at with the first question and then with
// each refresh_machine_zone(), which the worker's housekeeper calls each second.
std::string machine_zone();
ZoneRefresh refresh_machine_zone();

// "2026f"; "unknown" when the zone database does not say.
std::string tzdata_version();
// Looks at the zone database again. After `changed`, zones looked up anew follow the new data.
ZoneRefresh refresh_tzdata();

}  // namespace carillon
