// Ending a run that is found in whatever state it is: what cancel_run does, also to the runs that a run's steps have
// started. Inside the command's transaction. Stateless.
#pragma once

#include <optional>

#include "server/engine/run_commands.h"
#include "server/engine/transaction.h"

namespace carillon {

struct Cancelling {
  const Call& call;
  const CancelRun& command;
  Tx& tx;
  Telling& telling;
};

// What became of it, or what was asked for. Nothing: it has ended, or keeps changing its place.
std::optional<RunCancelled> cancel_found(const Cancelling& cancelling, RunId run);

}  // namespace carillon
