// systemd as the manager of our service: the calls of systemctl that go with a unit file.
//
// Every call waits for systemctl's end. Nothing is asked where no systemd of that scope runs: in a container, or for a
// person who has no session. Thread-safe: holds no state.
#pragma once

#include <string>

#include "config/paths.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/cli/service.h"

namespace carillon::cli {

// Does the systemd of that scope run, and can we speak to it?
bool manager_runs(ServiceScope scope);

// "daemon-reload"; "start", "stop", "restart" and "is-active" of our unit. Errors: unavailable, in systemctl's words.
Status ask_manager(ServiceScope scope, const std::string& verb, Duration patience);

// Starts the service whose daemon answers at the socket of this installation. False: there is none, no systemd runs, or
// it could not be started, which the log says.
bool start_service(const Paths& paths, Duration patience);

}  // namespace carillon::cli
