// Commands about runs and their answers: run_now, cancel_run, retry_run, call_tool.
//
// Runs that a command starts are in run_ready when it is committed. Waiting for their end is the caller's matter
// (run_watch.h). `at` is the instant of the first answer. `can_answer`: what the asking client can be asked while the
// run is under way (domain/question.h). JSON: answers_json.h. Values only.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/domain/schedule/overlap.h"
#include "server/engine/command.h"

namespace carillon {

struct RunNow {
  CommandKey key{};
  std::string task{};           // or
  std::string pipeline{};       // "name" or "name@version"
  std::optional<json> input{};  // replaces the action's input (steps), arguments (tool) or message ({"message": …})
  std::string reason{};
  std::optional<Overlap> overlap{};  // default: the task's own policy
  json can_answer = json::object();
};

// The answer of run_now, retry_run and call_tool: the run that was started, or the row that says why it was not.
struct RunStarted {
  std::string run{};  // handle
  std::int64_t run_id = 0;
  std::string task{};
  std::string task_state{};  // active, paused, done: run_now works on all of them and says so
  std::string state{};       // queued; skipped when an overlap or dedupe rule kept it out
  std::string reason{};      // of a skipped run; else why a queued one will have to wait
  Instant run_at{};
  std::string zone{};
  std::string retry_of{};               // retry_run: the run that is repeated
  std::vector<std::string> repeated{};  // retry_run: steps with effects outside that are called again
  std::vector<std::string> reused{};    // retry_run: steps that are taken over from the run that is repeated
  Instant at{};
};

struct CancelRun {
  CommandKey key{};
  std::string run{};
  std::string reason{};
  bool force = false;       // takes the lease away at once; a late result is refused
  bool compensate = false;  // what is under way ends, then what succeeded is undone
};

enum class WorkResponse { claim, answer, release };

// What a step asks an agent to do. Scope approve; who may take it says the step.
struct RespondToWork {
  CommandKey key{};
  std::string run{};
  std::string step{};  // needed where several wait
  WorkResponse response = WorkResponse::claim;
  json answer = nullptr;  // an object, of answer
  std::string comment{};
};

struct WorkResponded {
  std::string run{};
  std::int64_t run_id = 0;
  std::string step{};
  std::string state{};             // claimed, answered, released
  std::optional<Instant> until{};  // of a claim
  std::string prompt{};            // of a claim, with what belongs to it
  json data = nullptr;
  std::string expect{};
  std::string zone{};
  Instant at{};
};

struct RunCancelled {
  std::string run{};
  std::int64_t run_id = 0;
  std::string was{};             // the state before
  std::string state{};           // cancelled; or as before, with `requested`, while the worker stops the call
  bool requested = false;        // get_run tells when it has ended
  bool undoes = false;           // once what it did is undone
  bool outcome_unknown = false;  // forced in the middle of a call that may have had an effect
  Instant at{};
};

// With the definition of the run unless `latest`.
enum class RetryDefinition { original, latest };

struct RetryRun {
  CommandKey key{};
  std::string run{};           // must have ended
  std::string from = "start";  // reusing_steps.h
  std::optional<json> input{};
  RetryDefinition definition = RetryDefinition::original;
  json can_answer = json::object();
};

// retry_run without a run: of those that failed and were not repeated, the oldest first. At least one of the first
// three.
struct RetryFailed {
  CommandKey key{};
  std::optional<std::string> task{};         // or a pipeline, for its own runs
  std::optional<std::string> error_class{};  // without one those with an unknown outcome are left alone
  std::optional<std::string> since{};        // a moment; by the time a run was made
  std::string from = "start";                // failed_step is the start of what is one call
  RetryDefinition definition = RetryDefinition::original;
  int limit = 10;
};

struct RunNotRetried {
  std::string run{};
  std::string why{};
};

struct RunsRetried {
  std::vector<RunStarted> runs{};
  std::vector<RunNotRetried> refused{};  // they cannot be repeated so; they keep being found
  bool more = false;                     // than the limit
  Instant at{};
};

// Runs for the slots of a past range that had none: before the task was made, missed or skipped.
struct Backfill {
  CommandKey key{};
  std::string task{};
  std::string from{};  // moments, both inclusive; `to` not later than now
  std::string to{};
  bool dry_run = false;
};

struct Backfilled {
  std::string task{};
  std::string zone{};
  std::vector<Instant> slots{};     // that get a run, or would
  std::vector<std::string> runs{};  // their handles; none of a dry run
  std::int64_t had_runs = 0;        // slots of the range that keep the run that they had
  Instant at{};
};

struct CallTool {
  CommandKey key{};
  std::string tool{};
  json arguments = json::object();
  json can_answer = json::object();
};

// call_tool {dry_run}: the arguments fit the tool's schema.
struct ToolChecked {
  std::string tool{};
  std::string effect{};  // read, idempotent, destructive
};

}  // namespace carillon
