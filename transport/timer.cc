#include "transport/timer.h"

#include <utility>

namespace carillon::transport {

Timer::Timer() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

Timer::~Timer() = default;

Timer::Ticket Timer::after(std::chrono::microseconds wait, std::function<void()> call) {
  const Time due = std::chrono::steady_clock::now() + wait;
  Ticket ticket = 0;
  {
    const std::lock_guard lock{mutex_};
    ticket = next_++;
    waits_.emplace(std::pair{due, ticket}, std::move(call));
    times_.emplace(ticket, due);
  }
  changed_.notify_one();
  return ticket;
}

void Timer::cancel(Ticket ticket) {
  std::function<void()> dropped;  // destroyed outside of the lock: it may own what calls back here
  const std::lock_guard lock{mutex_};
  const auto known = times_.find(ticket);
  if (known == times_.end()) return;
  const auto wait = waits_.find({known->second, ticket});
  dropped = std::move(wait->second);
  waits_.erase(wait);
  times_.erase(known);
}

void Timer::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (waits_.empty()) {
      changed_.wait(lock, stop, [this] { return !waits_.empty(); });
      continue;
    }
    const auto first = waits_.begin();
    const Time due = first->first.first;
    if (due > std::chrono::steady_clock::now()) {
      const Ticket ticket = first->first.second;
      changed_.wait_until(lock, stop, due, [&] { return waits_.empty() || waits_.begin()->first.second != ticket; });
      continue;
    }
    auto call = std::move(first->second);
    times_.erase(first->first.second);
    waits_.erase(first);
    lock.unlock();
    call();
    call = nullptr;
    lock.lock();
  }
}

}  // namespace carillon::transport
