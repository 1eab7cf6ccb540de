#include "transport/http_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace carillon::transport {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kGatherBytes = 64 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool same_name(std::string_view left, std::string_view right) {
  const HeaderNameLess less;
  return !less(left, right) && !less(right, left);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The library decodes percent signs in header values, where they mean nothing: a URI in Mcp-Name would come out as
// another one. What it decodes to is what was sent.
void append_escaped(std::string& head, std::string_view line) {
  for (const char c : line) {
    head += c;
    if (c == '%') head += "25";
  }
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 3'600'000));
}

}  // namespace

HttpSocket::HttpSocket(int fd, int stopping, const HttpLimits& limits) : fd_(fd), stopping_(stopping), limits_(limits) {
  const int on = 1;
  // Neither failure would make an answer wrong, only slower or inherited: nothing to do about them.
  static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  static_cast<void>(::fcntl(fd, F_SETFD, FD_CLOEXEC));
}

HttpSocket::Ready HttpSocket::wait_ready(short events, Time deadline) const {
  while (true) {
    std::array<pollfd, 2> polled{{{fd_.get(), events, 0}, {stopping_, POLLIN, 0}}};
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Ready::late;
    return polled[1].revents != 0 ? Ready::stopping : Ready::yes;
  }
}

HttpSocket::Filled HttpSocket::fill(Time deadline) {
  if (in_from_ > 0 && in_from_ == in_.size()) {
    in_.clear();
    in_from_ = 0;
  }
  std::array<char, kReadBytes> buffer;  // NOLINT: filled by recv
  while (true) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
      in_.append(buffer.data(), static_cast<std::size_t>(got));
      return Filled::more;
    }
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return Filled::closed;
    if (errno == EINTR) continue;
    if (!flush()) return Filled::closed;
    if (wait_ready(POLLIN, deadline) != Ready::yes) return Filled::late;
  }
}

bool HttpSocket::wait_for_request() {
  if (!flush()) return false;
  if (in_from_ < in_.size()) return true;
  return fill(std::chrono::steady_clock::now() + limits_.idle_time) == Filled::more;
}

HttpSocket::Head HttpSocket::read_head() {
  const Time deadline = std::chrono::steady_clock::now() + limits_.header_time;
  std::size_t searched = in_from_;
  while (true) {
    const std::size_t end = in_.find(kHeadEnd, searched);
    if (end != std::string::npos) return take_head(end + kHeadEnd.size() - in_from_);
    if (in_.size() - in_from_ > limits_.header_bytes_max) return Head::too_large;
    const std::size_t pending = in_.size() - in_from_;
    switch (fill(deadline)) {
      case Filled::closed:
        return Head::closed;
      case Filled::late:
        return Head::too_slow;
      case Filled::more:
        break;
    }
    searched = in_from_ + (pending < kHeadEnd.size() ? 0 : pending - kHeadEnd.size());
  }
}

HttpSocket::Head HttpSocket::take_head(std::size_t length) {
  if (length > limits_.header_bytes_max) return Head::too_large;
  const std::string_view head = std::string_view{in_}.substr(in_from_, length);
  content_length_ = 0;
  has_length_ = chunked_ = false;
  head_from_ = 0;
  std::size_t at = head.find("\r\n") + 2;
  head_.assign(head.substr(0, at));
  for (std::size_t count = 0; at < head.size() - 2; ++count) {
    if (count >= limits_.headers_max) return Head::too_many;
    const std::size_t end = head.find("\r\n", at);
    if (!take_header(head.substr(at, end - at))) return Head::malformed;
    at = end + 2;
  }
  head_.append("\r\n");
  in_from_ += length;
  if (has_length_ && chunked_) return Head::malformed;
  if (content_length_ > limits_.body_bytes_max) return Head::body_too_large;
  body_deadline_ = std::chrono::steady_clock::now() + limits_.body_time;
  return Head::ready;
}

// False: the request cannot be understood safely.
bool HttpSocket::take_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || line.find('\0') != std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  if (name.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  const std::string_view value = trimmed(line.substr(colon + 1));
  // The library would answer these two itself: byte ranges of generated answers, and costly compression.
  if (same_name(name, "Range") || same_name(name, "Accept-Encoding")) return true;
  if (same_name(name, "Content-Length")) {
    if (has_length_ || value.empty()) return false;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), content_length_);
    if (problem != std::errc{} || end != value.data() + value.size()) return false;
    has_length_ = true;
  } else if (same_name(name, "Transfer-Encoding")) {
    if (chunked_ || !same_name(value, "chunked")) return false;
    chunked_ = true;
  }
  append_escaped(head_, line);
  head_.append("\r\n");
  return true;
}

ssize_t HttpSocket::read(char* into, std::size_t size) {
  if (head_from_ < head_.size()) {
    const std::size_t taken = head_.copy(into, size, head_from_);
    head_from_ += taken;
    return static_cast<ssize_t>(taken);
  }
  if (failed_) return -1;
  if (in_from_ == in_.size() && fill(body_deadline_) != Filled::more) {
    failed_ = true;
    return -1;
  }
  const std::size_t taken = in_.copy(into, size, in_from_);
  in_from_ += taken;
  return static_cast<ssize_t>(taken);
}

bool HttpSocket::write(std::string_view bytes) {
  if (failed_) return false;
  out_.append(bytes);
  return out_.size() < kGatherBytes || flush();
}

bool HttpSocket::flush() {
  std::size_t sent = 0;
  const Time deadline = std::chrono::steady_clock::now() + limits_.write_time;
  while (sent < out_.size() && !failed_) {
    const ssize_t written = ::send(fd_.get(), out_.data() + sent, out_.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written >= 0) {
      sent += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      failed_ = wait_ready(POLLOUT, deadline) != Ready::yes;
    } else if (errno != EINTR) {
      failed_ = true;
    }
  }
  out_.clear();
  return !failed_;
}

HttpSocket::Wait HttpSocket::wait(int wake, std::chrono::milliseconds silence) {
  const int timeout = silence.count() == 0 ? -1 : static_cast<int>(silence.count());
  while (true) {
    std::array<pollfd, 3> polled{{{wake, POLLIN, 0}, {fd_.get(), POLLRDHUP, 0}, {stopping_, POLLIN, 0}}};
    const int ready = ::poll(polled.data(), polled.size(), timeout);
    if (ready < 0 && errno == EINTR) continue;
    if (polled[0].revents != 0) return Wait::woken;
    if (polled[2].revents != 0) return Wait::stopping;
    if (polled[1].revents != 0) return Wait::gone;
    return Wait::silence;
  }
}

void HttpSocket::linger() {
  constexpr auto kPatience = std::chrono::seconds{2};
  constexpr std::size_t kDiscardMax = 64 * 1024 * 1024;
  if (!flush() || ::shutdown(fd_.get(), SHUT_WR) != 0) return;
  const Time deadline = std::chrono::steady_clock::now() + kPatience;
  std::array<char, kReadBytes> buffer;  // NOLINT: thrown away
  for (std::size_t discarded = 0; discarded < kDiscardMax;) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) return;
    if (got > 0) {
      discarded += static_cast<std::size_t>(got);
    } else if ((errno != EAGAIN && errno != EINTR) || wait_ready(POLLIN, deadline) != Ready::yes) {
      return;
    }
  }
}

void HttpSocket::shut() const {
  // It only hurries up a thread that waits; a socket that is closed already needs no hurry.
  static_cast<void>(::shutdown(fd_.get(), SHUT_RDWR));
}

}  // namespace carillon::transport
