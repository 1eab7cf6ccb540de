// ClockWatch: what happened to this machine's time between one look and the next.
//
// Due-ness does not depend on it: DbClock counts the time that the machine slept and does not know its wall clock. But
// a sleep, a stop and a step each leave work that is better begun at once, and people ask why a run was late. Pure but
// for read_clocks(); belongs to one thread.
#pragma once

#include <optional>

#include "server/base/clock.h"
#include "server/store/db_clock.h"

namespace carillon {

struct ClockReading {
  BootTime boot;     // goes on while the machine sleeps
  Monotonic steady;  // does not
  Instant wall;      // can be set
};
ClockReading read_clocks();

class ClockWatch {
 public:
  // Looks come `round` apart while all is well.
  explicit ClockWatch(Duration round) : round_(round) {}

  struct Seen {
    Duration asleep{0};   // the machine was suspended
    Duration stopped{0};  // it was not, and this process did not run: stopped, a paused virtual machine, too much work
    Duration stepped{0};  // the wall clock was set forward, or (negative) back
    bool anything() const { return asleep.count() != 0 || stopped.count() != 0 || stepped.count() != 0; }
  };
  // What is less than a few seconds is nothing. The first look sees nothing.
  Seen look(const ClockReading& now);

 private:
  const Duration round_;
  std::optional<ClockReading> last_;
};

}  // namespace carillon
