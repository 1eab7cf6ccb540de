#include "server/base/check.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/transaction.h"

// cancel_run: stop a run that has not finished.

namespace carillon {

namespace {

constexpr int kLooksMax = 4;  // a run moves at most from queued to live to history while we try

struct Cancelling {
  const Call& call;
  const CancelRun& command;
  Tx& tx;
  Telling& telling;
};

Error already_ended(const RunRecord& run) {
  Error error{ErrorCode::conflict, handle_of(run) + " has already ended: " + std::string(name_of(run.state)), "/run",
              handle_of(run)};
  error.details["state"] = name_of(run.state);
  error.try_instead = json::array({{{"tool", "get_run"}, {"arguments", {{"run", handle_of(run)}}}}});
  return error;
}

ToldRun told(const RunRecord& run) { return {run.id, run.task, run.task_name, run.number, run.retry}; }

RunCancelled ended_as(const Cancelling& cancelling, const RunRecord& run, RunState state) {
  cancelling.telling.run_event("task.run." + std::string(name_of(state)), told(run),
                               {{"reason", cancelling.command.reason}});
  cancelling.telling.run_ended(run.id);
  return {.run = handle_of(run),
          .run_id = run.id.number(),
          .was = std::string(name_of(run.state)),
          .state = std::string(name_of(state)),
          .at = cancelling.call.now};
}

std::optional<RunCancelled> cancel_queued_run(const Cancelling& cancelling, const RunRecord& run) {
  const auto to = next_state(run.state, RunEvent::cancel);
  CARILLON_CHECK(to && run.shard && run.priority);
  const ReadyRun place{*run.shard, *run.priority, run.run_at, run.id, run.number, run.retry};
  const RunEnding ending{.outcome = *to,
                         .at = cancelling.call.now,
                         .error_class = ErrorClass::cancelled,
                         .reason = cancelling.command.reason};
  if (!RunStore{cancelling.tx}.cancel_ready(cancelling.call.caller.tenant, place, ending)) return std::nullopt;
  return ended_as(cancelling, run, *to);
}

// Ends a live run here and now: nobody works on a waiting one, and force does not wait for the worker. A call that may
// have had its effect makes the outcome unknown: saying `cancelled` would be a guess.
std::optional<RunCancelled> end_now(const Cancelling& cancelling, const RunRecord& run) {
  const bool mid_call = run.call_state == "calling";
  const auto to = next_state(run.state, mid_call ? RunEvent::lose_outcome : RunEvent::cancel);
  CARILLON_CHECK(to.has_value());
  RunEnding ending{.outcome = *to,
                   .at = cancelling.call.now,
                   .error_class = ErrorClass::cancelled,
                   .reason = cancelling.command.reason};
  if (mid_call) {
    ending.error_class = ErrorClass::unknown_outcome;
    ending.error_message =
        "cancelled by force in the middle of a call that may have had its effect; look there before you repeat it";
  }
  if (!RunStore{cancelling.tx}.end_live(cancelling.call.caller.tenant, run.id, {run.state, run.call_state}, ending))
    return std::nullopt;
  cancelling.telling.run_taken_away(run.id);
  RunCancelled cancelled = ended_as(cancelling, run, *to);
  cancelled.outcome_unknown = mid_call;
  return cancelled;
}

std::optional<RunCancelled> ask_worker(const Cancelling& cancelling, const RunRecord& run) {
  if (!RunStore{cancelling.tx}.request_cancel(cancelling.call.caller.tenant, run.id, cancelling.call.now,
                                              cancelling.command.reason))
    return std::nullopt;
  cancelling.telling.cancel_requested(run.id);
  const std::string state{name_of(run.state)};
  return RunCancelled{.run = handle_of(run),
                      .run_id = run.id.number(),
                      .was = state,
                      .state = state,
                      .requested = true,
                      .at = cancelling.call.now};
}

// Nothing: the run moved on while we looked.
std::optional<RunCancelled> try_to_cancel(const Cancelling& cancelling, const RunRecord& run) {
  if (run.state == RunState::queued) return cancel_queued_run(cancelling, run);
  if (run.state == RunState::waiting || cancelling.command.force) return end_now(cancelling, run);
  return ask_worker(cancelling, run);
}

}  // namespace

Result<RunCancelled> Engine::cancel_run(const Caller& caller, const CancelRun& command) {
  const Call call{caller, "cancel_run", command.key, parts_.clock.now()};
  return run_once<RunCancelled>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunCancelled> {
    auto run = find_run(tx, caller.tenant, command.run);
    for (int look = 0; run && look < kLooksMax; ++look) {
      if (!next_state(run->state, RunEvent::cancel)) return already_ended(*run);
      if (auto cancelled = try_to_cancel({call, command, tx, telling}, *run)) {
        telling.audit(subject_of(run->id), {{"state", cancelled->was}},
                      {{"state", cancelled->state}, {"requested", cancelled->requested}, {"reason", command.reason}});
        return std::move(*cancelled);
      }
      run = find_run(tx, caller.tenant, run->id.str());
    }
    if (!run) return run.error();
    return Error{ErrorCode::unavailable, "the run keeps changing its place; repeat the call", "/run", command.run};
  });
}

}  // namespace carillon
