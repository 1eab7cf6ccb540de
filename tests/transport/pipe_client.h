// A client at the other end of a socket pair, with a thread that serves it.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "server/process/unique_fd.h"
#include "transport/stdio_server.h"

namespace carillon::transport::fixture {

class PipeClient {
 public:
  explicit PipeClient(McpServer& server, const StreamOptions& options = {}) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours_ = process::UniqueFd{ends[0]};
    theirs_ = process::UniqueFd{ends[1]};
    thread_ = std::jthread{[&server, options, fd = ends[1]](const std::stop_token& stop) {
      serve_stream(server, {"t", "a", {}}, {{fd, fd}, options}, stop);
      ::shutdown(fd, SHUT_RDWR);
    }};
  }

  // Exactly these bytes. False when the server takes no more.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(ours_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void say(const std::string& line) const { REQUIRE(send(line + "\n")); }
  // Lines, as soon as there are so many; fewer at the end.
  std::vector<std::string> hear(std::size_t count) {
    while (std::count(heard_.begin(), heard_.end(), '\n') < static_cast<std::ptrdiff_t>(count) && receive()) continue;
    return take_lines();
  }
  std::vector<std::string> hear_to_the_end() {
    hang_up();
    while (receive()) continue;
    return take_lines();
  }
  void hang_up() const { ::shutdown(ours_.get(), SHUT_WR); }

 private:
  bool receive() {
    char buffer[4096];
    const ssize_t got = ::recv(ours_.get(), buffer, sizeof buffer, 0);
    if (got > 0) heard_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }
  std::vector<std::string> take_lines() {
    std::vector<std::string> lines;
    for (std::size_t end = 0; (end = heard_.find('\n')) != std::string::npos; heard_.erase(0, end + 1))
      lines.push_back(heard_.substr(0, end));
    return lines;
  }

  process::UniqueFd ours_;
  process::UniqueFd theirs_;
  std::string heard_;
  std::jthread thread_;
};

}  // namespace carillon::transport::fixture
