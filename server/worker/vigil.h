// Vigil: notes every now and then that schedules are watched here. When nobody did for more than a minute, because the
// machine slept, no daemon ran or the database was away, what lies between is written down as an outage, before the
// first of its slots is fired: what it made late is told together (docs/adr/0031-waking-up.md).
//
// Belongs to the scheduler's thread. Throws where the database is away: then nothing is fired either.
#pragma once

#include <optional>
#include <string_view>

#include "server/store/vigil_rows.h"
#include "server/worker/clock_watch.h"

namespace carillon {

class Vigil {
 public:
  explicit Vigil(VigilRows& rows) : rows_(rows) {}

  // Before anything is fired that is due at `now`.
  void keep(Instant now, const ClockReading& clocks = read_clocks());

 private:
  VigilRows& rows_;
  ClockWatch clocks_{std::chrono::seconds{1}};  // rounds of the scheduler
  std::optional<Instant> noted_;
  std::string_view kind_ = "start";  // of an outage that is noticed next
};

}  // namespace carillon
