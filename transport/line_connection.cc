#include "transport/line_connection.h"

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

namespace carillon::transport {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kDrainTickMs = 5;
constexpr std::size_t kKeptCapacity = 1024 * 1024;

bool is_socket(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode);
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
    : in_(in), out_(out), limits_(limits), out_is_socket_(is_socket(out)), wake_(new_wake_fd()) {
  ignore_broken_pipes();
}

LineConnection::End LineConnection::run(const LineEvents& events, std::chrono::milliseconds drain,
                                        const std::stop_token& stop) {
  const std::stop_callback on_stop{stop, [this] { wake(); }};
  while (!input_ended_ && !broken_ && !stop.stop_requested()) {
    if (!wait(-1, POLLIN) || !readable_ || read_some(events) == Read::more) continue;
    if (!partial_.empty() && !skipping_ && !input_ended_) take_line(partial_, events);
    input_ended_ = true;
  }
  const auto until = std::chrono::steady_clock::now() + drain;
  while (!broken_ && !stop.stop_requested() && std::chrono::steady_clock::now() < until) {
    if (!has_unsent() && !events.has_more_to_send()) break;
    wait(kDrainTickMs, 0);
  }
  if (broken_) return End::broken;
  return stop.stop_requested() ? End::stopped : End::closed;
}

bool LineConnection::wait(int timeout_ms, short in_events) {
  readable_ = false;
  std::array<pollfd, 3> polled{{{wake_.get(), POLLIN, 0}, {in_events != 0 ? in_ : -1, in_events, 0}, {-1, POLLOUT, 0}}};
  if (has_unsent()) polled[2].fd = out_;
  const int ready = ::poll(polled.data(), polled.size(), timeout_ms);
  if (ready < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "poll"};
  if (ready <= 0) return false;
  if (polled[0].revents != 0) {
    std::uint64_t count = 0;
    if (::read(wake_.get(), &count, sizeof count) < 0 && errno != EAGAIN) broken_ = true;
  }
  if (polled[2].revents != 0) send_unsent();
  readable_ = polled[1].revents != 0;
  return true;
}

LineConnection::Read LineConnection::read_some(const LineEvents& events) {
  std::array<char, kReadBytes> buffer;  // NOLINT: filled by read
  const ssize_t got = ::read(in_, buffer.data(), buffer.size());
  if (got < 0) {
    if (errno == EINTR || errno == EAGAIN) return Read::more;
    broken_ = true;
    return Read::end_of_input;
  }
  if (got == 0) return Read::end_of_input;
  take_bytes({buffer.data(), static_cast<std::size_t>(got)}, events);
  return Read::more;
}

void LineConnection::take_bytes(std::string_view bytes, const LineEvents& events) {
  while (!bytes.empty() && !input_ended_) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    const bool complete = end != std::string_view::npos;
    bytes.remove_prefix(complete ? end + 1 : bytes.size());
    if (skipping_) {
      skipping_ = !complete;
    } else if (partial_.size() + piece.size() > limits_.line_bytes_max) {
      partial_ = {};
      skipping_ = !complete;
      events.too_long();
    } else if (!complete) {
      partial_.append(piece);
    } else if (partial_.empty()) {
      take_line(piece, events);
    } else {
      partial_.append(piece);
      take_line(partial_, events);
      if (partial_.capacity() > kKeptCapacity) partial_ = {};
      partial_.clear();
    }
  }
}

void LineConnection::take_line(std::string_view line, const LineEvents& events) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") != std::string_view::npos) events.line(line);
}

bool LineConnection::write_line(std::string text) {
  text.push_back('\n');
  const std::lock_guard lock{write_mutex_};
  if (broken_) return false;
  std::size_t sent = 0;
  const bool nothing_waits = unsent_from_ == unsent_.size();
  if (nothing_waits) sent = send_now(text);
  if (broken_) {
    wake();
    return false;
  }
  if (sent == text.size()) return true;
  if (unsent_.size() - unsent_from_ + text.size() - sent > limits_.unsent_bytes_max) {
    broken_ = true;
  } else {
    unsent_.append(text, sent);
  }
  if (nothing_waits || broken_) wake();
  return !broken_;
}

std::size_t LineConnection::send_now(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    ssize_t written = 0;
    if (out_is_socket_) {
      written = ::send(out_, bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      // The descriptor may be shared with other processes, so it is not made non-blocking; but a pipe that polls
      // writable takes this much without blocking.
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

void LineConnection::send_unsent() {
  const std::lock_guard lock{write_mutex_};
  if (broken_) return;
  unsent_from_ += send_now(std::string_view{unsent_}.substr(unsent_from_));
  if (unsent_from_ == unsent_.size()) {
    unsent_ = {};
    unsent_from_ = 0;
  } else if (unsent_from_ > unsent_.size() / 2) {
    unsent_.erase(0, unsent_from_);
    unsent_from_ = 0;
  }
}

bool LineConnection::has_unsent() {
  const std::lock_guard lock{write_mutex_};
  return unsent_from_ < unsent_.size();
}

void LineConnection::wake() {
  const std::uint64_t one = 1;
  // The counter can only be full if a wake-up is already on its way.
  if (::write(wake_.get(), &one, sizeof one) < 0) return;
}

}  // namespace carillon::transport
