#include "server/cli/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace carillon::cli {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

StopSignal::StopSignal() : requested_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const sigset_t set = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen by write()
  signals_ = process::UniqueFd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

void StopSignal::wait() {
  std::array<pollfd, 2> fds{{{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                             {.fd = requested_.get(), .events = POLLIN, .revents = 0}}};
  while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) continue;
}

void StopSignal::request() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(requested_.get(), &one, sizeof one);
}

void StopSignal::let_second_signal_kill() {
  signalfd_siginfo taken{};
  while (::read(signals_.get(), &taken, sizeof taken) > 0) continue;
  const sigset_t set = ending_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace carillon::cli
