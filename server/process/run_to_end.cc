#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "server/process/child.h"

namespace carillon::process {
namespace {

using std::chrono::steady_clock;

// While it lives, writing to a program that has gone gives EPIPE instead of ending us.
class PipeSignalBlocked {
 public:
  PipeSignalBlocked() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~PipeSignalBlocked() {
    const timespec at_once{};
    if (!::sigismember(&before_, SIGPIPE)) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  PipeSignalBlocked(const PipeSignalBlocked&) = delete;
  PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

void read_some(UniqueFd& fd, std::string& into, std::size_t bytes_max) {
  std::array<char, 16384> block;
  const ssize_t got = ::read(fd.get(), block.data(), block.size());
  if (got > 0)
    into.append(block.data(), std::min(static_cast<std::size_t>(got), bytes_max - std::min(bytes_max, into.size())));
  else if (got == 0 || (errno != EINTR && errno != EAGAIN))
    fd.reset();
}

void write_some(UniqueFd& fd, const std::string& input, std::size_t& written) {
  const ssize_t put = ::write(fd.get(), input.data() + written, input.size() - written);
  if (put >= 0)
    written += static_cast<std::size_t>(put);
  else if (errno != EINTR && errno != EAGAIN)
    fd.reset();
  if (written == input.size()) fd.reset();
}

constexpr long kLookForStopEvery = 50;  // milliseconds

// Moves bytes until the child has ended and its pipes are drained; false: the time is over, or a stop was asked for.
bool pump(Child& child, const RunOptions& options, Finished& finished) {
  const auto deadline = steady_clock::now() + options.timeout;
  std::size_t written = 0;
  if (options.input.empty()) child.input().reset();
  if (child.input().open()) ::fcntl(child.input().get(), F_SETFL, O_NONBLOCK);
  while (child.output().open() || child.errors().open() || child.input().open()) {
    std::array<pollfd, 4> waiting{{{child.output().get(), POLLIN, 0},
                                   {child.errors().get(), POLLIN, 0},
                                   {child.input().get(), POLLOUT, 0},
                                   {child.exit_fd(), POLLIN, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0 || options.stop.stop_requested()) return false;
    const long look_after = options.stop.stop_possible() ? kLookForStopEvery : 1'000'000;
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(std::min<long>(left, look_after))) < 0) continue;
    const bool ended = waiting[3].revents != 0;
    if (waiting[0].revents) read_some(child.output(), finished.output, options.output_bytes_max);
    if (waiting[1].revents) read_some(child.errors(), finished.errors, options.output_bytes_max);
    if (waiting[2].revents) write_some(child.input(), options.input, written);
    // A grandchild may keep the pipes open for ever (a daemon that the program started): its end is the end.
    if (ended && !waiting[0].revents && !waiting[1].revents) break;
  }
  while (!options.stop.stop_requested()) {
    const auto left = std::max(Duration::zero(), std::chrono::duration_cast<Duration>(deadline - steady_clock::now()));
    const Duration look_after{std::chrono::milliseconds{kLookForStopEvery}};
    if (child.wait_for(options.stop.stop_possible() ? std::min(left, look_after) : left)) return true;
    if (left == Duration::zero()) break;
  }
  return false;
}

}  // namespace

Result<Finished> run_to_end(Command command, const RunOptions& options) {
  auto child = Child::start(command);
  if (!child.ok()) return child.error();
  const PipeSignalBlocked no_signal;
  Finished finished;
  if (!pump(*child, options, finished))  // the child and its group end with `child`
    return Error{ErrorCode::unavailable,
                 command.arguments.front() + " did not end within " +
                     std::to_string(std::chrono::ceil<std::chrono::seconds>(options.timeout).count()) + " s"};
  finished.exit = *child->poll_exit();
  return finished;
}

}  // namespace carillon::process
