#include "transport/socket_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "server/base/log.h"

namespace carillon::transport {
namespace {

constexpr int kSocketBacklog = 128;
constexpr mode_t kOwnerOnlyDirectory = 0700;
constexpr mode_t kOwnerOnlySocket = 0600;

[[noreturn]] void fail_socket(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::system_error{ENAMETOOLONG, std::generic_category(), "the socket path " + path};
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

process::UniqueFd new_socket() {
  process::UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd.open()) fail_socket("socket");
  return fd;
}

void make_private_directory(const std::string& path) {
  const auto directory = std::filesystem::path{path}.parent_path();
  if (directory.empty()) return;
  std::filesystem::create_directories(directory.parent_path());
  if (::mkdir(directory.c_str(), kOwnerOnlyDirectory) != 0 && errno != EEXIST)
    fail_socket("mkdir " + directory.string());
  if (::chmod(directory.c_str(), kOwnerOnlyDirectory) != 0) fail_socket("chmod " + directory.string());
}

void listen_at(int fd, const std::string& path) {
  const sockaddr_un address = address_of(path);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(fd, generic, sizeof address) != 0) {
    if (errno != EADDRINUSE) fail_socket("bind " + path);
    if (connect_socket(path).open()) {
      errno = EADDRINUSE;
      fail_socket("another process listens on " + path);
    }
    if (::unlink(path.c_str()) != 0) fail_socket("unlink " + path);
    if (::bind(fd, generic, sizeof address) != 0) fail_socket("bind " + path);
  }
  if (::chmod(path.c_str(), kOwnerOnlySocket) != 0) fail_socket("chmod " + path);
  if (::listen(fd, kSocketBacklog) != 0) fail_socket("listen " + path);
}

std::optional<SocketPeer> peer_of(int fd) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return std::nullopt;
  return SocketPeer{credentials.uid, credentials.gid, credentials.pid};
}

}  // namespace

process::UniqueFd connect_socket(const std::string& path) {
  auto fd = new_socket();
  const sockaddr_un address = address_of(path);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  if (errno == ECONNREFUSED || errno == ENOENT) return process::UniqueFd{};
  fail_socket("connect " + path);
}

SocketServer::SocketServer(std::string path, SocketHooks hooks, SocketOptions options)
    : path_(std::move(path)),
      hooks_(std::move(hooks)),
      options_(options),
      connections_({.loops_max = options.connections_max, .loans_max = options.waiting_calls_max}) {}

SocketServer::~SocketServer() { stop(); }

void SocketServer::start() {
  make_private_directory(path_);
  listener_ = new_socket();
  listen_at(listener_.get(), path_);
  wake_ = process::UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake_.open()) fail_socket("eventfd");
  acceptor_ = std::jthread{[this] { accept_until_stopped(); }};
}

void SocketServer::stop() {
  if (!acceptor_.joinable()) return;
  stop_.request_stop();
  const std::uint64_t one = 1;
  if (::write(wake_.get(), &one, sizeof one) < 0) log::error("the socket's acceptor cannot be woken");
  acceptor_.join();
  listener_.reset();
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) log::warn("the socket could not be removed", {{"path", path_}});
  connections_.stop();
}

void SocketServer::accept_until_stopped() {
  while (!stop_.stop_requested()) {
    std::array<pollfd, 2> polled{{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) fail_socket("poll");
    if (polled[0].revents != 0 && !stop_.stop_requested()) accept_one();
  }
}

void SocketServer::accept_one() {
  process::UniqueFd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  if (!connection.open()) {
    constexpr int kPauseMs = 100;  // out of descriptors: the connection stays in the backlog meanwhile
    if (errno == EMFILE || errno == ENFILE) ::poll(nullptr, 0, kPauseMs);
    return;
  }
  const auto peer = peer_of(connection.get());
  if (!peer || hooks_.admit(*peer) == SocketHooks::Verdict::refuse) return;
  const Opening opening = [this, who = *peer](std::string_view first_line) { return hooks_.open(who, first_line); };
  if (connections_.start(new_stream_session(opening, std::move(connection), options_.stream, stop_.get_token())))
    return;
  log::warn("a local connection was refused: too many", {{"limit", options_.connections_max}});
}

}  // namespace carillon::transport
