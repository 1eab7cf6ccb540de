// A conversation with the daemon, as a modern MCP client that speaks for the person at the terminal: one request after
// the other, each with its response. A daemon that does not run is started.
//
// Belongs to one thread.
#pragma once

#include <optional>
#include <string>

#include "server/cli/daemon_link.h"

namespace carillon::cli {

class Conversation {
 public:
  // Errors: unavailable, conflict (daemon_link.h).
  static Result<Conversation> open(const Paths& paths);
  explicit Conversation(process::UniqueFd socket) : socket_(std::move(socket)) {}

  // The response: {"result": …} or {"error": …}; notifications are passed over. Nothing: the daemon went away.
  std::optional<json> ask(const std::string& method, json params);

 private:
  process::UniqueFd socket_;
  int last_id_ = 0;
  std::string buffer_;
};

}  // namespace carillon::cli
