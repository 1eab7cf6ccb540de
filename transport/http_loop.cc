#include "transport/http_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "server/base/log.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kHttpReadBytes = 64 * 1024;
constexpr std::size_t kRefusedMax = 128;  // connections that may still read why; beyond it they are just closed
constexpr std::uint64_t kMailboxId = 0;
constexpr std::uint64_t kListenerId = 1;
constexpr std::uint64_t kFirstConnectionId = 2;
constexpr auto kPause = std::chrono::milliseconds{100};
constexpr int kLongestWaitMs = 3'600'000;

[[noreturn]] void fail_loop(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

void control_http(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(epoll, operation, fd, &event) != 0) fail_loop("epoll_ctl");
}

void run_handler(const HttpApp& app, HttpConnection::Work work) {
  const auto reply = PendingReply::handle(work.pending);
  try {
    app.handle(std::move(work.request), reply);
  } catch (const std::exception& thrown) {
    log::error("an HTTP handler failed", {{"what", thrown.what()}});
    reply->send(error_response(500, "internal", "internal error; see the log"));
  }
}

}  // namespace

HttpLoop::HttpLoop(const HttpLimits& limits, const HttpApp& app, Door& door)
    : around_{limits, app, std::make_shared<HttpMailbox>(), std::string(kHttpReadBytes, '\0')},
      door_(door),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      next_id_(kFirstConnectionId) {
  if (!epoll_.open()) fail_loop("epoll_create1");
  control_http(epoll_.get(), EPOLL_CTL_ADD, mailbox().fd(), EPOLLIN, kMailboxId);
}

void HttpLoop::watch(int listener) {
  listener_ = listener;
  control_http(epoll_.get(), EPOLL_CTL_ADD, listener, EPOLLIN, kListenerId);
}

HttpLoop::Round HttpLoop::round() {
  if (!ready_.empty()) {
    const std::uint64_t id = ready_.front();
    ready_.pop_front();
    return serve(id);
  }
  now_ = std::chrono::steady_clock::now();
  take_mail();
  if (stopping_) {
    close_all();
    return Round::over;
  }
  if (now_ >= next_look_) look_at_deadlines();
  if (!waiting_.empty() && can_lend()) {
    someone_waits_ = false;
    // Behind what the mail brought, which has no need of a loan and must not begin to wait for one.
    ready_.insert(ready_.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
  }
  if (ready_.empty()) wait();
  return Round::again;
}

// One request at most: then it is the others' turn.
HttpLoop::Round HttpLoop::serve(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return Round::again;
  HttpConnection& connection = *found->second.connection;
  auto step = connection.step(now_);
  if (step == HttpConnection::Step::ready) {
    if (!can_lend()) {
      keep_waiting(id);
      return Round::again;
    }
    auto work = connection.take_request();
    if (lend([&] { run_handler(around_.app, std::move(work)); }) == After::gone_on) return Round::gone_on;
    step = connection.step(now_);
  }
  if (step == HttpConnection::Step::closed) {
    drop(found);
  } else if (step == HttpConnection::Step::ready) {
    ready_.push_back(id);
  } else {
    next_look_ = std::min(next_look_, connection.deadline());
  }
  return Round::again;
}

void HttpLoop::keep_waiting(std::uint64_t id) {
  // In this order: either the loan that comes back sees it, or round() sees that there may be loans again.
  someone_waits_ = true;
  if (std::find(waiting_.begin(), waiting_.end(), id) == waiting_.end()) waiting_.push_back(id);
}

void HttpLoop::loan_returned() {
  if (someone_waits_) around_.mailbox->wake();
}

void HttpLoop::take_mail() {
  auto mail = around_.mailbox->take();
  ready_.insert(ready_.end(), mail.connections.begin(), mail.connections.end());
  for (auto& socket : mail.sockets) adopt(std::move(socket));
  stopping_ = mail.stop;
}

void HttpLoop::adopt(process::UniqueFd socket) {
  const bool counted = door_.enter() || (make_room() && door_.enter());
  if (!counted && refused_ >= kRefusedMax) return;
  const std::uint64_t id = next_id_++;
  auto connection = std::make_unique<HttpConnection>(std::move(socket), id, around_);
  if (!counted) {
    ++refused_;
    connection->refuse(error_response(503, "over_limit", "too many connections; try again later"), now_);
  }
  control_http(epoll_.get(), EPOLL_CTL_ADD, connection->fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, id);
  connections_.emplace(id, Entry{std::move(connection), counted ? Counted::yes : Counted::no});
  ready_.push_back(id);
}

// Closes the connection that was idle longest. False: none is.
bool HttpLoop::make_room() {
  auto longest = connections_.end();
  Time since = Time::max();
  for (auto entry = connections_.begin(); entry != connections_.end(); ++entry) {
    const auto idle = entry->second.connection->idle_since();
    if (!idle || *idle >= since || entry->second.counted == Counted::no) continue;
    since = *idle;
    longest = entry;
  }
  if (longest == connections_.end()) return false;
  drop(longest);
  return true;
}

void HttpLoop::drop(Connections::iterator entry) {
  if (entry->second.counted == Counted::yes) {
    door_.leave();
  } else {
    --refused_;
  }
  connections_.erase(entry);
}

void HttpLoop::look_at_deadlines() {
  next_look_ = Time::max();
  for (const auto& [id, entry] : connections_) {
    const Time deadline = entry.connection->deadline();
    if (deadline <= now_) {
      ready_.push_back(id);
    } else {
      next_look_ = std::min(next_look_, deadline);
    }
  }
  if (open_again_ <= now_) {
    open_again_ = Time::max();
    control_http(epoll_.get(), EPOLL_CTL_MOD, listener_, EPOLLIN, kListenerId);
  }
  next_look_ = std::min(next_look_, open_again_);
}

void HttpLoop::wait() {
  if (!mailbox().fall_asleep()) return;
  int timeout_ms = kLongestWaitMs;
  if (next_look_ != Time::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_look_ - std::chrono::steady_clock::now());
    timeout_ms = static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, kLongestWaitMs));
  }
  std::array<epoll_event, 128> events;  // NOLINT: filled by epoll_wait
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms);
  if (count < 0 && errno != EINTR) fail_loop("epoll_wait");
  mailbox().wake_up();
  for (int i = 0; i < count; ++i) {
    // Copied: the kernel's struct is packed, so nothing may refer to its members.
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const std::uint64_t id = event.data.u64;
    if (id == kMailboxId) {
      mailbox().clear();
    } else if (id == kListenerId) {
      open_door();
    } else if (const auto found = connections_.find(id); found != connections_.end()) {
      found->second.connection->note(event.events);
      ready_.push_back(found->first);
    }
  }
  now_ = std::chrono::steady_clock::now();
}

void HttpLoop::open_door() {
  if (door_.open() == Door::Opened::yes) return;
  control_http(epoll_.get(), EPOLL_CTL_MOD, listener_, 0, kListenerId);
  open_again_ = now_ + kPause;
  next_look_ = std::min(next_look_, open_again_);
}

void HttpLoop::close_all() {
  for (auto& [id, entry] : connections_) entry.connection->stop();
  while (!connections_.empty()) drop(connections_.begin());
}

}  // namespace carillon::transport
