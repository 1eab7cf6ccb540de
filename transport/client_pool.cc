#include <algorithm>

#include "transport/client_http.h"

namespace carillon::transport {

BlockingPool::~BlockingPool() {
  for (auto& thread : threads_) thread.request_stop();
  wanted_.notify_all();
}

bool BlockingPool::run(std::function<void()> job) {
  const std::lock_guard lock{mutex_};
  if (queue_.size() >= queue_max_) return false;
  queue_.push_back(std::move(job));
  if (idle_ < queue_.size() && threads_.size() < threads_max_)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  wanted_.notify_one();
  return true;
}

void BlockingPool::work(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    wanted_.wait(lock, stop, [this] { return !queue_.empty(); });
    --idle_;
    if (stop.stop_requested()) return;
    auto job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace carillon::transport
