// `carillon mcp`: what an agent host launches. Finds or starts the daemon and splices the host to it; where no daemon
// can be started it serves in this process and says so (`durable: host_only`).
#include "server/base/log.h"
#include "server/cli/command.h"
#include "server/cli/daemon_link.h"
#include "server/cli/front.h"
#include "server/cli/in_process.h"
#include "server/cli/stop_signal.h"

namespace carillon::cli {
namespace {

constexpr Duration kFirstStartPatience = std::chrono::seconds{60};  // making the first database included

Result<process::UniqueFd> find_daemon(const Config& config) {
  auto link = find_or_start_daemon(config.paths, config.session.channel ? kWantChannel : kWantMcp, kFirstStartPatience);
  if (!link.ok()) return link.error();
  return std::move(link->socket);
}

}  // namespace

int run_mcp(const Words& words) {
  const auto parsed = parse_words(
      words,
      {.command = "mcp",
       .flags = {{"channel", "session.channel", "tell the session of runs that asked for notify: session", "true"}},
       .own = {}});
  if (!parsed) return kExitUsage;
  const Config& config = parsed->config;
  StopSignal stop;
  Result<process::UniqueFd> daemon = Error{ErrorCode::unavailable, "not looked for yet"};
  try {
    daemon = find_daemon(config);
  } catch (const std::exception& error) {
    // Typically a home that cannot be written: no daemon can be started there.
    daemon = Error{ErrorCode::unavailable, error.what()};
  }
  if (!daemon.ok()) {
    log::warn("no daemon can be started; serving in this process only", {{"why", daemon.error().message}});
    return serve_in_process(config, stop);
  }
  const FrontEnd end = splice({.input = 0, .output = 1, .stop_signal = stop.fd()}, std::move(*daemon),
                              [&] { return find_daemon(config); });
  return end == FrontEnd::daemon_lost ? kExitUnavailable : kExitOk;
}

}  // namespace carillon::cli
