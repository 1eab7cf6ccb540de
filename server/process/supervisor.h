// The service manager that started this process, where one did.
//
// What it wants to hear goes to the socket that NOTIFY_SOCKET names (sd_notify(3)); a unit with Type=notify counts us
// as started when we say so, not when we have merely been executed. Thread-safe: reads the environment only (nobody in
// this program calls setenv after start).
#pragma once

#include <string_view>

namespace carillon::process {

// Does somebody wait to hear that we are ready?
bool is_supervised();

// "READY=1", "STOPPING=1", "STATUS=…", several joined by newlines. False: nobody waits for it, or it cannot be reached.
bool tell_supervisor(std::string_view state);

// Is this machine run by systemd (sd_booted(3))? Containers mostly are not.
bool is_run_by_systemd();

}  // namespace carillon::process
