// The daemon: all rooms joined, started from the bottom up and stopped from the top down.
//
// start() opens the database, migrates, leases a process slot, and begins to work; when it returns the process serves.
// One thread starts and stops it; status() may be called by any.
#pragma once

#include <memory>

#include "config/config.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/cli/stop_signal.h"
#include "transport/server.h"

namespace carillon::cli {

enum class Role {
  daemon,               // serves HTTP and the socket, schedules and works
  auto_started_daemon,  // the same; a busy port makes it take a free one
  worker,               // schedules and works only
  in_process,           // a front that could start no daemon: schedules and works, serves its host only
};

class Daemon {
 public:
  // Errors: unavailable (database, directories), conflict (migrations, port).
  static Result<std::unique_ptr<Daemon>> start(const Config& config, Role role, StopSignal& stop);
  ~Daemon();

  json status() const;          // what `carillon status --json` prints
  transport::McpServer& mcp();  // for a stream of our own (role in_process), with the channel if config wants it
  void stop();                  // finishes runs softly, hands back the rest, lets go of the database

 private:
  Daemon();
  struct Rooms;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace carillon::cli
