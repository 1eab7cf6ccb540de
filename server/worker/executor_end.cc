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

void Executor::settle_success(const RunPtr& run, const json& output) {
  Settlement end = settlement_of(*run, *next_state(RunState::running, RunEvent::finish));
  KeptOutput stored = kept(output, options_.output_bytes_max);
  end.output = std::move(stored.text);
  end.output_bytes = stored.bytes;
  end.output_cut = stored.cut;
  settle(run, std::move(end));
}

void Executor::settle(const RunPtr& run, Settlement settlement) {
  RunPhase expected = RunPhase::begun;
  if (!run->phase.compare_exchange_strong(expected, RunPhase::ended)) return;
  parts_.completer(run->run.lease.id).add_settlement(std::move(settlement));
}

void Executor::cancel(RunId id, std::string_view reason) {
  const RunPtr run = parts_.runs.find(id);
  if (!run) return;
  run->cancel_reason.with([&](std::string& kept_reason) { kept_reason = std::string{reason}; });
  if (run->cancelled.exchange(true)) return;
  const auto call = run->call.with([](const CallUnderWay& under_way) { return under_way.call; });
  if (call) parts_.tools.cancel(*call, reason);
}

void Executor::drop(RunId id) {
  for (const auto& run : parts_.runs.take({id})) abandon(run);
}

void Executor::abandon(const RunPtr& run) {
  run->phase = RunPhase::ended;
  const auto call = run->call.with([](const CallUnderWay& under_way) { return under_way.call; });
  if (call) parts_.tools.cancel(*call, "the worker no longer holds the run");
  stop_asking(*run);
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
    const auto overdue = run->call.with([&](const CallUnderWay& call) -> std::optional<CallUnderWay> {
      if (call.overdue_at > now) return std::nullopt;
      return call;
    });
    if (!overdue || run->phase != RunPhase::begun) continue;
    metrics::count("carillon_calls_overdue_total");
    log::warn("a call was not answered long after its timeout",
              json{{"run", run->run.lease.id.number()}, {"tool", overdue->tool}});
    ToolReply reply;
    reply.failure = ErrorClass::timeout;
    reply.message = "the call was not answered, not even after its timeout";
    reply.arrived = Arrived::maybe;
    work_->post([this, run, sequence = overdue->sequence, reply] { answered(run, sequence, reply); });
    if (overdue->call) parts_.tools.cancel(*overdue->call, "overdue");
  }
}

Settlement Executor::settlement_of(const RunInFlight& run, RunState state) const {
  Settlement end;
  end.lease = run.run.lease;
  end.state = state;
  end.started_at = run.started_at;
  end.finished_at = end.run_at = parts_.clock.now();
  end.cost = run.plan.spent;
  return end;
}

JournalEntry Executor::journal_of(const RunInFlight& run, const CallUnderWay& call, std::string_view state) const {
  JournalEntry entry;
  entry.step_path = run.plan.action.steps[run.plan.step].id;
  entry.attempt = run.plan.step_attempt;
  entry.state = state;
  entry.tool = call.tool;
  entry.started_at = call.started_at;
  return entry;
}

std::optional<EffectEntry> Executor::effect_of(const RunInFlight& run, const CallUnderWay& call,
                                               const ToolReply& reply) const {
  if (!was_made(reply)) return std::nullopt;
  // Money that was spent is an effect, too.
  if (call.effect == Effect::read && call.cost.is_free()) return std::nullopt;
  EffectEntry entry;
  const bool steps = run.plan.action.kind == ActionKind::steps;
  entry.step_path = steps ? run.plan.action.steps[run.plan.step].id : std::string{};
  entry.attempt = steps ? run.plan.step_attempt : run.run.lease.attempt;
  entry.tool = call.tool;
  entry.effect = call.effect;
  entry.input = call.arguments.dump(-1, ' ', false, json::error_handler_t::replace);
  entry.idempotency_key = "carillon-" + run.run.lease.id.str() + (steps ? "-" + entry.step_path : std::string{});
  entry.outcome = reply.failure ? describe(*reply.failure).name : "succeeded";
  entry.started_at = call.started_at;
  entry.duration = parts_.clock.now() - call.started_at;
  entry.cost = call.cost;
  return entry;
}

std::optional<Instant> Executor::finish_by(const RunInFlight& run) const {
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

RetryPolicy Executor::retry_policy(const RunInFlight& run, Effect effect) const {
  if (run.plan.action.kind == ActionKind::steps && run.plan.action.steps[run.plan.step].retry)
    return *run.plan.action.steps[run.plan.step].retry;
  return run.task->definition->options.retries.value_or(default_retry(effect));
}

bool Executor::lease_holds(const RunInFlight& run) const { return BootClock::now() < run.lease_end.load(); }

double Executor::chance() {
  return random_.with([](std::minstd_rand& random) { return std::uniform_real_distribution<>{0.0, 1.0}(random); });
}

json template_roots(const RunInFlight& run) {
  const LeasedRun& leased = run.run;
  json facts{{"id", leased.lease.id.str()},
             {"handle", to_string(RunHandle{run.task->name, leased.number, leased.retry})},
             {"attempt", leased.lease.attempt},
             {"slot", nullptr},
             {"late_by", nullptr}};
  if (leased.slot) {
    facts["slot"] = to_rfc3339(*leased.slot);
    facts["late_by"] = to_text(std::max(Duration{0}, run.started_at - *leased.slot));
  }
  json roots{{"input", run.plan.action.input},
             {"params", run.plan.action.input},
             {"steps", run.plan.values},
             {"run", std::move(facts)},
             {"now", to_rfc3339(run.plan.now)}};
  if (!run.plan.event.is_null()) roots["event"] = run.plan.event;
  return roots;
}

}  // namespace carillon
