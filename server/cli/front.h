// The front: what an agent host launches (`carillon mcp`). A small process that splices the host's stdin and stdout
// to the daemon's socket, line by line, and outlives the daemon: when that goes away, the front finds or starts the
// next one and goes on.
//
// It ends on EOF of its stdin (answers under way get one second), on SIGTERM, and when its parent has died. Nothing but
// protocol is written to stdout. One thread.
#pragma once

#include <functional>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/cli/front_session.h"
#include "server/process/unique_fd.h"

namespace carillon::cli {

struct FrontStreams {
  int input = 0;         // from the host
  int output = 1;        // to the host
  int stop_signal = -1;  // readable once the process was asked to end; -1: never
};

// How a lost daemon is found again; called at start-up with the first link already made.
using Reconnect = std::function<Result<process::UniqueFd>()>;

enum class FrontEnd { host_closed, stopped, parent_died, daemon_lost };

FrontEnd splice(const FrontStreams& streams, process::UniqueFd daemon, const Reconnect& reconnect);

}  // namespace carillon::cli
