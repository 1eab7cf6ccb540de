#include "server/worker/alarms.h"

#include <algorithm>

namespace carillon {
namespace {

constexpr Duration kClockMayStepWithin = std::chrono::seconds{1};

}  // namespace

void Alarms::set(const RunPtr& run, Instant at) {
  const std::lock_guard lock{mutex_};
  if (set_.empty() || at < set_.begin()->first) changed_.notify_all();
  set_.emplace(at, run);
}

std::vector<RunPtr> Alarms::take_due() {
  std::unique_lock lock{mutex_};
  for (;;) {
    const Instant now = clock_.now();
    const auto after = set_.upper_bound(now);
    std::vector<RunPtr> due;
    for (auto each = set_.begin(); each != after; ++each) due.push_back(each->second);
    set_.erase(set_.begin(), after);
    if (stopped_) return {};
    if (!due.empty()) return due;
    if (set_.empty())
      changed_.wait(lock);
    else
      changed_.wait_for(lock, std::min(kClockMayStepWithin, set_.begin()->first - now));
  }
}

void Alarms::stop() {
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace carillon
