#include "server/worker/clock_watch.h"

namespace carillon {
namespace {

constexpr Duration kSleepMin = std::chrono::seconds{2};
constexpr Duration kStopMin = std::chrono::seconds{15};  // less is a busy machine
constexpr Duration kStepMin = std::chrono::seconds{2};

Duration if_more(Duration value, Duration least) { return value >= least || -value >= least ? value : Duration{0}; }

}  // namespace

ClockReading read_clocks() { return {BootClock::now(), std::chrono::steady_clock::now(), SystemClock{}.now()}; }

ClockWatch::Seen ClockWatch::look(const ClockReading& now) {
  Seen seen;
  if (last_) {
    const Duration boot = now.boot - last_->boot;
    const auto steady = std::chrono::duration_cast<Duration>(now.steady - last_->steady);
    seen.asleep = if_more(boot - steady, kSleepMin);
    seen.stopped = if_more(std::max(Duration{0}, steady - round_), kStopMin);
    seen.stepped = if_more((now.wall - last_->wall) - boot, kStepMin);
  }
  last_ = now;
  return seen;
}

}  // namespace carillon
