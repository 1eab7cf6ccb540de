#include "transport/client_clock.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace carillon::transport {
namespace {

using std::chrono::steady_clock;

}  // namespace

CallClock::CallClock(ClientLoop& loop, CallTimes times, std::function<void()> over)
    : loop_(loop), times_(times), over_(std::move(over)), running_since_(steady_clock::now()) {
  run(times_.own);
}

CallClock::~CallClock() { loop_.cancel_timer(timer_); }

void CallClock::ask() {
  if (!asking()) {
    times_.own = left();
    run(times_.answering);
  }
  ++open_questions_;
}

void CallClock::answered() {
  if (open_questions_ == 0 || --open_questions_ > 0) return;
  running_since_ = steady_clock::now();
  run(times_.own);
}

Duration CallClock::left() const {
  if (asking() || times_.own <= Duration::zero()) return times_.own;
  const auto ran = std::chrono::duration_cast<Duration>(steady_clock::now() - running_since_);
  return std::max(times_.own - ran, Duration{1});
}

void CallClock::run(Duration time) {
  loop_.cancel_timer(std::exchange(timer_, 0));
  if (time <= Duration::zero()) return;
  timer_ = loop_.after(time, [this] {
    timer_ = 0;
    const auto over = over_;  // ours may be destroyed by it
    over();
  });
}

}  // namespace carillon::transport
