// Load over HTTP: one kept connection a caller, epoll over all; and listeners, connections that only wait for events.
#pragma once

#include <sys/epoll.h>

#include <string>
#include <vector>

#include "server/process/unique_fd.h"
#include "tests/bench/load.h"

namespace carillon::bench {

struct HttpTarget {
  int port = 0;
  std::string path = "/mcp";
  std::string headers;  // further ones, each with its line end
};

class HttpLoad {
 public:
  HttpLoad(HttpTarget target, const CallText& call);

  Measured run(const Load& load);

 private:
  struct Connection {
    process::UniqueFd fd;
    std::string request;
    std::string heard;
    std::uint64_t id = 0;
    Time sent{};
  };
  void connect(Connection& connection);
  void connect_up_to(std::size_t count);  // and anew where the server has closed
  void send_next(Connection& connection);
  bool receive(Connection& connection);

  const HttpTarget target_;
  std::string request_;
  std::size_t id_at_ = 0;
  process::UniqueFd epoll_;
  std::vector<Connection> connections_;
  std::uint64_t next_id_ = kFirstId;
};

// Sends `request` on a connection of its own, reads the head of the answer, and leaves the connection open.
process::UniqueFd open_listener(const HttpTarget& target, const std::string& request);

}  // namespace carillon::bench
