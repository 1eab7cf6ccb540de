// Alarms: when runs that are under way have to be looked at again although nothing will be told: a step's wait or the
// pause before its next attempt ends, or the time of a list of steps is up, while other steps are still busy.
//
// Thread-safe; one thread takes.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "server/store/db_clock.h"
#include "server/worker/run_in_flight.h"

namespace carillon {

class Alarms {
 public:
  explicit Alarms(const DbClock& clock) : clock_(clock) {}

  void set(const RunPtr& run, Instant at);
  // Waits until there are some; none: it was stopped.
  std::vector<RunPtr> take_due();
  void stop();

 private:
  const DbClock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Instant, RunPtr> set_;
  bool stopped_ = false;
};

}  // namespace carillon
