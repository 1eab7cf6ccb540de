// Steps that start other runs: a run of a saved pipeline, begun in one transaction with the step's wait, and what the
// step gives once that run has ended (docs/adr/0049-child-runs.md).
#include <algorithm>

#include "server/base/check.h"
#include "server/domain/pipeline/expectation.h"
#include "server/domain/run_payload.h"
#include "server/engine/cancelling.h"
#include "server/engine/engine.h"
#include "server/engine/own_steps.h"
#include "server/engine/pipelines.h"
#include "server/engine/run_starting.h"
#include "server/store/child_store.h"
#include "server/store/step_store.h"

namespace carillon {

namespace {

constexpr int kOrphansMax = 100;  // at once

OwnStepEnd goes_on(Instant at) { return {.finished_at = at, .waits_until = Instant::max()}; }

struct Bounds {
  int depth_max, runs_max;
};

// Where the child will stand below its parent. Errors: over_limit.
Result<ChildRun> place_of(Tx& tx, const OwnStep& step, const Bounds& bounds) {
  const TenantId& tenant = step.caller.tenant;
  ChildStore children{tx};
  const auto above = children.find(tenant, step.key.lease.id);
  ChildRun child{.parent = step.key.lease.id,
                 .path = step.key.path,
                 .attempt = step.key.attempt,
                 .root = above ? above->root : step.key.lease.id,
                 .depth = above ? above->depth + 1 : 1};
  if (child.depth > bounds.depth_max)
    return Error{ErrorCode::over_limit,
                 "runs start runs at most " + std::to_string(bounds.depth_max) + " deep (worker.child_depth_max)"};
  if (children.count(tenant, child.root) >= bounds.runs_max)
    return Error{ErrorCode::over_limit, "the steps of one run, with all below it, start at most " +
                                            std::to_string(bounds.runs_max) + " runs (worker.child_runs_max)"};
  child.finish_by = step.finish_by.value_or(Instant::max());
  if (step.timeout && step.began_at + *step.timeout < child.finish_by) {
    child.finish_by = step.began_at + *step.timeout;
    child.times_out = true;
  }
  return child;
}

// What the pipeline gave; of a result that was too large for its run, what was kept of it.
json value_of(const RunBody& body) {
  if (!body.output.is_object()) return body.output;
  if (const auto last = body.output.find("last"); last != body.output.end()) return *last;
  return {{"text", body.output.value("text", "")}, {"cut", true}};
}

ChildStepEnd failed_with(ErrorClass error_class, std::string message, Instant at) {
  return {.state = "failed",
          .at = at,
          .error_class = std::string(describe(error_class).name),
          .message = std::move(message)};
}

// Of a child that succeeded. What is not as the step expects it is shown all the same.
ChildStepEnd succeeded_with(json value, const std::string& expect, Instant at) {
  ChildStepEnd end{.state = "succeeded", .at = at};
  if (const auto fits = pipeline::check_expected(expect, value); !fits)
    end = failed_with(ErrorClass::expect_failed, fits.error().message, at);
  end.output = std::move(value);
  return end;
}

// What the end of the child means for the step.
ChildStepEnd end_of(const ChildRun& child, const std::string& expect, const std::optional<RunRecord>& run,
                    const RunBody& body, Instant at) {
  if (!run) return failed_with(ErrorClass::internal, "the record of " + child.handle + " is gone", at);
  const ErrorClass late = child.times_out ? ErrorClass::timeout : ErrorClass::expired;
  switch (run->state) {
    case RunState::succeeded:
      return succeeded_with(value_of(body), expect, at);
    case RunState::unknown: {
      ChildStepEnd end = failed_with(ErrorClass::unknown_outcome, child.handle + ": " + run->error_message, at);
      end.state = "unknown";
      return end;
    }
    case RunState::cancelled: {
      const std::string why = run->reason.empty() ? "" : ": " + run->reason;
      ChildStepEnd end = failed_with(ErrorClass::cancelled, child.handle + " was cancelled" + why, at);
      end.state = "cancelled";
      return end;
    }
    case RunState::missed:
      return failed_with(late, child.handle + " had not begun in time", at);
    default:
      break;
  }
  ErrorClass error_class = error_class_named(run->error_class).value_or(ErrorClass::internal);
  if (error_class == ErrorClass::expired) error_class = late;
  if (error_class == ErrorClass::cancelled || error_class == ErrorClass::unknown_outcome)
    error_class = ErrorClass::internal;  // it has failed, and neither of these
  // In brackets: a child may say, as its parent does, what was not undone.
  return failed_with(error_class, child.handle + " failed (" + run->error_message + ")", at);
}

OwnStepEnd told(const std::string& error_class, const std::string& message, const json& output, Instant at) {
  OwnStepEnd end{.output = output, .finished_at = at};
  if (!error_class.empty())
    end.fault = pipeline::StepFault{error_class_named(error_class).value_or(ErrorClass::internal), message};
  return end;
}

}  // namespace

Result<OwnStepEnd> Engine::perform_child(const OwnStep& step) {
  if (!step.ask_to_end.empty()) return ask_child(step);
  if (step.looks) return look_at_child(step);
  return start_child(step);
}

Result<OwnStepEnd> Engine::start_child(const OwnStep& step) {
  const TenantId& tenant = step.caller.tenant;
  const CommandKey key{};
  const Call call{step.caller, "perform_step", key, parts_.clock.now()};
  const auto name = read_pipeline_name(step.body.at("pipeline").get<std::string>());
  if (!name) return name.error();
  bool is_ours = true;
  auto begun =
      run_keyless<OwnStepEnd>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<OwnStepEnd> {
        is_ours = true;
        if (ChildStore{tx}.hold(tenant, step.key)) return goes_on(call.now);
        const auto target = pipeline_target(tx, tenant, *name);
        if (!target) return target.error();
        auto child = place_of(tx, step, {options_.child_depth_max, options_.child_runs_max});
        if (!child) return child.error();
        auto payload = payload_for(target->definition.action, step.body.at("with"));
        if (!payload) return payload.error();
        const ParentRun parent{step.key.lease.id, step.shard, child->finish_by};
        const RunStarted started =
            start_run({call, tx, telling, parts_.ids}, {.task = target->task,
                                                        .definition = target->definition,
                                                        .version = target->version,
                                                        .origin = "step",
                                                        .run_at = call.now,
                                                        .payload = payload_for_child(*std::move(payload), parent),
                                                        .finish_by = child->finish_by});
        child->run = RunId{started.run_id};
        child->handle = started.run;
        is_ours = StepWaitStore{tx}.insert(tenant, step.key, step.began_at,
                                           {.until = Instant::max(), .waits_for = "run " + started.run});
        if (!is_ours) return Error{ErrorCode::conflict, "the run is somebody else's by now"};  // takes all of it back
        ChildStore{tx}.insert(tenant, *child);
        return goes_on(call.now);
      });
  if (!is_ours) return OwnStepEnd{.is_ours = false};
  return begun;
}

