// Serving a host from the front's own process, where no daemon can be started: everything works as long as the host
// keeps us open, and every create says `durable: host_only`.
#pragma once

#include "config/config.h"
#include "server/cli/stop_signal.h"

namespace carillon::cli {

// Serves stdin and stdout until the host closes or a signal comes; the exit code.
int serve_in_process(const Config& config, StopSignal& stop);

}  // namespace carillon::cli
