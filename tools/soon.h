// Soon: a round of work that many ask for and that happens once for all of them, a little later, on the executor.
// However often it is asked for, it never runs more often than once in `delay`. What it throws is logged; the next
// round mends it.
//
// Thread-safe. The timer and the executor must be stopped before it goes.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

namespace carillon::transport {
class Executor;
class Timer;
}  // namespace carillon::transport

namespace carillon::tools {

struct SoonParts {
  transport::Executor& executor;
  transport::Timer& timer;
};

class Soon {
 public:
  // `name` is what the log calls the round.
  Soon(SoonParts parts, std::string name, std::function<void()> round)
      : parts_(parts), name_(std::move(name)), round_(std::move(round)) {}

  void ask();

 private:
  static constexpr std::chrono::milliseconds kDelay{50};

  void run();

  const SoonParts parts_;
  const std::string name_;
  const std::function<void()> round_;
  std::atomic<bool> asked_{false};
};

}  // namespace carillon::tools
