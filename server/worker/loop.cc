#include "server/worker/loop.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "server/base/log.h"
#include "server/base/metrics.h"

namespace carillon {

void Loop::start(std::function<Next()> round) {
  thread_ = std::jthread{[this, round = std::move(round)] { run(round); }};
}

void Loop::run(const std::function<Next()>& round) {
  int failures = 0;
  while (!stopping()) {
    try {
      if (round() == Next::end) return;
      if (failures > 0) log::info("a background loop works again", json{{"loop", name_}, {"failures", failures}});
      failures = 0;
    } catch (const std::exception& failure) {
      metrics::count("carillon_loop_failures_total", {{"loop", name_}});
      if (failures == 0) log::error("a background loop failed", json{{"loop", name_}, {"problem", failure.what()}});
      ++failures;
      wait_after_failure(failures);
    }
  }
}

// 50 ms, doubled up to 2 s; half of it is chance, so that all loops of all workers do not come back together.
void Loop::wait_after_failure(int failures) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const double most = std::min(2.0, 0.05 * static_cast<double>(1U << std::min(failures - 1, 10)));
  const double wait = most * std::uniform_real_distribution<>{0.5, 1.0}(random);
  rest(Duration{static_cast<std::int64_t>(wait * 1e6)});
}

void Loop::rest(Duration longest) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, longest, [&] { return stopping_ || woken_; });
  woken_ = false;
}

void Loop::wake() {
  {
    const std::lock_guard lock{mutex_};
    woken_ = true;
  }
  changed_.notify_all();
}

bool Loop::stopping() const {
  const std::lock_guard lock{mutex_};
  return stopping_;
}

void Loop::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace carillon
