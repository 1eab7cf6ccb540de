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

inline constexpr std::string_view kStartedByFront = "front";
inline constexpr std::string_view kStartedByUser = "user";

// What becomes of the zone that a preamble tells: the default zone of its callers, or nothing because one is
// configured.
enum class HostZone { heeded, ignored };

struct Control {
  std::shared_ptr<transport::McpServer> mcp;
  std::shared_ptr<transport::McpServer> channel_mcp;  // of fronts that want notifications of their session
  std::function<json()> status;                       // the object that `carillon status --json` prints
  // Asks the process to end; returns at once. `successor` is the version that will take over, empty when none is told.
  std::function<void(const std::string& successor)> stop;
  std::string_view started_by = kStartedByUser;
  HostZone host_zone = HostZone::heeded;
};

// Only processes of our own user, or root, are admitted. A first line that is no preamble is taken as protocol.
transport::SocketHooks socket_hooks(Control control);

}  // namespace carillon::cli
