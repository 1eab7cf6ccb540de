// Waiting for the end: SIGTERM, SIGINT and SIGHUP, or a request from inside the process.
//
// Constructed by main before any thread starts, so that all threads inherit the blocked signals. wait() belongs to the
// main thread; request() may be called from any.
#pragma once

#include "server/base/clock.h"
#include "server/process/unique_fd.h"

namespace carillon::cli {

class StopSignal {
 public:
  StopSignal();

  void wait();                               // returns after the first signal or request
  void request();                            // asks for the end from inside
  int fd() const { return signals_.get(); }  // readable once a signal came; for poll loops of their own

  // From now on a second signal ends the process at once, as if killed: leases and locks end with it.
  void let_second_signal_kill();

 private:
  process::UniqueFd signals_;
  process::UniqueFd requested_;
};

}  // namespace carillon::cli
