// DbClock: the database's time, read without asking the database. Every decision about what is due uses it.
//
// It is this machine's boot clock (which host clock steps do not touch and which goes on while the machine sleeps) plus
// the measured offset to the database. A new measurement that is behind is slewed in, never stepped, up to kStepBeyond;
// `shift` moves the whole for tests. Leases do not use it: they use the database's own clock_timestamp().
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>

#include "server/base/clock.h"
#include "server/base/guarded.h"

namespace carillon {

// CLOCK_BOOTTIME: like steady_clock, and it counts the time that the machine slept.
struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now();
};
using BootTime = BootClock::time_point;

class DbClock final : public Clock {
 public:
  explicit DbClock(Duration shift = Duration{0}) : shift_(shift) {}

  // Before the first measurement: the machine's own time.
  Instant now() const override;
  Instant at(BootTime boot) const;
  // When the boot clock will show what now() shows at `instant`.
  BootTime boot_time_of(Instant instant) const;

  struct Measurement {
    BootTime sent, received;
    Instant database;  // read in between
  };
  void measured(const Measurement& measurement);
  // Half of the round trip of the measurement in use: how wrong now() may be.
  Duration uncertainty() const;

 private:
  static constexpr Duration kStepBeyond = std::chrono::seconds{5};
  static constexpr int kSlewDivisor = 10;  // while behind, the clock runs at 90 % of its speed

  struct State {
    bool measured = false;
    Duration offset{0};    // database time minus boot time
    Duration excess{0};    // by how much now() is still ahead of it
    BootTime slew_from{};  // since when the excess is worked off
    Duration uncertainty{0};
  };
  Duration offset_at(const State& state, BootTime boot) const;

  const Duration shift_;
  Guarded<State> state_;
};

}  // namespace carillon
