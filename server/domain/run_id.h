// Run ids: 63 bits, ordered by time, made without a sequence (spec storage.md §3.2).
//
//   41 bits  milliseconds since 2026-01-01T00:00:00Z, by the database's clock
//   10 bits  process slot, leased in the database (carillon.process)
//   12 bits  counter within the millisecond
//
// RunIdMaker is thread-safe. It never goes backwards: when the clock does, or 4,096 ids of one millisecond are used up,
// it borrows from the next millisecond.
#pragma once

#include <cstdint>

#include "server/base/clock.h"
#include "server/base/guarded.h"
#include "server/base/id.h"

namespace carillon {

inline constexpr Instant kRunEpoch{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}.time_since_epoch()};
inline constexpr int kProcessSlots = 1024;

class RunIdMaker {
 public:
  explicit RunIdMaker(int process_slot) : process_slot_(process_slot) {}
  RunId next(Instant database_now);

 private:
  int process_slot_;
  Guarded<std::int64_t> last_tick_;  // milliseconds << 12 | counter
};

// The instant a run id was made (to the millisecond), and the smallest id of an instant: for time filters and
// partitions.
Instant made_at(RunId id);
RunId first_id_at(Instant instant);

}  // namespace carillon
