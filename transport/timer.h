// Timer: calls a function after a while. One thread for any number of waits, so that a waiting call costs none of its
// own.
//
// Functions run on the timer's thread, one after another: they are short, do not throw and hand real work to an
// Executor. Waits that are left when the timer is destroyed are dropped. Thread-safe; also from inside a function.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>

namespace carillon::transport {

class Timer {
 public:
  using Ticket = std::uint64_t;
  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  Ticket after(std::chrono::microseconds wait, std::function<void()> call);
  // Nothing happens when the function runs already, has run, or never was.
  void cancel(Ticket ticket);

 private:
  using Time = std::chrono::steady_clock::time_point;
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  Ticket next_ = 1;
  std::map<std::pair<Time, Ticket>, std::function<void()>> waits_;
  std::unordered_map<Ticket, Time> times_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace carillon::transport
