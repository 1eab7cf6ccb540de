// The executor's part for steps that Carillon performs itself. They are done by the threads that may wait, in a
// transaction that writes the end of the step, too; so the planner may hear of it at once.
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "server/base/log.h"
#include "server/domain/template.h"
#include "server/worker/executor.h"

namespace carillon {
namespace {

constexpr Duration kPause = std::chrono::milliseconds{250};
constexpr Duration kStepLookEvery = std::chrono::seconds{1};

// A conflict is somebody else's lease on a key: it ends.
ToolReply failed(const Error& error) {
  ToolReply reply;
  reply.failure = error.code == ErrorCode::conflict       ? ErrorClass::unavailable
                  : error.code == ErrorCode::unknown_name ? ErrorClass::not_found
                  : error.code == ErrorCode::over_limit   ? ErrorClass::over_budget
                                                          : ErrorClass::invalid_arguments;
  reply.message = error.pointer.empty() ? error.message : error.message + " (at " + error.pointer + ")";
  return reply;
}

pipeline::StepEvent end_by(ErrorClass fault) {
  if (fault == ErrorClass::cancelled) return pipeline::StepEvent::cancel;
  return fault == ErrorClass::unknown_outcome ? pipeline::StepEvent::lose_outcome : pipeline::StepEvent::fail;
}

}  // namespace

// What a thread that may wait has to do for a step.
struct Executor::OwnWork {
  CallUnderWay call;
  pipeline::StepKind kind;
  json body = nullptr;
  json roots = json::object();
  std::string expect{};
  bool looks = false;
  std::optional<WaitEnd> give_up{};
  std::optional<Duration> timeout{};
  std::string ask_to_end{};
};

Executor::OwnWork Executor::of_wait(const pipeline::Waiting& wait) {
  OwnWork work{.call = {}, .kind = wait.kind};
  work.call.path = wait.path;
  work.call.attempt = wait.attempt;
  work.call.begun_at = wait.began_at;
  work.expect = wait.expect;
  return work;
}

void Executor::told(RunId id) {
  const RunPtr run = parts_.runs.find(id);
  if (!run) return;
  run->told = true;
  post(run, [this, run] {
    if (run->phase != RunPhase::begun || !run->steps) return;
    run->steps->next_look = {};
    run->steps->looks_at_children = true;
    advance(run);
  });
}

void Executor::begin_own(const RunPtr& run, const pipeline::Start& start, const json& roots, Instant now) {
  OwnWork work{.call = {}, .kind = start.step->kind};
  CallUnderWay& call = work.call;
  call.path = start.path;
  call.attempt = start.attempt;
  call.begun_at = now;
  call.retry = start.step->retry;
  call.effect = Effect::read;  // a failure leaves nothing behind
  call.is_undo = start.is_undo;
  work.timeout = start.step->timeout;
  ++run->steps->begun;
  if (const auto lacking = scope_lacking(*run, Scopes{*scope_of_own_step(*start.step)}); !lacking.empty())
    return step_ended(run, call,
                      not_made(ErrorClass::not_allowed, "whoever saved this version of the task lacks the scope \"" +
                                                            lacking + "\" that the step needs"));
  json body = start.step->body;
  json match;
  if (work.kind == pipeline::StepKind::signal && body.contains("match")) {
    match = std::move(body["match"]);  // an expression, which is evaluated when something is told
    body.erase("match");
    work.roots = roots;
  }
  auto rendered = render_template(body, roots, {.zone = run->task->definition->schedule.zone});
  if (!rendered) return step_ended(run, call, not_made(ErrorClass::invalid_arguments, rendered.error().message));
  work.body = *std::move(rendered);
  work.expect = start.step->expect;
  if (!match.is_null()) work.body["match"] = std::move(match);
  patient_.post([this, run, work = std::move(work)] { perform(run, work); });
}

// The time of a wait is up, or nobody wants it any more. It may have been told meanwhile: the database knows.
void Executor::give_up(const RunPtr& run, const pipeline::Waiting& wait, pipeline::StepEvent how) {
  StepsUnderWay& steps = *run->steps;
  if (!steps.told.insert(wait.path).second) return;
  const bool is_late = how == pipeline::StepEvent::fail;
  OwnWork work = of_wait(wait);
  work.give_up =
      WaitEnd{.state = std::string(name_of(is_late ? pipeline::StepState::failed : pipeline::StepState::cancelled)),
              .error_class = std::string(describe(is_late ? ErrorClass::timeout : ErrorClass::cancelled).name),
              .message = is_late ? "what it waited for was not told in time" : "cancelled while it waited",
              .at = steps.moment(parts_.clock.now())};
  ++steps.begun;
  patient_.post([this, run, work = std::move(work)] { perform(run, work); });
}

// A run that rests is woken when a step is told something; one in which others are busy looks. When to look again.
std::optional<Instant> Executor::look_at_waits(const RunPtr& run, const pipeline::Plan& plan, Instant now) {
  StepsUnderWay& steps = *run->steps;
  std::optional<Instant> again = plan.wake_at;
  const bool looks = now >= steps.next_look;
  for (const pipeline::Waiting& wait : plan.waits) {
    const bool can_be_told = can_rest(wait) && wait.kind != pipeline::StepKind::wait;
    if (!can_be_told || steps.told.contains(wait.path)) continue;
    if (looks) {
      steps.next_look = now + kStepLookEvery;
      look(run, wait);
    }
    again = std::min(again.value_or(Instant::max()), steps.next_look);
  }
  return again;
}

void Executor::look(const RunPtr& run, const pipeline::Waiting& wait) {
  OwnWork work = of_wait(wait);
  work.looks = true;
  ++run->steps->begun;
  patient_.post([this, run, work = std::move(work)] { perform(run, work); });
}

// The end of a child wakes its parent, which finds out here what the end was.
void Executor::look_at_children(const RunPtr& run, const pipeline::Plan& plan) {
  if (!std::exchange(run->steps->looks_at_children, false)) return;
  for (const pipeline::Waiting& wait : plan.waits)
    if (wait.kind == pipeline::StepKind::child && can_rest(wait)) look(run, wait);
}

// The step itself ends with its child: only then is known how.
void Executor::ask_child_to_end(const RunPtr& run, const pipeline::Waiting& wait) {
  if (!run->steps->asked_to_end.insert(wait.path).second) return;
  OwnWork work = of_wait(wait);
  const std::string reason = run->cancel_reason.with([](const std::string& said) { return said; });
  work.ask_to_end = reason.empty() ? "its parent does not need it any more" : reason;
  ++run->steps->begun;
  patient_.post([this, run, work = std::move(work)] { perform(run, work); });
}

// The database may be away for a while; whether it has done the step before it went is asked first by the next try.
void Executor::perform(const RunPtr& run, const OwnWork& work) {
  const LeasedRun& leased = run->run;
  const Caller caller{leased.tenant, AgentId{leased.agent}, run->task->scopes.value_or(Scopes{}), leased.correlation_id,
                      run->task->definition->schedule.zone};
  const OwnStep step{.caller = caller,
                     .key = {leased.lease, parts_.owner, work.call.path, work.call.attempt},
                     .kind = work.kind,
                     .body = work.body,
                     .roots = work.roots,
                     .expect = work.expect,
                     .began_at = work.call.begun_at,
                     .shard = leased.shard,
                     .finish_by = work.call.is_undo ? std::nullopt : finish_by(*run),
                     .timeout = work.timeout,
                     .looks = work.looks,
                     .give_up = work.give_up,
                     .ask_to_end = work.ask_to_end};
  for (bool is_logged = false; run->phase == RunPhase::begun && lease_holds(*run) && !patient_.stopping();) {
    try {
      const auto end = parts_.perform_step(step);
      return post(run, [this, run, work, end] { own_ended(run, work, end); });
    } catch (const std::exception& failure) {
      if (!std::exchange(is_logged, true))
        log::warn("a step could not be performed and is tried again",
                  json{{"run", leased.lease.id.number()}, {"step", work.call.path}, {"problem", failure.what()}});
      std::this_thread::sleep_for(kPause);
    }
  }
  // Whoever has the run next performs the step. It may be us: a lease that has ended can still be renewed, and a run
  // that stayed here would wait for this step as long as it is.
  if (run->phase != RunPhase::begun || patient_.stopping()) return;
  metrics::count("carillon_leases_lost_total", {{"noticed", "own_step"}});
  drop(run);
}

void Executor::own_ended(const RunPtr& run, const OwnWork& work, const Result<OwnStepEnd>& end) {
  if (run->phase != RunPhase::begun) return;
  if (!end) return step_ended(run, work.call, failed(end.error()));
  if (!end->is_ours) return drop(run);
  StepsUnderWay& steps = *run->steps;
  --steps.begun;
  steps.latest = std::max(steps.latest, end->finished_at);
  if ((work.looks || !work.ask_to_end.empty()) && end->waits_until) return advance(run);
  // What ended before, and is being written, is heard before.
  if (steps.is_writing || !steps.news.empty()) {
    steps.news.push_back({.then = [this, run, work, end = *end] { hear_own(run, work, end); }});
    return write(run);
  }
  hear_own(run, work, *end);
  advance(run);
}

void Executor::hear_own(const RunPtr& run, const OwnWork& work, const OwnStepEnd& end) {
  pipeline::Planner& planner = run->steps->planner;
  // It was asked to end while it was about to wait.
  if (end.waits_until && planner.state_of(work.call.path) == pipeline::StepState::cancelling) {
    const pipeline::Waiting wait{
        .path = work.call.path, .kind = work.kind, .attempt = work.call.attempt, .began_at = work.call.begun_at};
    return work.kind == pipeline::StepKind::child ? ask_child_to_end(run, wait)
                                                  : give_up(run, wait, pipeline::StepEvent::cancel);
  }
  pipeline::Record record{.path = work.call.path, .attempt = work.call.attempt, .at = end.finished_at};
  if (end.waits_until) {
    record.event = pipeline::StepEvent::wait;
    record.not_before = *end.waits_until;
  } else if (end.fault) {
    record.event = end_by(end.fault->error_class);
    record.fault = *end.fault;
  } else {
    record.event = pipeline::StepEvent::finish;
    record.output = end.output;
  }
  planner.apply(record);
}

}  // namespace carillon
