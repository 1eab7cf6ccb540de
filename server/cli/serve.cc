// `carillon serve` and `carillon worker`: the long-lived processes.
#include <cstdio>

#include "server/base/log.h"
#include "server/cli/command.h"
#include "server/cli/daemon.h"
#include "server/cli/daemon_link.h"
#include "server/cli/stop_signal.h"
#include "server/process/file_lock.h"
#include "server/process/supervisor.h"

namespace carillon::cli {
namespace {

constexpr Duration kDetachPatience = std::chrono::seconds{120};

int cannot_start(const Error& error) {
  log::error("cannot start", {{"why", error.message}});
  std::fprintf(stderr, "carillon: %s\n", error.message.c_str());
  return error.code == ErrorCode::conflict ? kExitConflict : kExitUnavailable;
}

int run_until_stopped(const Config& config, Role role) {
  StopSignal stop;
  auto daemon = Daemon::start(config, role, stop);
  if (!daemon.ok()) return cannot_start(daemon.error());
  process::tell_supervisor("READY=1");
  stop.wait();
  process::tell_supervisor("STOPPING=1");
  stop.let_second_signal_kill();
  (*daemon)->stop();
  return kExitOk;
}

int detach(const Words& words, const Paths& paths) {
  if (connect_daemon(paths, "status").ok()) {
    std::printf("the daemon is already running\n");
    return kExitOk;
  }
  Words arguments;
  for (const auto& word : words)
    if (word != "--detach") arguments.push_back(word);
  make_directories(paths, current_user());
  const auto started = start_daemon(paths, arguments, kDetachPatience);
  if (!started.ok()) return cannot_start(started.error());
  std::printf("the daemon is running\n");
  return kExitOk;
}

}  // namespace

std::vector<FlagForKey> serve_flags() {
  return {{"listen", "http.listen", "address of the HTTP endpoint, host:port", ""},
          {"insecure-loopback", "http.insecure_loopback", "ask for no token on loopback", "true"},
          {"toolsets", "tools.toolsets", "which sets of tools to offer", ""},
          {"prefix", "tools.prefix", "put before the name of every tool", ""},
          {"clock-shift", "worker.clock_shift", "judge what is due by a clock so far ahead (for tests)", ""}};
}

int run_serve(const Words& words) {
  const auto parsed =
      parse_words(words, {.command = "serve",
                          .flags = serve_flags(),
                          .own = {{"detach", "start in the background and return once it is ready", ""},
                                  {"auto-started", "started by a front: a busy port is no reason to fail", ""}}});
  if (!parsed) return kExitUsage;
  const Config& config = parsed->config;
  if (parsed->has("detach")) return detach(words, config.paths);
  make_directories(config.paths, current_user());
  const auto lock = process::FileLock::try_take(config.paths.daemon_lock.string(), process::LockKind::exclusive);
  if (!lock)
    return cannot_start(
        {ErrorCode::conflict, "a daemon is already running here (" + config.paths.daemon_lock.string() + ")"});
  return run_until_stopped(config, parsed->has("auto-started") ? Role::auto_started_daemon : Role::daemon);
}

int run_worker(const Words& words) {
  const auto parsed = parse_words(
      words,
      {.command = "worker",
       .flags = {{"clock-shift", "worker.clock_shift", "judge what is due by a clock so far ahead (for tests)", ""}},
       .own = {}});
  if (!parsed) return kExitUsage;
  make_directories(parsed->config.paths, current_user());
  return run_until_stopped(parsed->config, Role::worker);
}

}  // namespace carillon::cli
