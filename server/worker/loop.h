// Loop: one background thread around a body that does one round. A round that throws is logged once per outage, with
// what it was, and repeated after a wait that grows and ends early when the loop is stopped. This is one of the two
// places where machine failures end (docs/architecture.md).
//
// start() and stop() belong to one thread; wake() may be called from any.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "server/base/clock.h"

namespace carillon {

class Loop {
 public:
  enum class Next { again, end };

  explicit Loop(std::string name) : name_(std::move(name)) {}
  ~Loop() { stop(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start(std::function<Next()> round);
  // For bodies that wait elsewhere: call what ends their wait first.
  void stop();
  bool stopping() const;

  // Waits for wake(), stop() or `longest`.
  void rest(Duration longest);
  void wake();

 private:
  void run(const std::function<Next()>& round);
  void wait_after_failure(int failures);

  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false, woken_ = false;
  std::jthread thread_;
};

}  // namespace carillon
