// Parking: a call that waits for a run costs no thread. It goes on, once, when the run has ended, when it has waited
// long enough, or when its client has gone; the work that follows is done on the executor.
//
// Thread-safe.
#pragma once

#include <functional>
#include <stop_token>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "tools/ports.h"

namespace carillon::tools {

struct ParkedCall {
  RunId run;
  Duration wait;
  std::stop_token gone;
  std::function<bool()> has_ended;  // asked once, after the watch stands, so that no end is lost in between
  std::function<void()> go_on;
};

void park(const Ports& ports, ParkedCall call);

// Does work on the executor, as soon as that has room for it.
void hand_over(const Ports& ports, std::function<void()> work);

}  // namespace carillon::tools
