// CallClock: the time that one request may take. It stands still while somebody is asked what the server wants to know;
// from the first open question to the last answer another time runs, usually a longer one.
//
// On the ClientLoop's thread. `over` comes at most once, and may destroy the clock.
#pragma once

#include <cstddef>
#include <functional>

#include "server/base/clock.h"
#include "transport/client_loop.h"

namespace carillon::transport {

struct CallTimes {
  Duration own{0};        // while the server works; zero: without an end
  Duration answering{0};  // while questions are open; zero: without an end
};

class CallClock {
 public:
  CallClock(ClientLoop& loop, CallTimes times, std::function<void()> over);
  ~CallClock();
  CallClock(const CallClock&) = delete;
  CallClock& operator=(const CallClock&) = delete;

  void ask();       // one more question is open
  void answered();  // one less
  bool asking() const { return open_questions_ > 0; }
  // Of its own time; zero: without an end.
  Duration left() const;

 private:
  void run(Duration time);

  ClientLoop& loop_;
  CallTimes times_;  // own: what was left when it began to run
  std::function<void()> over_;
  Monotonic running_since_{};
  std::size_t open_questions_ = 0;
  ClientLoop::TimerId timer_ = 0;
};

}  // namespace carillon::transport
