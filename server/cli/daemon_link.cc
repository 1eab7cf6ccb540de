#include "server/cli/daemon_link.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/base/log.h"
#include "server/base/version.h"
#include "server/cli/control.h"
#include "server/cli/service_manager.h"
#include "server/domain/caller.h"
#include "server/domain/schedule/zone.h"
#include "server/process/child.h"
#include "server/process/executable.h"
#include "server/process/file_lock.h"

namespace carillon::cli {
namespace {

using namespace nlohmann::literals;

constexpr Duration kAnswerWait = std::chrono::seconds{10};
constexpr std::size_t kAnswerBytesMax = 1 << 20;
constexpr std::size_t kLogTailBytes = 2000;

Error no_daemon(const Paths& paths, const std::string& why) {
  return Error{ErrorCode::unavailable, "no daemon answers at " + paths.socket.string() + ": " + why};
}

Result<process::UniqueFd> open_socket(const Paths& paths) {
  process::UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = paths.socket.string();
  if (path.size() >= sizeof address.sun_path) return no_daemon(paths, "the path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return no_daemon(paths, std::strerror(errno));
  return fd;
}

// Reads one line byte by byte: what follows it belongs to the protocol that comes next.
Result<std::string> read_line(const Paths& paths, int fd) {
  const timeval wait{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(kAnswerWait).count(), .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  std::string line;
  for (char c = 0; line.size() < kAnswerBytesMax;) {
    const ssize_t got = ::recv(fd, &c, 1, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return no_daemon(paths, got == 0 ? "it closed the connection" : "it did not answer in time");
    if (c == '\n') break;
    line += c;
  }
  const timeval none{};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  return line;
}

std::string log_tail(const Paths& paths) {
  std::ifstream file{paths.log_file, std::ios::binary | std::ios::ate};
  if (!file) return "";
  const auto size = static_cast<std::size_t>(file.tellg());
  const std::size_t from = size > kLogTailBytes ? size - kLogTailBytes : 0;
  file.seekg(static_cast<std::streamoff>(from));
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string version_of(const DaemonLink& link) { return link.answer.value("version", ""); }

// Nothing is left to do: a daemon that we use, or an error that starting one would not mend.
bool is_settled(const Result<DaemonLink>& link) {
  if (!link.ok()) return link.error().code != ErrorCode::unavailable;
  const std::string version = version_of(*link);
  if (!is_newer(kVersion, version)) return true;
  if (link->answer.value("started_by", "") == kStartedByFront) return false;
  // Ours to replace are only those that fronts start: another may have been given settings that we do not know.
  log::warn("the daemon is older than this program; end it with `carillon stop` and start it anew",
            {{"daemon", version}, {"program", kVersion}});
  return true;
}

// Waits until a daemon has finished its runs softly and everything of it has ended.
Status ask_to_give_way(const Paths& paths, const std::string& version, Duration patience) {
  log::info("an older daemon is asked to give way", {{"daemon", version}, {"program", kVersion}});
  const auto ending = end_daemon(paths, patience, kVersion);
  if (!ending.ok()) return ending.error();
  if (*ending != Ending::still_at_work) return Done{};
  return Error{ErrorCode::unavailable, "the daemon of version " + version + " was asked to give way to " +
                                           std::string{kVersion} + " and is still finishing its runs"};
}

}  // namespace

bool send_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Result<DaemonLink> connect_daemon(const Paths& paths, std::string_view want, std::string_view successor) {
  auto socket = open_socket(paths);
  if (!socket.ok()) return socket.error();
  refresh_machine_zone();  // a front may have been connected for days
  json preamble{{"carillon", 1},
                {"version", kVersion},
                {"zone", machine_zone()},
                {"parent_pid", ::getppid()},
                {"want", want == kWantCall ? kWantMcp : want}};
  if (want == kWantCall) preamble["speaks"] = name_of(CallerKind::person);
  if (!successor.empty()) preamble["successor"] = successor;
  if (!send_text(socket->get(), preamble.dump() + '\n')) return no_daemon(paths, "it closed the connection");
  const auto line = read_line(paths, socket->get());
  if (!line.ok()) return line.error();
  json answer = json::parse(*line, nullptr, false);
  if (!answer.is_object() || !answer.contains("carillon"))
    return Error{ErrorCode::conflict, "what listens at " + paths.socket.string() + " is not a Carillon daemon"};
  if (answer.contains("error"))
    return Error{ErrorCode::conflict, "the daemon refused the connection: " + answer["error"].dump()};
  return DaemonLink{std::move(*socket), std::move(answer)};
}

Result<Ending> end_daemon(const Paths& paths, Duration patience, std::string_view successor) {
  const auto asked = connect_daemon(paths, "stop", successor);
  if (!asked.ok() && asked.error().code != ErrorCode::unavailable) return asked.error();
  const std::string lock = paths.daemon_lock.string();
  if (!std::filesystem::exists(lock)) return Ending::none_ran;
  if (!asked.ok() && process::FileLock::try_take(lock, process::LockKind::exclusive)) return Ending::none_ran;
  return process::FileLock::take_within(lock, process::LockKind::exclusive, patience) ? Ending::ended
                                                                                      : Ending::still_at_work;
}

Status start_daemon(const Paths& paths, const std::vector<std::string>& arguments, Duration patience) {
  process::Command command{.arguments = {process::own_executable(), "serve"},
                           .environment = process::inherited_environment(process::daemon_environment_names()),
                           .directory = "/",
                           .identity = {},
                           .input = process::Stream::discard,
                           .output = process::Stream::discard,
                           .errors = process::Stream::discard,
                           .session = process::Session::own_session,
                           .output_file = paths.log_file.string()};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  auto child = process::Child::start(command);
  if (!child.ok()) return child.error();
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    const auto link = connect_daemon(paths, "status");
    if (link.ok() && link->answer.value("/status/state"_json_pointer, json("")) == "ready") {
      child->release();
      return Done{};
    }
    // Another process may have started one at the same moment: then ours ends and theirs answers.
    if (child->wait_for(std::chrono::milliseconds{10}) && !connect_daemon(paths, "status").ok())
      return Error{ErrorCode::unavailable,
                   "the daemon did not start; the end of " + paths.log_file.string() + ":\n" + log_tail(paths)};
  }
  return Error{ErrorCode::unavailable, "the daemon did not become ready in time; see " + paths.log_file.string()};
}

Result<DaemonLink> find_or_start_daemon(const Paths& paths, std::string_view want, Duration patience) {
  auto link = connect_daemon(paths, want);
  if (is_settled(link)) return link;
  make_directories(paths, current_user());
  // Fronts that start together queue here; the second finds the daemon of the first.
  const auto lock = process::FileLock::take_within(paths.start_lock.string(), process::LockKind::exclusive, patience);
  link = connect_daemon(paths, want);
  if (is_settled(link)) return link;
  if (!lock) return Error{ErrorCode::unavailable, "another process has been starting the daemon for too long"};
  if (link.ok()) {
    const auto gone = ask_to_give_way(paths, version_of(*link), patience);
    if (!gone.ok()) return gone.error();
  }
  // Where the daemon is a service, a second one beside its manager would keep it from ever starting again.
  if (start_service(paths, patience)) return connect_daemon(paths, want);
  const auto started = start_daemon(paths, {"--auto-started"}, patience);
  if (!started.ok()) return started.error();
  return connect_daemon(paths, want);
}

}  // namespace carillon::cli
