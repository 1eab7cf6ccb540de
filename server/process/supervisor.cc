#include "server/process/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "server/process/unique_fd.h"

namespace carillon::process {
namespace {

std::string_view notify_socket() {
  const char* name = std::getenv("NOTIFY_SOCKET");
  return name != nullptr ? name : std::string_view{};
}

}  // namespace

bool is_supervised() { return !notify_socket().empty(); }

bool tell_supervisor(std::string_view state) {
  const std::string_view name = notify_socket();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.empty() || name.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';  // a name outside of the file system
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const ssize_t sent = ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
  return sent == static_cast<ssize_t>(state.size());
}

bool is_run_by_systemd() { return ::access("/run/systemd/system/", F_OK) == 0; }

}  // namespace carillon::process
