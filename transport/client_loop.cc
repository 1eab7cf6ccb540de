#include "transport/client_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <future>
#include <system_error>

#include "server/base/check.h"

namespace carillon::transport {
namespace {

void block_broken_pipes() {
  // A child that died turns our next write into SIGPIPE; on this thread that is an errno, not a signal.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

process::UniqueFd opened(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return process::UniqueFd{fd};
}

void control(int epoll, int operation, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, operation, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

}  // namespace

ClientLoop::ClientLoop()
    : epoll_(opened(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  control(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), EPOLLIN);
  std::promise<std::thread::id> started;
  auto id = started.get_future();
  thread_ = std::jthread{[this, &started](const std::stop_token& stop) {
    block_broken_pipes();
    started.set_value(std::this_thread::get_id());
    run(stop);
  }};
  thread_id_ = id.get();
}

ClientLoop::~ClientLoop() {
  thread_.request_stop();
  wake();
  thread_.join();
}

void ClientLoop::post(Task task) {
  const bool was_empty = posted_.with([&](auto& queue) {
    queue.push_back(std::move(task));
    return queue.size() == 1;
  });
  if (was_empty) wake();  // also from the loop itself: a task's captured objects may post while they are destroyed
}

ClientLoop::TimerId ClientLoop::after(Duration delay, Task task) {
  CARILLON_CHECK(on_loop());
  const auto when = std::chrono::steady_clock::now() + std::max(delay, Duration::zero());
  timer_times_.emplace(++last_timer_, when);
  timers_.emplace(when, Timer{last_timer_, std::move(task)});
  return last_timer_;
}

void ClientLoop::cancel_timer(TimerId timer) {
  CARILLON_CHECK(on_loop());
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  const auto [first, last] = timers_.equal_range(found->second);
  for (auto each = first; each != last; ++each) {
    if (each->second.id != timer) continue;
    timers_.erase(each);
    break;
  }
  timer_times_.erase(timer);
}

void ClientLoop::watch(int fd, std::uint32_t epoll_events, Ready ready) {
  CARILLON_CHECK(on_loop());
  control(epoll_.get(), EPOLL_CTL_ADD, fd, epoll_events);
  watched_[fd] = std::make_shared<Ready>(std::move(ready));
}

void ClientLoop::change(int fd, std::uint32_t epoll_events) { control(epoll_.get(), EPOLL_CTL_MOD, fd, epoll_events); }

void ClientLoop::unwatch(int fd) {
  CARILLON_CHECK(on_loop());
  if (watched_.erase(fd) > 0) control(epoll_.get(), EPOLL_CTL_DEL, fd, 0);
}

void ClientLoop::run(const std::stop_token& stop) {
  std::array<epoll_event, 64> events;
  while (!stop.stop_requested()) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds_to_next_timer());
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == wake_.get()) {
        std::uint64_t wakes = 0;
        [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &wakes, sizeof wakes);
        continue;
      }
      // A copy of the pointer: the handler may unwatch itself. One that an earlier handler unwatched is not called.
      const auto found = watched_.find(event.data.fd);
      if (found == watched_.end()) continue;
      const auto ready = found->second;
      (*ready)(event.events);
    }
    run_due_timers();
    run_posted();
  }
  // Objects that belong to this thread die on it.
  posted_.with([](auto& queue) { queue.clear(); });
  timers_.clear();
  watched_.clear();
}

void ClientLoop::run_posted() {
  std::deque<Task> tasks;
  posted_.with([&](auto& queue) { tasks.swap(queue); });
  for (auto& task : tasks) task();
}

void ClientLoop::run_due_timers() {
  const auto now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto task = std::move(timers_.begin()->second.task);
    timer_times_.erase(timers_.begin()->second.id);
    timers_.erase(timers_.begin());
    task();
  }
}

int ClientLoop::milliseconds_to_next_timer() const {
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first - std::chrono::steady_clock::now();
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, 60'000));
}

void ClientLoop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

}  // namespace carillon::transport
