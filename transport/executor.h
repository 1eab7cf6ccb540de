// Executor: where work goes that must not hold up the thread that reads messages. Thread-safe.
#pragma once

#include <functional>

namespace carillon::transport {

class Executor {
 public:
  virtual ~Executor() = default;
  // False: it is full, and the work was not taken.
  virtual bool run(std::function<void()> work) = 0;
};

}  // namespace carillon::transport
