// WorkQueue: pieces of work for a few threads, first come first served. It holds one piece at most for each run in
// flight, so its length has that limit. Threads are started by whoever owns it, each calling run_once() until it says
// that the queue has stopped; tests call it themselves. Thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace carillon {

class WorkQueue {
 public:
  void post(std::function<void()> work) {
    {
      const std::lock_guard lock{mutex_};
      waiting_.push_back(std::move(work));
    }
    arrived_.notify_one();
  }

  void post(std::vector<std::function<void()>> pieces) {
    {
      const std::lock_guard lock{mutex_};
      std::move(pieces.begin(), pieces.end(), std::back_inserter(waiting_));
    }
    arrived_.notify_all();
  }

  // Does one piece; waits for it. False: stopped, and nothing is left.
  bool run_once() {
    std::unique_lock lock{mutex_};
    arrived_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    return take(lock);
  }
  // Does one piece if there is one.
  bool try_once() {
    std::unique_lock lock{mutex_};
    return take(lock);
  }
  bool stopping() const {
    const std::lock_guard lock{mutex_};
    return stopping_;
  }
  void stop() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    arrived_.notify_all();
  }

 private:
  bool take(std::unique_lock<std::mutex>& lock) {
    if (waiting_.empty()) return false;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    return true;
  }

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
};

}  // namespace carillon
