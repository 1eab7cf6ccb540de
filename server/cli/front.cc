#include "server/cli/front.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "server/base/log.h"

namespace carillon::cli {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kBacklogBytesMax = 32u << 20;  // beyond it the other side is not read until it drains
constexpr int kTickMs = 1000;                        // how often the parent is looked at
constexpr auto kGrace = std::chrono::seconds{1};     // for answers under way after the host closed

enum class ReadEnd { open, closed };

// Bytes waiting to be written to one side.
class Outbound {
 public:
  void add(std::string_view text) { text_.append(text); }
  void add_line(std::string_view line) { text_.append(line).push_back('\n'); }
  bool empty() const { return sent_ == text_.size(); }
  bool full() const { return text_.size() - sent_ > kBacklogBytesMax; }
  void clear() { text_.clear(), sent_ = 0; }
  ReadEnd flush(int fd) {
    while (!empty()) {
      const ssize_t wrote = ::write(fd, text_.data() + sent_, text_.size() - sent_);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0 && errno == EAGAIN) return ReadEnd::open;
      if (wrote <= 0) return ReadEnd::closed;
      sent_ += static_cast<std::size_t>(wrote);
    }
    clear();
    return ReadEnd::open;
  }

 private:
  std::string text_;
  std::size_t sent_ = 0;
};

// Bytes read from one side, cut into lines.
class LineBuffer {
 public:
  ReadEnd fill(int fd) {
    std::array<char, kReadBytes> bytes;  // NOLINT: filled by read
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got > 0) text_.append(bytes.data(), static_cast<std::size_t>(got));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return ReadEnd::open;
    return got > 0 ? ReadEnd::open : ReadEnd::closed;
  }
  // Moves the whole lines on to `to`, but those that `see` swallows; neighbours are moved in one piece.
  template <class See>
  void pass_lines(See&& see, Outbound& to) {
    std::size_t from = 0, kept_from = 0;
    for (std::size_t end = text_.find('\n', searched_); end != std::string::npos; end = text_.find('\n', from)) {
      const std::string_view line = std::string_view{text_}.substr(from, end - from);
      const std::size_t line_from = std::exchange(from, end + 1);
      if (see(line) == Pass::forward) continue;
      to.add(std::string_view{text_}.substr(kept_from, line_from - kept_from));
      kept_from = from;
    }
    to.add(std::string_view{text_}.substr(kept_from, from - kept_from));
    text_.erase(0, from);
    searched_ = text_.size();
  }
  void clear() { text_.clear(), searched_ = 0; }

 private:
  std::string text_;
  std::size_t searched_ = 0;
};

void make_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

class Splice {
 public:
  Splice(const FrontStreams& streams, process::UniqueFd daemon, const Reconnect& reconnect)
      : streams_(streams), reconnect_(reconnect), parent_(::getppid()), daemon_(std::move(daemon)) {
    make_nonblocking(daemon_.get());
    make_nonblocking(streams_.output);
  }

  FrontEnd run() {
    while (true) {
      if (const auto end = step()) return *end;
    }
  }

 private:
  std::optional<FrontEnd> step() {
    std::array<pollfd, 4> fds{{
        {.fd = host_open_ && !to_daemon_.full() ? streams_.input : -1, .events = POLLIN, .revents = 0},
        {.fd = daemon_.get(),
         .events = static_cast<short>((to_host_.full() ? 0 : POLLIN) | (to_daemon_.empty() ? 0 : POLLOUT)),
         .revents = 0},
        {.fd = to_host_.empty() ? -1 : streams_.output, .events = POLLOUT, .revents = 0},
        {.fd = streams_.stop_signal, .events = POLLIN, .revents = 0},
    }};
    const int ready = ::poll(fds.data(), fds.size(), host_open_ ? kTickMs : 20);
    if (ready < 0 && errno != EINTR) return FrontEnd::stopped;
    if (fds[3].revents != 0) return FrontEnd::stopped;
    if (parent_died()) return FrontEnd::parent_died;
    if (fds[0].revents != 0) read_host();
    const bool daemon_there =
        to_daemon_.flush(daemon_.get()) == ReadEnd::open && (fds[1].revents == 0 || read_daemon());
    if (!daemon_there && !recover()) return FrontEnd::daemon_lost;
    if (to_host_.flush(streams_.output) == ReadEnd::closed) return FrontEnd::host_closed;
    if (host_open_) return std::nullopt;
    const bool done = session_.idle() && to_daemon_.empty() && to_host_.empty();
    if (done || std::chrono::steady_clock::now() > close_by_) return FrontEnd::host_closed;
    return std::nullopt;
  }

  // Looked at once in a while: a parent that has died left its ends of the pipes open to somebody else.
  bool parent_died() {
    const auto now = std::chrono::steady_clock::now();
    if (now < look_at_parent_) return false;
    look_at_parent_ = now + std::chrono::milliseconds{kTickMs};
    return ::getppid() != parent_;
  }

  void read_host() {
    if (from_host_.fill(streams_.input) == ReadEnd::closed) {
      host_open_ = false;
      close_by_ = std::chrono::steady_clock::now() + kGrace;
    }
    const auto see = [&](std::string_view line) {
      session_.on_host_line(line);
      return Pass::forward;
    };
    from_host_.pass_lines(see, to_daemon_);
  }

  // False: the daemon is gone.
  bool read_daemon() {
    const ReadEnd end = from_daemon_.fill(daemon_.get());
    from_daemon_.pass_lines([&](std::string_view line) { return session_.on_daemon_line(line); }, to_host_);
    return end == ReadEnd::open;
  }

  bool recover() {
    if (!host_open_ && session_.idle()) return false;
    log::warn("the daemon went away; looking for another one");
    auto link = reconnect_();
    if (!link.ok()) {
      log::error("no daemon can be reached", {{"why", link.error().message}});
      return false;
    }
    daemon_ = std::move(*link);
    make_nonblocking(daemon_.get());
    from_daemon_.clear();
    to_daemon_.clear();
    const auto resume = session_.resume();
    for (const auto& line : resume.to_daemon) to_daemon_.add_line(line);
    for (const auto& line : resume.to_host) to_host_.add_line(line);
    return true;
  }

  const FrontStreams streams_;
  const Reconnect& reconnect_;
  const pid_t parent_;
  process::UniqueFd daemon_;
  FrontSession session_;
  LineBuffer from_host_, from_daemon_;
  Outbound to_host_, to_daemon_;
  bool host_open_ = true;
  Monotonic close_by_{};
  Monotonic look_at_parent_{};
};

}  // namespace

FrontEnd splice(const FrontStreams& streams, process::UniqueFd daemon, const Reconnect& reconnect) {
  return Splice{streams, std::move(daemon), reconnect}.run();
}

}  // namespace carillon::cli
