#include "transport/worker_pool.h"

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "server/base/log.h"

namespace carillon::transport {

bool WorkerPool::run(std::function<void()> work) {
  std::unique_lock lock{mutex_};
  if (stopped_) return false;
  const bool all_busy = queue_.size() >= idle_;
  const bool may_grow = threads_.size() < limits_.threads_max;
  if (all_busy && !may_grow && queue_.size() - idle_ >= limits_.queue_max) return false;
  if (all_busy && may_grow && !start_thread() && threads_.empty()) return false;
  queue_.push_back(std::move(work));
  arrived_.notify_one();
  reap(lock);
  return true;
}

// False: the system has no thread to give. Those that are there do the work then.
bool WorkerPool::start_thread() {
  threads_.emplace_front();
  const auto self = threads_.begin();
  try {
    *self = std::thread{[this, self] { work_until_idle(self); }};
  } catch (const std::system_error& refused) {
    threads_.erase(self);
    log::warn("a worker thread could not be started", {{"what", refused.what()}, {"threads", threads_.size()}});
    return false;
  }
  return true;
}

void WorkerPool::stop() {
  std::unique_lock lock{mutex_};
  stopped_ = true;
  arrived_.notify_all();
  ended_.wait(lock, [&] { return threads_.empty(); });
  reap(lock);
}

std::size_t WorkerPool::threads() const {
  const std::lock_guard lock{mutex_};
  return threads_.size();
}

std::size_t WorkerPool::busy() const {
  const std::lock_guard lock{mutex_};
  return threads_.size() - idle_;
}

void WorkerPool::work_until_idle(Threads::iterator self) {
  std::unique_lock lock{mutex_};
  while (true) {
    ++idle_;
    const bool woken = arrived_.wait_for(lock, limits_.idle_for, [&] { return stopped_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty() && (!woken || stopped_)) break;
    {
      const auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
  finished_.splice(finished_.begin(), threads_, self);
  if (threads_.empty()) ended_.notify_all();
}

void WorkerPool::reap(std::unique_lock<std::mutex>& lock) {
  if (finished_.empty()) return;
  Threads ended;
  ended.swap(finished_);
  lock.unlock();
  for (auto& thread : ended) thread.join();
  lock.lock();
}

}  // namespace carillon::transport
