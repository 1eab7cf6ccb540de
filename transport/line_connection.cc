#include "transport/line_connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <system_error>
#include <utility>

namespace carillon::transport {
namespace {

constexpr std::size_t kLineReadBytes = 64 * 1024;
constexpr std::size_t kGatherBytes = 32 * 1024;  // so much is sent before all lines that were read are taken
constexpr std::size_t kLineCapacity = 1024 * 1024;
constexpr int kDrainTickMs = 5;

bool is_kind(int fd, mode_t kind) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && (facts.st_mode & S_IFMT) == kind;
}

// A pipe may be shared with other processes, which a non-blocking flag would surprise; opened once more it has flags of
// its own. Not open: it is no pipe, or cannot be opened so.
process::UniqueFd open_again(int fd) {
  if (!is_kind(fd, S_IFIFO)) return process::UniqueFd{};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return process::UniqueFd{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
}

int new_wake_fd() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
  return fd;
}

// A peer that closed its end is an error of write(), not the death of this process.
void ignore_broken_pipes() {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

LineConnection::LineConnection(int in, int out, LineLimits limits)
    : in_(in),
      limits_(limits),
      own_out_(open_again(out)),
      out_(own_out_.open() ? own_out_.get() : out),
      out_is_socket_(is_kind(out, S_IFSOCK)),
      wake_(new_wake_fd()) {
  ignore_broken_pipes();
}

void LineConnection::begin(std::chrono::milliseconds drain, std::stop_token stop) {
  drain_ = drain;
  stop_ = std::move(stop);
  on_stop_.emplace(stop_, [this] { wake(); });
}

LineConnection::Round LineConnection::round(const LineEvents& events) {
  if (broken_ || stop_.stop_requested()) return Round::over;
  if (input_ended_) return drain_round(events);
  switch (take_next(events)) {
    case Found::line:
      return Round::again;
    case Found::left:
      return Round::left;
    case Found::nothing:
      break;
  }
  if (!input_ended_) wait(-1, POLLIN);
  return Round::again;
}

LineConnection::Round LineConnection::drain_round(const LineEvents& events) {
  if (taken_ < heard_.size() && !skipping_) {
    const std::string last = std::exchange(heard_, {}).substr(std::exchange(taken_, 0));
    if (take_line(last, events) == LineEvents::After::leave) return Round::left;
  }
  if (!drain_until_) drain_until_ = std::chrono::steady_clock::now() + drain_;
  wait(0, 0);
  const bool more = events.has_more_to_send();
  const bool unsent = [&] {
    const std::lock_guard lock{write_mutex_};
    return unsent_bytes() > 0;
  }();
  if ((!unsent && !more) || std::chrono::steady_clock::now() >= *drain_until_) return Round::over;
  wait(kDrainTickMs, 0);
  return Round::again;
}

LineConnection::End LineConnection::end() const {
  if (broken_) return End::broken;
  return stop_.stop_requested() ? End::stopped : End::closed;
}

LineConnection::Found LineConnection::take_next(const LineEvents& events) {
  const std::size_t end = heard_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = heard_.size();
    if (searched_ - taken_ > limits_.line_bytes_max || skipping_) skip_long_line(events);
    return Found::nothing;
  }
  const std::size_t from = std::exchange(taken_, end + 1);
  searched_ = taken_;
  if (std::exchange(skipping_, false)) return Found::line;
  if (end - from > limits_.line_bytes_max) {
    events.too_long();
    return Found::line;
  }
  return take_line(std::string_view{heard_}.substr(from, end - from), events) == LineEvents::After::leave ? Found::left
                                                                                                          : Found::line;
}

LineEvents::After LineConnection::take_line(std::string_view line, const LineEvents& events) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return LineEvents::After::go_on;
  return events.line(line);
}

// Its end has not come yet, but it is too long already: what is there of it is thrown away.
void LineConnection::skip_long_line(const LineEvents& events) {
  if (!std::exchange(skipping_, true)) events.too_long();
  taken_ = searched_ = heard_.size();
}

