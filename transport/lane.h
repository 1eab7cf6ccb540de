// Lane: the requests of one peer on their way through the server's executor, which all peers share. A few run at once,
// the rest wait here in order, so that whoever sends a thousand requests in one go waits for himself and not everybody
// else for him.
//
// Thread-safe. What waits keeps the lane alive.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "server/base/guarded.h"
#include "transport/executor.h"

namespace carillon::transport {

class Lane : public std::enable_shared_from_this<Lane> {
 public:
  explicit Lane(std::size_t running_max) : running_max_(running_max) {}

  // False: the executor refuses more work; `work` will not run.
  bool run(Executor& executor, std::function<void()> work);

 private:
  struct State {
    std::size_t running = 0;
    std::deque<std::function<void()>> waiting;
  };
  bool start(Executor& executor, std::function<void()> work);
  void go_on(Executor& executor);
  // Nothing when nobody waits; then one less is running.
  std::function<void()> take_next();

  const std::size_t running_max_;
  Guarded<State> state_;
};

}  // namespace carillon::transport
