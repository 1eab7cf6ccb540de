// The daemon's side of the preamble (daemon_link.h): who may use the socket, and what the first line asks for.
//
// Hooks are called from many threads.
#pragma once

#include <functional>
#include <memory>

#include "server/base/json.h"
#include "transport/server.h"
#include "transport/socket_server.h"

namespace carillon::cli {

struct Control {
  std::shared_ptr<transport::McpServer> mcp;
  std::function<json()> status;  // the object that `carillon status --json` prints
  std::function<void()> stop;    // asks the process to end; returns at once
};

// Only processes of our own user, or root, are admitted. A first line that is no preamble is taken as protocol.
transport::SocketHooks socket_hooks(Control control);

}  // namespace carillon::cli
