// RunWatch: "tell me when this run has ended", for calls that wait (run_now, get_run, call_tool with wait_seconds); and
// meanwhile, when it asks something and how far it is.
//
// The worker of this process tells what it did; runs that other processes work on are found by
// Engine::check_watched_runs, which the worker's poll calls. A watch says only *that* the run ended or asks; the reader
// looks. So a waiting call holds no thread. Deadlines and vanished clients are the waiter's: it calls unwatch.
//
// Thread-safe. Callbacks are called without any lock held, from the thread that told: `ended` once, the others any
// number of times before, also when nothing is new.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/base/guarded.h"
#include "server/base/id.h"
#include "server/domain/tool_caller.h"

namespace carillon {

struct RunListener {
  std::function<void()> ended;
  std::function<void()> asks{};  // it has a question that is open
  std::function<void(const ToolProgress&)> progressed{};
};

class RunWatch {
 public:
  using Ticket = std::uint64_t;

  // Watch first, then look whether the run has ended already: so no end is lost in between.
  Ticket watch(RunId run, RunListener listener);
  Ticket watch(RunId run, std::function<void()> ended) { return watch(run, RunListener{std::move(ended)}); }
  // After unwatch returned, no callback is called any more unless it had been taken off already.
  void unwatch(Ticket ticket);
  void finished(RunId run);
  void asks(RunId run);
  void progressed(RunId run, const ToolProgress& progress);

  std::vector<RunId> watched() const;

 private:
  struct Watches {
    Ticket next = 1;
    std::map<Ticket, std::pair<RunId, std::shared_ptr<const RunListener>>> by_ticket;
    std::unordered_multimap<RunId, Ticket> by_run;
  };
  using Listening = std::vector<std::shared_ptr<const RunListener>>;
  Listening listening_to(RunId run) const;

  Guarded<Watches> watches_;
};

}  // namespace carillon
