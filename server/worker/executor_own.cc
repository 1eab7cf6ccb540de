// The executor's part for steps that Carillon performs itself. They are done by the threads that may wait, in a
// transaction that writes the end of the step, too; so the planner may hear of it at once.
#include <nlohmann/json.hpp>
#include <thread>

#include "server/base/log.h"
#include "server/domain/template.h"
#include "server/worker/executor.h"

namespace carillon {
namespace {

constexpr Duration kPause = std::chrono::milliseconds{250};

// A conflict is somebody else's lease on a key: it ends.
ToolReply failed(const Error& error) {
  ToolReply reply;
  reply.failure = error.code == ErrorCode::conflict ? ErrorClass::unavailable : ErrorClass::invalid_arguments;
  reply.message = error.pointer.empty() ? error.message : error.message + " (at " + error.pointer + ")";
  return reply;
}

}  // namespace

void Executor::begin_own(const RunPtr& run, const pipeline::Start& start, const json& roots, Instant now) {
  CallUnderWay call;
  call.path = start.path;
  call.attempt = start.attempt;
  call.begun_at = now;
  call.retry = start.step->retry;
  call.effect = Effect::read;  // a failure leaves nothing behind
  call.is_undo = start.is_undo;
  ++run->steps->begun;
  const std::string member{member_of(start.step->kind)};
  ToolReply refused;
  if (const auto lacking = scope_lacking(*run, Scopes{*scope_of_own_step(*start.step)}); !lacking.empty()) {
    refused.failure = ErrorClass::not_allowed;
    refused.message = "whoever saved this version of the task lacks the scope \"" + lacking + "\" that the step needs";
    return step_ended(run, call, std::move(refused));
  }
  auto body = render_template(start.step->body, roots, {.zone = run->task->definition->schedule.zone});
  if (!body) {
    refused.failure = ErrorClass::invalid_arguments;
    refused.message = body.error().message;
    return step_ended(run, call, std::move(refused));
  }
  patient_.post(
      [this, run, call, kind = start.step->kind, body = *std::move(body)] { perform(run, call, kind, body); });
}

// The database may be away for a while; whether it has done the step before it went is asked first by the next try.
void Executor::perform(const RunPtr& run, const CallUnderWay& call, pipeline::StepKind kind, const json& body) {
  const LeasedRun& leased = run->run;
  const Caller caller{leased.tenant, AgentId{leased.agent}, run->task->scopes.value_or(Scopes{}), leased.correlation_id,
                      run->task->definition->schedule.zone};
  const OwnStep step{.caller = caller,
                     .key = {leased.lease, parts_.owner, call.path, call.attempt},
                     .kind = kind,
                     .body = body,
                     .began_at = call.begun_at};
  for (bool is_logged = false; run->phase == RunPhase::begun && lease_holds(*run) && !patient_.stopping();) {
    try {
      const auto end = parts_.perform_step(step);
      return post(run, [this, run, call, end] { own_ended(run, call, end); });
    } catch (const std::exception& failure) {
      if (!std::exchange(is_logged, true))
        log::warn("a step could not be performed and is tried again",
                  json{{"run", leased.lease.id.number()}, {"step", call.path}, {"problem", failure.what()}});
      std::this_thread::sleep_for(kPause);
    }
  }
}

void Executor::own_ended(const RunPtr& run, const CallUnderWay& call, const Result<OwnStepEnd>& end) {
  if (run->phase != RunPhase::begun) return;
  if (!end) return step_ended(run, call, failed(end.error()));
  if (!end->is_ours) return drop(run->run.lease.id);
  StepsUnderWay& steps = *run->steps;
  --steps.begun;
  steps.latest = std::max(steps.latest, end->finished_at);
  pipeline::Record record{.path = call.path,
                          .event = pipeline::StepEvent::finish,
                          .attempt = call.attempt,
                          .at = end->finished_at,
                          .output = end->output};
  // What ended before, and is being written, is heard before.
  if (steps.is_writing || !steps.news.empty()) {
    steps.news.push_back({.record = std::move(record)});
    return write(run);
  }
  steps.planner.apply(record);
  advance(run);
}

}  // namespace carillon
