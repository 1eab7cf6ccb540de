// Starting runs by command: what run_now, retry_run, call_tool and a repeated delivery share.
//
// Runs inside the command's transaction, on a task whose row is locked, so that numbers and overlap decisions hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/domain/run_id.h"
#include "server/domain/task.h"
#include "server/engine/run_commands.h"
#include "server/engine/transaction.h"

namespace carillon {

struct Starting {
  const Call& call;
  Tx& tx;
  Telling& telling;
  RunIdMaker& ids;
};

struct RunOrder {
  const TaskRecord& task;
  const TaskDefinition& definition;
  int version;         // of the definition
  std::string origin;  // run_now, retry, call, step, schedule
  Instant run_at;
  std::optional<Overlap> overlap{};  // nothing: no rule keeps it out
  std::string payload{};             // JSON text
  std::string reason{};
  std::optional<Instant> slot{};         // of the run that is repeated, or of a past slot
  std::optional<std::int64_t> number{};  // of the run that is repeated; else the next one
  int retry = 1;
  std::optional<RunId> id{};           // a new one unless it was made already
  Instant finish_by = Instant::max();  // of a child: it begins before, whatever its task says
};

inline constexpr std::size_t kInputBytesMax = 1024 * 1024;

// An input that replaces the action's: an object that the action can take, of at most kInputBytesMax.
Result<std::string> payload_for(const Action& action, const std::optional<json>& input);

// Queues the run, or writes the row that says why not (overlap, duplicate), and tells of it.
RunStarted start_run(const Starting& starting, const RunOrder& order);

// Moves the queued runs of a task to cancelled; how many were.
std::int64_t cancel_queued(const Starting& starting, const TaskRecord& task, const std::string& reason);

}  // namespace carillon
