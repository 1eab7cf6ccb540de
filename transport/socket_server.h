// A Unix-domain socket on which many local clients speak MCP, each a loop of a relay.
//
// The socket lies in a directory of mode 0700 and has mode 0600; besides, the kernel tells who connects, and `admit`
// decides before a byte is read. A socket left behind by a dead process is replaced; one that answers is an error.
// start() and stop() belong to one thread; the hooks are called from many.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "server/process/unique_fd.h"
#include "transport/relay.h"
#include "transport/stdio_server.h"

namespace carillon::transport {

struct SocketPeer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};

struct SocketHooks {
  enum class Verdict { admit, refuse };
  std::function<Verdict(const SocketPeer&)> admit;
  std::function<Opened(const SocketPeer&, std::string_view first_line)> open;
};

struct SocketOptions {
  std::size_t connections_max = 256;
  std::size_t waiting_calls_max = 64;  // on threads of their own; more wait for the server's executor
  StreamOptions stream{};
};

class SocketServer {
 public:
  SocketServer(std::string path, SocketHooks hooks, SocketOptions options);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  // Throws std::system_error where it cannot listen.
  void start();
  // Ends all connections and removes the socket.
  void stop();

  const std::string& path() const { return path_; }
  std::size_t connections() const { return connections_.loops(); }

 private:
  void accept_until_stopped();
  void accept_one();

  const std::string path_;
  const SocketHooks hooks_;
  const SocketOptions options_;
  process::UniqueFd listener_;
  process::UniqueFd wake_;
  std::stop_source stop_;
  Relay connections_;
  std::jthread acceptor_;
};

// Connects to such a socket. Nothing if nobody listens; throws std::system_error for other failures.
process::UniqueFd connect_socket(const std::string& path);

}  // namespace carillon::transport
