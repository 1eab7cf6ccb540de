// Parking: a call that waits for a run costs no thread. It goes on, once, when the run has ended or asks something,
// when it has waited long enough, or when its client has gone; the work that follows is done on the executor. Meanwhile
// its client is told how far the run is.
//
// Thread-safe.
#pragma once

#include <functional>
#include <stop_token>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/tool_caller.h"
#include "tools/ports.h"

namespace carillon::tools {

struct ParkedCall {
  RunId run;
  Duration wait;
  std::stop_token gone;
  std::function<bool()> has_news;  // asked once, after the watch stands, so that no end is lost in between
  std::function<void()> go_on;
  std::function<void(const ToolProgress&)> progressed;  // short; from any thread
};

void park(const Ports& ports, ParkedCall call);

// Does work on the executor, as soon as that has room for it.
void hand_over(const Ports& ports, std::function<void()> work);

}  // namespace carillon::tools
