#include "server/process/child.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "server/process/executable.h"

namespace carillon::process {
namespace {

using std::chrono::steady_clock;

constexpr rlim_t kConfinedFilesMax = 64, kConfinedProcessesMax = 64;

// What went wrong between fork and exec, as the child writes it to the report pipe.
struct StartFailure {
  int step;
  int error;
};
constexpr std::array<const char*, 7> kSteps{"make a session for",
                                            "set the streams of",
                                            "enter the directory of",
                                            "change the user of",
                                            "execute",
                                            "open the log file of",
                                            "confine"};

// Everything the child needs, made before fork: after it only async-signal-safe calls are allowed.
struct Prepared {
  std::string program;
  std::vector<std::string> variables;
  std::vector<char*> argv, envp;
  std::string user_map, group_map;  // of a namespace in which the child is who it is
};

std::string map_of(unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; }

Prepared prepare(const Command& command, std::string program) {
  Prepared ready;
  ready.program = std::move(program);
  for (const auto& argument : command.arguments) ready.argv.push_back(const_cast<char*>(argument.c_str()));
  ready.argv.push_back(nullptr);
  for (const auto& [name, value] : command.environment) ready.variables.push_back(name + "=" + value);
  for (auto& variable : ready.variables) ready.envp.push_back(variable.data());
  ready.envp.push_back(nullptr);
  ready.user_map = map_of(command.identity ? command.identity->user : ::geteuid());
  ready.group_map = map_of(command.identity ? command.identity->group : ::getegid());
  return ready;
}

struct PipePair {
  UniqueFd read, write;
};

PipePair make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return {UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

// glibc 2.36 declares pidfd_open without C linkage, so C++ cannot link to it. The descriptor is close-on-exec by
// itself.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// The child's end and ours of one stream.
struct StreamEnds {
  UniqueFd theirs, ours;
};

StreamEnds make_stream(Stream kind, int number) {
  StreamEnds ends;
  if (kind == Stream::pipe) {
    PipePair pair = make_pipe();
    ends.theirs = std::move(number == STDIN_FILENO ? pair.read : pair.write);
    ends.ours = std::move(number == STDIN_FILENO ? pair.write : pair.read);
  } else if (kind == Stream::discard) {
    ends.theirs = UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    if (!ends.theirs.open()) throw std::system_error(errno, std::generic_category(), "/dev/null");
  }
  return ends;
}

[[noreturn]] void give_up(int report, int step) {
  const StartFailure failure{step, errno};
  [[maybe_unused]] const ssize_t written = ::write(report, &failure, sizeof failure);
  ::_exit(127);
}

void close_others_on_exec() {
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < 4096; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // kernels before 5.11
}

void become(const Identity& identity, int report) {
  const gid_t group = identity.group;
  if (::setgroups(1, &group) != 0 || ::setresgid(group, group, group) != 0 ||
      ::setresuid(identity.user, identity.user, identity.user) != 0)
    give_up(report, 3);
}

bool write_file(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const auto bytes = static_cast<ssize_t>(std::strlen(text));
  const bool written = ::write(file, text, static_cast<std::size_t>(bytes)) == bytes;
  ::close(file);
  return written;
}

// As ourselves in a user namespace, whose owner may make a network namespace. Async-signal-safe.
bool take_network_away(const char* user_map, const char* group_map) {
  return ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", user_map) && write_file("/proc/self/gid_map", group_map);
}

void limit(int what, rlim_t most, int report) {
  const rlimit both{most, most};
  if (::setrlimit(static_cast<__rlimit_resource>(what), &both) != 0) give_up(report, 6);
}

void confine(const Confinement& to, const Prepared& ready, int report) {
  if (to.no_network && !take_network_away(ready.user_map.c_str(), ready.group_map.c_str())) give_up(report, 6);
  limit(RLIMIT_CPU, static_cast<rlim_t>(to.cpu.count()), report);
  limit(RLIMIT_AS, to.memory_bytes_max, report);
  limit(RLIMIT_FSIZE, to.file_bytes_max, report);
  limit(RLIMIT_NOFILE, kConfinedFilesMax, report);
  limit(RLIMIT_CORE, 0, report);
  // Of a user elsewhere it counts all processes, in a namespace of its own only these.
  if (to.no_network) limit(RLIMIT_NPROC, kConfinedProcessesMax, report);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(report, 6);
}

// Runs in the forked child; never returns.
[[noreturn]] void run_child(const Command& command, const Prepared& ready, const std::array<int, 3>& streams,
                            int report) {
  if ((command.session == Session::own_session ? ::setsid() : ::setpgid(0, 0)) < 0) give_up(report, 0);
  // A stream's descriptor may itself be 0..2 when ours were closed: lift them all out of the way first.
  std::array<int, 3> lifted{-1, -1, -1};
  for (std::size_t i = 0; i < 3; ++i)
    if (streams[i] >= 0 && (lifted[i] = ::fcntl(streams[i], F_DUPFD_CLOEXEC, 3)) < 0) give_up(report, 1);
  for (std::size_t i = 0; i < 3; ++i)
    if (lifted[i] >= 0 && ::dup2(lifted[i], static_cast<int>(i)) < 0) give_up(report, 1);
  if (command.identity) become(*command.identity, report);
  if (!command.output_file.empty()) {
    const int log = ::open(command.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || ::dup2(log, STDOUT_FILENO) < 0 || ::dup2(log, STDERR_FILENO) < 0) give_up(report, 5);
  }
  if (!command.directory.empty() && ::chdir(command.directory.c_str()) != 0) give_up(report, 2);
  if (command.confinement) confine(*command.confinement, ready, report);
  close_others_on_exec();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2}) ::signal(number, SIG_DFL);
  ::execve(ready.program.c_str(), ready.argv.data(), ready.envp.data());
  give_up(report, 4);
}

std::optional<StartFailure> read_report(int fd) {
  StartFailure failure{};
  ssize_t got = 0;
  do got = ::read(fd, &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof failure)) return std::nullopt;
  return failure;
}