OwnStepEnd Engine::look_at_child(const OwnStep& step) {
  const TenantId& tenant = step.caller.tenant;
  return parts_.store.in_tx(tenant, [&](Tx& tx) -> OwnStepEnd {
    const Instant now = parts_.clock.now();
    const auto child = ChildStore{tx}.hold(tenant, step.key);
    if (!child || !child->has_ended) return goes_on(now);  // none: it was asked to end while it was about to begin
    RunStore runs{tx};
    const ChildStepEnd end =
        end_of(*child, step.expect, runs.find(tenant, child->run), runs.body(tenant, child->run), now);
    if (ChildStore{tx}.end_step(tenant, step.key, end)) return told(end.error_class, end.message, end.output, end.at);
    const auto before = StepStore{tx}.find_end(tenant, step.key);
    if (!before || before->waits_until) return {.is_ours = false};
    return told(before->error_class, before->message, before->output, before->finished_at);
  });
}

Result<OwnStepEnd> Engine::ask_child(const OwnStep& step) {
  const CommandKey key{};
  const Call call{step.caller, "cancel_run", key, parts_.clock.now()};
  const CancelRun command{.run = {}, .reason = step.ask_to_end};
  return run_keyless<OwnStepEnd>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<OwnStepEnd> {
    for (const ChildRun& child : ChildStore{tx}.open(step.caller.tenant, step.key.lease.id))
      if (child.path == step.key.path && child.attempt == step.key.attempt)
        cancel_found({call, command, tx, telling}, child.run);
    return goes_on(call.now);
  });
}

void Engine::cancel_orphans() {
  const Instant now = parts_.clock.now();
  const auto orphans = parts_.store.across_tenants([](Tx& tx) { return ChildStore{tx}.orphans(kOrphansMax); });
  const CommandKey no_key;
  const CancelRun command{.run = {}, .reason = "its parent has ended"};
  for (const auto& [tenant, run] : orphans) {
    const Caller us{tenant, AgentId{"carillon"}, Scopes::all(), own_correlation_id(), "", CallerKind::service};
    const Call call{us, "cancel_run", no_key, now};
    const auto done = run_keyless<Done>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<Done> {
      cancel_found({call, command, tx, telling}, run);
      return Done{};
    });
    CARILLON_CHECK(done.ok());  // the work refuses nothing
  }
}

}  // namespace carillon
