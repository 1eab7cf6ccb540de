// The executor's other half: how runs end, are cancelled, dropped and given back, and what is written about them.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/domain/run_handle.h"
#include "server/worker/executor.h"
#include "server/worker/run_output.h"

namespace carillon {

void Executor::fail_without_call(const RunPtr& run, ErrorClass error_class, const std::string& message) {
  Settlement end = settlement_of(*run, *next_state(RunState::running, RunEvent::fail));
  end.error_class = describe(error_class).name;
  end.error_message = safe_text(message, options_.error_bytes_max);
  settle(run, std::move(end));
}

void Executor::settle_cancelled(const RunPtr& run) {
  Settlement end = settlement_of(*run, *next_state(RunState::running, RunEvent::cancel));
  end.error_class = describe(ErrorClass::cancelled).name;
  end.error_message = "cancelled between calls";
  end.reason = run->cancel_reason.with([](const std::string& reason) { return reason; });
  settle(run, std::move(end));
}

void Executor::only_call_ended(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply) {
  Settlement end = settlement_of(*run, RunState::succeeded);
  end.effect = effect_of(*run, call, reply);
  const auto keep = [&](const json& output) {
    KeptOutput stored = kept(output, options_.output_bytes_max);
    end.output = std::move(stored.text);
    end.output_bytes = stored.bytes;
    end.output_cut = stored.cut;
  };
  const Action& action = run->plan.action;
  if (!reply.failure) {
    end.state = *next_state(RunState::running, RunEvent::finish);
    keep(action.kind == ActionKind::message ? json{{"message", action.message}} : output_of_reply(reply));
    return settle(run, std::move(end));
  }
  const Verdict verdict = judge(*run, call, reply);
  RunEvent event = RunEvent::fail;
  if (verdict.what == AfterFailure::unknown) {
    event = RunEvent::lose_outcome;
  } else if (verdict.is_cancelled) {
    event = RunEvent::cancel;
    end.reason = run->cancel_reason.with([](const std::string& reason) { return reason; });
  } else if (verdict.what == AfterFailure::retry) {
    event = RunEvent::retry;
    end.run_at = verdict.again_at;
  }
  end.state = *next_state(RunState::running, event);
  end.error_class = describe(verdict.error_class).name;
  end.error_message = safe_text(verdict.message, options_.error_bytes_max);
  if (!reply.content.empty() && end.state != RunState::queued) keep(output_of_reply(reply));
  settle(run, std::move(end));
}

void Executor::settle(const RunPtr& run, Settlement settlement) {
  RunPhase expected = RunPhase::begun;
  if (!run->phase.compare_exchange_strong(expected, RunPhase::ended)) return;
  parts_.completer(run->run.lease.id).add_settlement(std::move(settlement));
}

void Executor::cancel(RunId id, std::string_view reason, pipeline::Cancel how) {
  const RunPtr run = parts_.runs.find(id);
  if (!run) return;
  run->cancel_reason.with([&](std::string& kept_reason) { kept_reason = std::string{reason}; });
  const bool is_to_be_undone = how == pipeline::Cancel::compensate && !run->undoes.exchange(true);
  if (run->cancelled.exchange(true) && !is_to_be_undone) return;
  post(run, [this, run, reason = std::string{reason}] {
    if (run->phase != RunPhase::begun) return;
    if (!run->steps) return cancel_calls(*run, reason);
    run->steps->planner.cancel(cancel_of(*run), parts_.clock.now());
    advance(run);
  });
}

void Executor::pause(RunId id, Pause wanted) {
  const RunPtr run = parts_.runs.find(id);
  const bool paused = wanted == Pause::yes;
  if (!run || run->paused.exchange(paused) == paused) return;
  post(run, [this, run] {
    if (run->phase != RunPhase::begun || !run->steps) return;
    run->steps->planner.hold(run->paused);
    advance(run);
  });
}

void Executor::cancel_calls(const RunInFlight& run, std::string_view reason, const std::string& path) {
  const auto made = run.calls.with([&](const CallsUnderWay& calls) {
    std::vector<CallId> ids;
    for (const auto& [number, call] : calls)
      if (call.call && (path.empty() || call.path == path)) ids.push_back(*call.call);
    return ids;
  });
  for (const CallId call : made) parts_.tools.cancel(call, reason);
}

void Executor::drop(RunId id) {
  if (const RunPtr run = parts_.runs.find(id)) drop(run);
}

void Executor::drop(const RunPtr& run) {
  if (parts_.runs.remove(run)) abandon(run);
}

void Executor::abandon(const RunPtr& run) {
  run->phase = RunPhase::ended;
  cancel_calls(*run, "the worker no longer holds the run");
  if (run->questions > 0) parts_.desk.run_left(run->run.lease.id);
  ended(run);
}

std::vector<RunPtr> Executor::take_unstarted() {
  std::vector<RunPtr> unstarted;
  for (const auto& run : parts_.runs.all()) {
    RunPhase expected = RunPhase::queued;
    if (run->phase.compare_exchange_strong(expected, RunPhase::ended)) unstarted.push_back(run);
  }
  return unstarted;
}

void Executor::end_overdue() {
  const BootTime now = BootClock::now();
  for (const auto& run : parts_.runs.all()) {
    if (run->phase != RunPhase::begun) continue;
    const auto overdue = run->calls.with([&](const CallsUnderWay& calls) {
      CallsUnderWay late;
      for (const auto& each : calls)
        if (each.second.overdue_at <= now) late.insert(each);
      return late;
    });
    for (const auto& [number, call] : overdue) {
      metrics::count("carillon_calls_overdue_total");
      log::warn("a call was not answered long after its timeout",
                json{{"run", run->run.lease.id.number()}, {"tool", call.tool}});
      ToolReply reply;
      reply.failure = ErrorClass::timeout;
      reply.message = "the call was not answered, not even after its timeout";
      reply.arrived = Arrived::maybe;
      post(run, [this, run, late = number, reply] { answered(run, late, reply); });
      if (call.call) parts_.tools.cancel(*call.call, "overdue");
    }
  }
}

Settlement Executor::settlement_of(const RunInFlight& run, RunState state) const {
  Settlement end;
  end.lease = run.run.lease;
  end.state = state;
  end.started_at = run.started_at;
  end.finished_at = end.run_at = parts_.clock.now();
  end.cost = run.plan.spent;
  end.undoes = run.run.undoes || (run.steps && run.steps->planner.undoes());
  return end;
}

std::optional<EffectEntry> Executor::effect_of(const RunInFlight& run, const CallUnderWay& call,
                                               const ToolReply& reply) const {
  if (!was_made(reply)) return std::nullopt;
  // Money that was spent is an effect, too.
  if (call.effect == Effect::read && call.cost.is_free()) return std::nullopt;
  EffectEntry entry;
  entry.step_path = call.path;
  entry.attempt = call.attempt;
  entry.tool = call.tool;
  entry.effect = call.effect;
  entry.input = call.arguments.dump(-1, ' ', false, json::error_handler_t::replace);
  entry.idempotency_key = idempotency_key(run, call);
  entry.outcome = reply.failure ? describe(*reply.failure).name : "succeeded";
  entry.started_at = call.started_at;
  entry.duration = parts_.clock.now() - call.started_at;
  entry.cost = call.cost;
  return entry;
}

// A run that another's step has started ends before that has to.
std::optional<Instant> Executor::finish_by(const RunInFlight& run) const {
  const auto own = own_deadline(run);
  const Instant parents = run.plan.parent ? run.plan.parent->finish_by : Instant::max();
  if (parents == Instant::max()) return own;
  return std::min(own.value_or(parents), parents);
}

std::optional<Instant> Executor::own_deadline(const RunInFlight& run) const {
  const TaskDefinition& definition = *run.task->definition;
  if (!definition.deadline) return std::nullopt;
  if (!run.run.slot) return carillon::finish_by(definition, run.run.run_at);
  // Of a run that waited for the end of quiet hours, or was backfilled or snoozed, the slot says nothing about when it
  // could begin. A later attempt's run_at is its own, so it does not count.
  const auto bound = quiet_hours_of(definition, {run.run.tenant, AgentId{run.run.agent}}, parts_.quiet);
  Instant could_begin = std::max(*run.run.slot, decide_quiet(bound, *run.run.slot).at);
  if (run.run.lease.attempt == 1) could_begin = std::max(could_begin, run.run.run_at);
  return carillon::finish_by(definition, could_begin);
}

std::string idempotency_key(const RunInFlight& run, const CallUnderWay& call) {
  return "carillon-" + run.run.lease.id.str() + (call.path.empty() ? "" : "-" + call.path);
}

bool Executor::lease_holds(const RunInFlight& run) const { return BootClock::now() < run.lease_end.load(); }

double Executor::chance() {
  return random_.with([](std::minstd_rand& random) { return std::uniform_real_distribution<>{0.0, 1.0}(random); });
}

}  // namespace carillon
