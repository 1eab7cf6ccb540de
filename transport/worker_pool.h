// WorkerPool: threads that come when there is work and go when there is none.
//
// A thread is started when all are busy, up to a limit; beyond it work waits in a bounded queue; beyond that run()
// refuses. A thread without work for `idle_for` ends. stop() finishes what was taken. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "transport/executor.h"

namespace carillon::transport {

class WorkerPool final : public Executor {
 public:
  struct Limits {
    std::size_t threads_max = 32;
    std::size_t queue_max = 4096;
    std::chrono::milliseconds idle_for{std::chrono::seconds{30}};
  };
  explicit WorkerPool(Limits limits) : limits_(limits) {}
  ~WorkerPool() override { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  bool run(std::function<void()> work) override;
  void stop();

  std::size_t threads() const;
  // Threads that are working, and how many there may be.
  std::size_t busy() const;
  std::size_t threads_max() const { return limits_.threads_max; }

 private:
  using Threads = std::list<std::thread>;
  bool start_thread();
  void work_until_idle(Threads::iterator self);
  void reap(std::unique_lock<std::mutex>& lock);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable ended_;
  std::deque<std::function<void()>> queue_;
  Threads threads_;
  Threads finished_;
  std::size_t idle_ = 0;
  bool stopped_ = false;
};

}  // namespace carillon::transport
