// FormWait: for how long a request of an older revision of MCP stays open while its client shows a form. Its client
// gives a request up after a minute, as a rule, so a request that asked is answered before; the form stays, and who
// answers it later still decides (tools.md §8). In the newest revision the request has ended with the question.
//
// Pure; thread-safe. Instants are of the monotonic clock.
#pragma once

#include <chrono>

#include "server/base/clock.h"

namespace carillon::tools {

inline constexpr std::chrono::seconds kFormWait{40};
inline constexpr std::chrono::seconds kMomentAfterAnswer{10};  // most of what was asked for goes on within it
inline constexpr std::chrono::seconds kAskedRequestMax{55};    // from its arrival

// Until when a form is waited for: no longer than kFormWait, nor longer than the request would be open anyway.
// `wait_until`: of what the caller asked to wait.
Monotonic form_until(Monotonic arrived, Monotonic wait_until, Monotonic asked);

// Until when the run is waited for in a request that has asked. What a client decided deserves a moment for its effect.
Monotonic run_until(Monotonic arrived, Duration wait, bool decided, Monotonic now);

}  // namespace carillon::tools
