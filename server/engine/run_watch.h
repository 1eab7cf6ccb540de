// RunWatch: "tell me when this run has ended", for calls that wait (run_now, get_run, call_tool with wait_seconds).
//
// The worker of this process calls finished() after it settled a run; runs that other processes finish are found by
// Engine::check_watched_runs, which the worker's poll calls. A watch says only *that* the run ended; the reader asks
// get_run. So a waiting call holds no thread. Deadlines and vanished clients are the waiter's: it calls unwatch.
//
// Thread-safe. Callbacks are called without any lock held, once, from the thread that called finished().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "server/base/guarded.h"
#include "server/base/id.h"

namespace carillon {

class RunWatch {
 public:
  using Ticket = std::uint64_t;

  // Watch first, then look whether the run has ended already: so no end is lost in between.
  Ticket watch(RunId run, std::function<void()> ended);
  // After unwatch returned, the callback is not called any more unless it had been taken off already.
  void unwatch(Ticket ticket);
  void finished(RunId run);

  std::vector<RunId> watched() const;

 private:
  struct Watches {
    Ticket next = 1;
    std::map<Ticket, std::pair<RunId, std::function<void()>>> by_ticket;
    std::unordered_multimap<RunId, Ticket> by_run;
  };
  Guarded<Watches> watches_;
};

}  // namespace carillon