std::optional<Exit> reap(int exit_fd, int flags) {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_PIDFD, static_cast<id_t>(exit_fd), &info, WEXITED | flags);
  while (result != 0 && errno == EINTR);
  if (result != 0) throw std::system_error(errno, std::generic_category(), "waitid");
  if (info.si_pid == 0) return std::nullopt;
  return info.si_code == CLD_EXITED ? Exit{info.si_status, 0} : Exit{0, info.si_status};
}

Error cannot_start(const Command& command, const std::string& why) {
  const std::string name = command.arguments.empty() ? "(no command)" : command.arguments.front();
  return Error{ErrorCode::unavailable, "cannot start " + name + ": " + why};
}

}  // namespace

std::string describe(const Exit& exit) {
  if (exit.signal == 0) return "exited with status " + std::to_string(exit.code);
  const char* name = ::sigdescr_np(exit.signal);
  return "was killed by signal " + std::to_string(exit.signal) + (name ? " (" + std::string{name} + ")" : "");
}

bool can_take_network_away() {
  static const bool can = [] {
    const Prepared ready = prepare({}, "");
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(take_network_away(ready.user_map.c_str(), ready.group_map.c_str()) ? 0 : 1);
    int status = 1;
    while (pid > 0 && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return pid > 0 && status == 0;
  }();
  return can;
}

Result<Child> Child::start(const Command& command) {
  if (command.arguments.empty()) return cannot_start(command, "there is no command");
  const auto path = command.environment.find("PATH");
  // Not a conditional expression: of a literal and a string it would make a temporary string, gone at once.
  std::string_view search = "/usr/local/bin:/usr/bin:/bin";
  if (path != command.environment.end()) search = path->second;
  auto program = find_executable(command.arguments.front(), search);
  if (!program) return cannot_start(command, "no such program in PATH " + std::string{search});
  const Prepared ready = prepare(command, std::move(*program));

  const bool to_file = !command.output_file.empty();
  StreamEnds in = make_stream(command.input, STDIN_FILENO);
  StreamEnds out = make_stream(to_file ? Stream::inherit : command.output, STDOUT_FILENO);
  StreamEnds err = make_stream(to_file ? Stream::inherit : command.errors, STDERR_FILENO);
  PipePair report = make_pipe();

  const pid_t pid = ::fork();
  if (pid < 0) return cannot_start(command, std::strerror(errno));
  if (pid == 0) run_child(command, ready, {in.theirs.get(), out.theirs.get(), err.theirs.get()}, report.write.get());

  report.write.reset();
  Child child{pid, UniqueFd{open_pidfd(pid)}};
  if (!child.exit_fd_.open()) throw std::system_error(errno, std::generic_category(), "pidfd_open");
  if (const auto failure = read_report(report.read.get())) {
    child.exit_ = reap(child.exit_fd(), 0);
    const auto step = static_cast<std::size_t>(std::clamp(failure->step, 0, 6));
    return cannot_start(command, std::string{"could not "} + kSteps[step] + " it: " + std::strerror(failure->error));
  }
  child.input_ = std::move(in.ours);
  child.output_ = std::move(out.ours);
  child.errors_ = std::move(err.ours);
  return child;
}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_fd_, other.exit_fd_);
  std::swap(input_, other.input_);
  std::swap(output_, other.output_);
  std::swap(errors_, other.errors_);
  std::swap(exit_, other.exit_);
  return *this;
}

Child::~Child() {
  if (!exit_fd_.open() || exit_) return;
  ::kill(-pid_, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(exit_fd()), &info, WEXITED) != 0 && errno == EINTR) continue;
}

std::optional<Exit> Child::poll_exit() {
  if (exit_) return exit_;
  // Seen but not yet reaped (WNOWAIT), so that the group's number is still ours while stragglers are killed.
  if (!reap(exit_fd(), WNOHANG | WNOWAIT)) return std::nullopt;
  ::kill(-pid_, SIGKILL);
  exit_ = reap(exit_fd(), 0);
  return exit_;
}

std::optional<Exit> Child::wait_for(Duration at_most) {
  if (exit_) return exit_;
  const auto deadline = steady_clock::now() + at_most;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    pollfd waiting{exit_fd(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<long>(left, 0, 1'000'000)));
    if (ready > 0) return poll_exit();
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    if (steady_clock::now() >= deadline) return std::nullopt;
  }
}

void Child::signal_group(int signal) {
  if (!exit_ && exit_fd_.open()) ::kill(-pid_, signal);
}

Exit Child::stop(Duration grace) {
  input_.reset();
  signal_group(SIGTERM);
  if (const auto exit = wait_for(grace)) return *exit;
  signal_group(SIGKILL);
  for (;;)
    if (const auto exit = wait_for(std::chrono::seconds{10})) return *exit;
}

pid_t Child::release() {
  exit_fd_.reset();
  return pid_;
}

}  // namespace carillon::process
