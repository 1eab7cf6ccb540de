// ClientLoop: the one thread that all downstream connections share: epoll over the pipes of stdio children, timers, and
// tasks posted from elsewhere. A thousand waiting calls are a thousand table rows here, not a thousand threads.
//
// post() may be called from any thread and never blocks; everything else only from a task on the loop. Tasks must be
// short, must not wait and must not throw: whoever is called back here hands longer work to a thread of its own.
// Destroying the loop ends the thread; what is still posted or timed is destroyed unrun.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>

#include "server/base/clock.h"
#include "server/base/guarded.h"
#include "server/process/unique_fd.h"

namespace carillon::transport {

class ClientLoop {
 public:
  using Task = std::function<void()>;
  using Ready = std::function<void(std::uint32_t epoll_events)>;
  using TimerId = std::uint64_t;  // 0 names no timer

  ClientLoop();
  ~ClientLoop();
  ClientLoop(const ClientLoop&) = delete;
  ClientLoop& operator=(const ClientLoop&) = delete;

  void post(Task task);
  bool on_loop() const { return std::this_thread::get_id() == thread_id_; }

  TimerId after(Duration delay, Task task);
  void cancel_timer(TimerId timer);
  void watch(int fd, std::uint32_t epoll_events, Ready ready);
  void change(int fd, std::uint32_t epoll_events);
  void unwatch(int fd);

 private:
  struct Timer {
    TimerId id;
    Task task;
  };
  void run(const std::stop_token& stop);
  void run_posted();
  void run_due_timers();
  int milliseconds_to_next_timer() const;
  void wake();

  process::UniqueFd epoll_, wake_;
  Guarded<std::deque<Task>> posted_;
  std::multimap<Monotonic, Timer> timers_;
  std::unordered_map<TimerId, Monotonic> timer_times_;
  std::unordered_map<int, std::shared_ptr<Ready>> watched_;
  TimerId last_timer_ = 0;
  std::thread::id thread_id_;
  std::jthread thread_;
};

}  // namespace carillon::transport
