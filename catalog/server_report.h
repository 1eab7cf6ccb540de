// How one downstream server is doing, as search_tools, get_status and /health show it. A value; secrets masked.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/breaker.h"

namespace carillon::catalog {

enum class ServerState {
  stopped,  // nobody needs it: it starts with the next call
  starting,
  ready,
  backing_off,  // it failed; the next try comes later
  needs_sign_in,
  misconfigured,  // its entry cannot be used
};
inline constexpr std::array<std::string_view, 6> kServerStateNames{"stopped",     "starting",      "ready",
                                                                   "backing_off", "needs_sign_in", "misconfigured"};
constexpr std::string_view name_of(ServerState state) { return kServerStateNames[static_cast<std::size_t>(state)]; }

struct ServerReport {
  std::string name;
  ServerState state = ServerState::stopped;
  std::string transport;                  // "stdio", "http" or "built_in"
  std::string where;                      // the command or the address
  std::string protocol;                   // the revision agreed upon; empty before the first handshake
  std::string version;                    // what the server says of itself
  std::optional<std::size_t> tool_count;  // unknown before the first listing
  std::optional<Duration> latency;        // a moving average over its answers
  std::size_t in_flight = 0, waiting = 0;
  std::size_t starts = 0, calls = 0, failures = 0;
  std::string sign_in;        // how we are signed in, or what a person must do; empty: nobody asked for it
  bool wants_person = false;  // a sign-in is needed, or ends soon
  std::string last_error;
  std::optional<Instant> last_error_at;
  std::optional<Duration> next_try_in;
  BreakerStanding breaker{};
  std::vector<std::string> warnings;  // tools that were dropped, schemas that cannot be used
  std::string error_tail;             // the end of its stderr, at most 64 KiB
};

}  // namespace carillon::catalog
