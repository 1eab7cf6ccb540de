#include "server/cli/in_process.h"

#include <cstdio>
#include <stop_token>

#include "server/cli/command.h"
#include "server/cli/daemon.h"
#include "server/cli/token.h"
#include "transport/stdio_server.h"
#include "transport/worker_pool.h"

namespace carillon::cli {

int serve_in_process(const Config& config, StopSignal& stop) {
  auto daemon = Daemon::start(config, Role::in_process, stop);
  if (!daemon.ok()) {
    std::fprintf(stderr, "carillon: %s\n", daemon.error().message.c_str());
    return kExitUnavailable;
  }
  // The stream is served on a thread of its own, because the main thread waits for signals.
  std::stop_source end;
  transport::WorkerPool thread{{.threads_max = 1}};
  thread.run([&] {
    transport::serve_stream((*daemon)->mcp(), host_principal(), {}, end.get_token());
    stop.request();
  });
  stop.wait();
  end.request_stop();
  thread.stop();
  (*daemon)->stop();
  return kExitOk;
}

}  // namespace carillon::cli