void LineConnection::read_some() {
  forget_taken();
  std::array<char, kLineReadBytes> buffer;  // NOLINT: filled by read
  const ssize_t got = ::read(in_, buffer.data(), buffer.size());
  if (got > 0) {
    heard_.append(buffer.data(), static_cast<std::size_t>(got));
  } else if (got == 0) {
    input_ended_ = true;
  } else if (errno != EINTR && errno != EAGAIN) {
    broken_ = true;
  }
}

void LineConnection::forget_taken() {
  if (taken_ == heard_.size() && heard_.capacity() > kLineCapacity) {
    heard_ = {};
  } else {
    heard_.erase(0, taken_);
  }
  searched_ -= taken_;
  taken_ = 0;
}

// Sends what was written meanwhile, then waits for input (unless `in_events` is 0), for room to send the rest, for a
// wake-up or for the time to pass; reads what came.
void LineConnection::wait(int timeout_ms, short in_events) {
  std::array<pollfd, 3> polled{{{wake_.get(), POLLIN, 0}, {in_events != 0 ? in_ : -1, in_events, 0}, {-1, POLLOUT, 0}}};
  {
    const std::lock_guard lock{write_mutex_};
    write_waiting();
    if (unsent_bytes() > 0) polled[2].fd = out_;
    sleeps_ = true;
  }
  const int ready = broken_ ? 0 : ::poll(polled.data(), polled.size(), timeout_ms);
  const int problem = errno;
  {
    const std::lock_guard lock{write_mutex_};
    sleeps_ = false;
  }
  if (ready < 0 && problem != EINTR) throw std::system_error{problem, std::generic_category(), "poll"};
  if (ready <= 0) return;
  if (polled[0].revents != 0) {
    std::uint64_t count = 0;
    if (::read(wake_.get(), &count, sizeof count) < 0 && errno != EAGAIN) broken_ = true;
  }
  if (polled[1].revents != 0) read_some();
}

bool LineConnection::write_line(std::string text) {
  text.push_back('\n');
  const std::lock_guard lock{write_mutex_};
  if (broken_) return false;
  const bool others_wait = unsent_bytes() > 0;
  unsent_.append(text);
  // While others wait, round() sends as soon as there is room.
  if ((sleeps_ && !others_wait) || (!sleeps_ && unsent_bytes() > kGatherBytes)) write_waiting();
  if (unsent_bytes() > limits_.unsent_bytes_max) broken_ = true;
  if (sleeps_ && (broken_ || (!others_wait && unsent_bytes() > 0))) wake();
  return !broken_;
}

void LineConnection::write_waiting() {
  unsent_from_ += send_now(std::string_view{unsent_}.substr(unsent_from_));
  if (unsent_from_ == unsent_.size()) {
    if (unsent_.capacity() > kLineCapacity) unsent_ = {};
    unsent_.clear();
    unsent_from_ = 0;
  } else if (unsent_from_ > unsent_.size() / 2) {
    unsent_.erase(0, unsent_from_);
    unsent_from_ = 0;
  }
}

std::size_t LineConnection::send_now(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size() && !broken_) {
    ssize_t written = 0;
    if (out_is_socket_) {
      written = ::send(out_, bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else if (own_out_.open()) {
      written = ::write(out_, bytes.data() + sent, bytes.size() - sent);
    } else {
      // A descriptor that cannot be opened again; but one that polls writable takes this much without blocking.
      pollfd polled{out_, POLLOUT, 0};
      if (::poll(&polled, 1, 0) <= 0) break;
      written = ::write(out_, bytes.data() + sent, std::min<std::size_t>(bytes.size() - sent, PIPE_BUF));
    }
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) broken_ = true;
      break;
    }
    sent += static_cast<std::size_t>(written);
  }
  return sent;
}

void LineConnection::wake() {
  const std::uint64_t one = 1;
  // The counter can only be full if a wake-up is already on its way.
  if (::write(wake_.get(), &one, sizeof one) < 0) return;
}

}  // namespace carillon::transport
