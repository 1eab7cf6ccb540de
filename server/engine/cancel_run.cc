#include "server/base/check.h"
#include "server/engine/cancelling.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/transaction.h"
#include "server/store/child_store.h"

// cancel_run: stop a run that has not finished.

namespace carillon {

namespace {

Error already_ended(const RunRecord& run) {
  Error error{ErrorCode::conflict, handle_of(run) + " has already ended: " + std::string(name_of(run.state)), "/run",
              handle_of(run)};
  error.details["state"] = name_of(run.state);
  error.try_instead = json::array({{{"tool", "get_run"}, {"arguments", {{"run", handle_of(run)}}}}});
  return error;
}

ToldRun told(const RunRecord& run) { return {run.id, run.task, run.task_name, run.number, run.retry}; }

// The statement that ended the run has woken whoever's step has started it; here is the hint for its worker.
void tell_parent(const Cancelling& cancelling, const RunRecord& run) {
  const TenantId& tenant = cancelling.call.caller.tenant;
  const auto link = run.origin == "step" ? ChildStore{cancelling.tx}.find(tenant, run.id) : std::nullopt;
  const auto parent = link ? RunStore{cancelling.tx}.find(tenant, link->parent) : std::nullopt;
  if (parent && parent->shard) cancelling.telling.run_told(parent->id, *parent->shard);
}

// Nobody waits for the runs that its steps have started; they are to end, too.
void cancel_children(const Cancelling& cancelling, const RunRecord& run) {
  const CancelRun command{.run = {}, .reason = "its parent " + handle_of(run) + " has ended"};
  const Cancelling below{cancelling.call, command, cancelling.tx, cancelling.telling};
  for (const ChildRun& child : ChildStore{cancelling.tx}.open(cancelling.call.caller.tenant, run.id))
    cancel_found(below, child.run);
}

RunCancelled ended_as(const Cancelling& cancelling, const RunRecord& run, RunState state) {
  tell_parent(cancelling, run);
  cancel_children(cancelling, run);
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
  CARILLON_CHECK(to.has_value());
  const RunEnding ending{.outcome = *to,
                         .at = cancelling.call.now,
                         .error_class = ErrorClass::cancelled,
                         .reason = cancelling.command.reason,
                         .by_force = cancelling.command.force};
  if (!RunStore{cancelling.tx}.cancel_ready(cancelling.call.caller.tenant, place_of(run), ending)) return std::nullopt;
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
                   .reason = cancelling.command.reason,
                   .by_force = cancelling.command.force};
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

RunCancelled asked(const Cancelling& cancelling, const RunRecord& run) {
  const std::string state{name_of(run.state)};
  return {.run = handle_of(run),
          .run_id = run.id.number(),
          .was = state,
          .state = state,
          .requested = true,
          .undoes = run.undoes || cancelling.command.compensate,
          .at = cancelling.call.now};
}

// Whoever has the run, or takes it next, hears of it.
std::optional<RunCancelled> ask_worker(const Cancelling& cancelling, const RunRecord& run) {
  const TenantId& tenant = cancelling.call.caller.tenant;
  const CancelWish wish{
      .at = cancelling.call.now, .reason = cancelling.command.reason, .undoes = cancelling.command.compensate};
  RunStore runs{cancelling.tx};
  if (run.state == RunState::queued) {
    if (!runs.compensate_ready(tenant, place_of(run), wish)) return std::nullopt;
    cancelling.telling.run_ready(*run.shard, cancelling.call.now);
  } else {
    if (!runs.request_cancel(tenant, run.id, wish)) return std::nullopt;
    cancelling.telling.cancel_requested(run.id);
    if (run.state == RunState::waiting) cancelling.telling.run_told(run.id, *run.shard);
  }
  return asked(cancelling, run);
}

// Nothing: the run moved on while we looked.
std::optional<RunCancelled> try_to_cancel(const Cancelling& cancelling, const RunRecord& run) {
  const CancelRun& command = cancelling.command;
  // It is being undone, or will be: nobody takes that back.
  if (run.undoes && !command.force) return asked(cancelling, run);
  // What has never been taken by a worker has done nothing.
  const bool has_begun = run.state != RunState::queued || run.attempt > 1;
  if (command.compensate && has_begun) return ask_worker(cancelling, run);
  if (run.state == RunState::queued) return cancel_queued_run(cancelling, run);
  // Whose steps wait for other runs ends with them, so its worker is woken.
  const bool has_children = !ChildStore{cancelling.tx}.open(cancelling.call.caller.tenant, run.id).empty();
  if ((run.state == RunState::waiting && !has_children) || command.force) return end_now(cancelling, run);
  return ask_worker(cancelling, run);
}

Error not_to_be_undone(const CancelRun& command, std::string why) {
  Error error{ErrorCode::arguments_invalid, std::move(why), "/compensate", true};
  error.try_instead = json::array({{{"run", command.run}}, {{"run", command.run}, {"compensate", true}}});
  if (!command.force) error.try_instead.erase(1);
  return error;
}

}  // namespace

std::optional<RunCancelled> cancel_found(const Cancelling& cancelling, RunId id) {
  for (int look = 0; look < kLooksMax; ++look) {
    const auto run = RunStore{cancelling.tx}.find(cancelling.call.caller.tenant, id);
    if (!run || !next_state(run->state, RunEvent::cancel)) return std::nullopt;
    auto cancelled = try_to_cancel(cancelling, *run);
    if (!cancelled) continue;
    cancelling.telling.audit(subject_of(run->id), {{"state", cancelled->was}},
                             {{"state", cancelled->state},
                              {"requested", cancelled->requested},
                              {"undoes", cancelled->undoes},
                              {"reason", cancelling.command.reason}});
    return cancelled;
  }
  return std::nullopt;
}

Result<RunCancelled> Engine::cancel_run(const Caller& caller, const CancelRun& command) {
  if (command.force && command.compensate)
    return not_to_be_undone(command,
                            "force takes the run from its worker, which could undo nothing then: say one of both");
  const Call call{caller, "cancel_run", command.key, parts_.clock.now()};
  return run_once<RunCancelled>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunCancelled> {
    const auto run = find_run(tx, caller.tenant, command.run);
    if (!run) return run.error();
    if (!next_state(run->state, RunEvent::cancel)) return already_ended(*run);
    if (command.compensate && !has_steps(tx, caller.tenant, *run))
      return not_to_be_undone(command, handle_of(*run) + " has no steps that could be undone; cancel it without");
    if (auto cancelled = cancel_found({call, command, tx, telling}, run->id)) return *std::move(cancelled);
    const auto now = RunStore{tx}.find(caller.tenant, run->id);
    if (now && !next_state(now->state, RunEvent::cancel)) return already_ended(*now);
    return Error{ErrorCode::unavailable, "the run keeps changing its place; repeat the call", "/run", command.run};
  });
}

}  // namespace carillon
