#include "server/worker/executor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/failpoint.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/domain/run_payload.h"
#include "server/domain/run_trace.h"
#include "server/domain/template.h"
#include "server/worker/run_output.h"

namespace carillon {
namespace {

constexpr Duration kPolicyKnownFor = std::chrono::seconds{5};
constexpr std::size_t kPoliciesMax = 10'000;
constexpr std::string_view kMessageTool = "carillon.notify_log";

constexpr std::string_view kUnknownOutcome =
    "The call may have had its effect, but its answer is not known. Look at the other side; then retry_run repeats it, "
    "or "
    "leave it. ";

ErrorClass class_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_tool:
      return ErrorClass::not_found;
    case ErrorCode::needs_sign_in:
      return ErrorClass::needs_sign_in;
    case ErrorCode::server_unavailable:
    case ErrorCode::unavailable:
      return ErrorClass::unavailable;
    case ErrorCode::arguments_invalid:
      return ErrorClass::invalid_arguments;
    default:
      return ErrorClass::internal;
  }
}

ToolReply refused(ErrorClass error_class, std::string message) {
  ToolReply reply;
  reply.failure = error_class;
  reply.message = std::move(message);
  return reply;
}

// The first scope that a call needs and the run's task has not; empty: none. Where the task's are not known, whoever
// asked for the run was checked then.
std::string scope_lacking(const RunInFlight& run, const Scopes& needed) {
  if (!run.task->scopes) return "";
  const auto missing = needed.missing_from(*run.task->scopes).names();
  return missing.empty() ? "" : missing.front();
}

bool is_steps(const RunInFlight& run) { return run.plan.action.kind == ActionKind::steps; }

std::string step_path_of(const RunInFlight& run) {
  return is_steps(run) ? run.plan.action.steps[run.plan.step].id : std::string{};
}

}  // namespace

Executor::Executor(ExecutorParts parts, const ExecutorOptions& options) : parts_(std::move(parts)), options_(options) {
  progress_->with([this](auto& sink) {
    sink = [this](const RunInFlight& run, const ToolProgress& progress) {
      parts_.desk.progressed(run.run.lease, progress);
      if (parts_.progressed) parts_.progressed(run.run.lease.id, progress);
    };
  });
}

Executor::~Executor() {
  progress_->with([](auto& sink) { sink = nullptr; });
}

void Executor::start(const std::vector<RunPtr>& runs) {
  std::vector<std::function<void()>> work;
  work.reserve(runs.size());
  for (const auto& run : runs)
    if (may_start(run)) work.emplace_back([this, run] { begin(run); });
  work_->post(std::move(work));
}

bool Executor::may_start(const RunPtr& run) {
  if (run->run.takeovers == 0) return true;
  return suspects_.with([&](Suspects& suspects) {
    if (!std::exchange(suspects.one_under_way, true)) return true;
    suspects.waiting.push_back(run);
    return false;
  });
}

void Executor::ended(const RunPtr& run) {
  if (run->run.takeovers == 0 || run->proved.exchange(true)) return;
  const RunPtr next = suspects_.with([&](Suspects& suspects) -> RunPtr {
    const auto waiting = std::find(suspects.waiting.begin(), suspects.waiting.end(), run);
    if (waiting != suspects.waiting.end()) {
      suspects.waiting.erase(waiting);
      return nullptr;
    }
    suspects.one_under_way = !suspects.waiting.empty();
    if (suspects.waiting.empty()) return nullptr;
    const RunPtr first = suspects.waiting.front();
    suspects.waiting.pop_front();
    return first;
  });
  if (next) work_->post([this, next] { begin(next); });
}

void Executor::begin(const RunPtr& run) {
  RunPhase expected = RunPhase::queued;
  if (!run->phase.compare_exchange_strong(expected, RunPhase::begun)) return;
  run->started_at = parts_.clock.now();
  if (run->run.takeovers == 0) return prepare(run);
  RunMark mark;
  mark.lease = run->run.lease;
  mark.at = run->started_at;
  parts_.completer(run->run.lease.id).add_mark(std::move(mark), [this, run](Written written) {
    if (written == Written::stale) return drop(run->run.lease.id);
    work_->post([this, run] { prepare(run); });
  });
}

void Executor::prepare(const RunPtr& run) {
  CARILLON_CHECK(run->task != nullptr);
  if (!run->task->definition) return fail_without_call(run, ErrorClass::internal, run->task->problem);
  const std::string payload = run->input.empty() ? run->run.payload.value_or("") : run->input;
  auto action = action_with_payload(run->task->definition->action, payload);
  if (!action) return fail_without_call(run, ErrorClass::internal, action.error().message);
  run->plan.action = std::move(*action);
  run->plan.can_answer = asker_of(payload);
  run->plan.event = event_of(payload);
  run->plan.now = run->started_at;
  resume_from_journal(*run);
  next(run);
}

// Steps that succeeded keep what they gave; the first that did not is where the run goes on.
void Executor::resume_from_journal(RunInFlight& run) const {
  if (!is_steps(run)) return;
  RunPlan& plan = run.plan;
  if (!plan.journal.empty()) plan.now = plan.journal.front().started_at;
  for (; plan.step < plan.action.steps.size(); ++plan.step) {
    const Step& step = plan.action.steps[plan.step];
    std::int32_t last_attempt = 0;
    const JournalEntry* done = nullptr;
    for (const auto& entry : plan.journal) {
      if (entry.step_path != step.id) continue;
      last_attempt = std::max(last_attempt, entry.attempt);
      if (entry.state == "succeeded") done = &entry;
    }
    plan.step_attempt = last_attempt + 1;
    if (done == nullptr) return;
    plan.last = json::parse(done->output.value_or("null"), nullptr, false);
    if (plan.last.is_discarded()) plan.last = nullptr;
    plan.values[step.id] = plan.last;
    if (!step.save_as.empty()) plan.values[step.save_as] = plan.last;
  }
}

void Executor::next(const RunPtr& run) {
  if (run->phase != RunPhase::begun) return;
  if (run->cancelled) return settle_cancelled(run);
  if (is_steps(*run) && run->plan.step == run->plan.action.steps.size())
    return settle_success(run, json{{"steps", run->plan.values}, {"last", run->plan.last}});
  const auto wanted = next_call(*run);
  if (!wanted) return fail_without_call(run, ErrorClass::invalid_arguments, wanted.error().message);
  find_policy(run, *wanted);
}

Result<Executor::NextCall> Executor::next_call(const RunInFlight& run) const {
  const Action& action = run.plan.action;
  const TaskOptions& options = run.task->definition->options;
  NextCall wanted;
  wanted.timeout = options.timeout;
  wanted.retry = options.retries;
  if (action.kind == ActionKind::message) {
    wanted.tool = kMessageTool;
    wanted.arguments = json{{"message", action.message}};
    return wanted;
  }
  if (action.kind == ActionKind::tool) {
    wanted.tool = action.tool;
    wanted.arguments = action.arguments;
    return wanted;
  }
  const Step& step = action.steps[run.plan.step];
  auto arguments = render_template(step.with, template_roots(run));
  if (!arguments) {
    Error error = arguments.error();
    error.message = "step " + step.id + ": " + error.message;
    return error;
  }
  wanted.tool = step.uses;
  wanted.step_path = step.id;
  wanted.arguments = std::move(*arguments);
  if (step.timeout) wanted.timeout = step.timeout;
  if (step.retry) wanted.retry = step.retry;
  return wanted;
}

void Executor::find_policy(const RunPtr& run, const NextCall& wanted) {
  const TenantId& tenant = run->run.tenant;
  const auto key = std::pair{tenant.str(), wanted.tool};
  const auto known = policies_.with([&](auto& policies) -> std::optional<ToolPolicy> {
    const auto found = policies.find(key);
    if (found == policies.end() || found->second.known_until < BootClock::now()) return std::nullopt;
    return found->second;
  });
  if (known) return policy_found(run, wanted, *known);
  const auto ask = [this, run, wanted, key](Duration wait) -> Result<ToolPolicy> {
    const auto facts = parts_.tools.describe(run->run.tenant, wanted.tool, wait);
    if (!facts) return facts.error();
    const ToolPolicy policy{facts->effect, facts->timeout, facts->scopes, facts->cost,
                            BootClock::now() + kPolicyKnownFor};
    policies_.with([&](auto& policies) {
      if (policies.size() >= kPoliciesMax) policies.clear();
      policies.insert_or_assign(key, policy);
    });
    return policy;
  };
  const auto at_once = ask(Duration{0});
  if (at_once || at_once.error().code != ErrorCode::server_unavailable) return policy_found(run, wanted, at_once);
  // The server has to be started first: that is waited for where it holds up nobody else.
  patient_.post([this, run, wanted, ask] {
    const auto policy = ask(options_.describe_wait);
    work_->post([this, run, wanted, policy] { policy_found(run, wanted, policy); });
  });
}

void Executor::policy_found(const RunPtr& run, const NextCall& wanted, const Result<ToolPolicy>& policy) {
  if (run->phase != RunPhase::begun) return;
  CallUnderWay next;
  next.tool = wanted.tool;
  next.arguments = wanted.arguments;
  next.effect = policy ? policy->effect : Effect::destructive;
  next.cost = policy ? policy->cost : Cost{};
  next.started_at = parts_.clock.now();
  run->call.with([&](CallUnderWay& call) {
    next.sequence = call.sequence + 1;
    call = next;
  });
  if (!policy) return failed(run, next, refused(class_of(policy.error().code), policy.error().message));
  if (const std::string lacking = scope_lacking(*run, policy->scopes); !lacking.empty())
    return failed(run, next,
                  refused(ErrorClass::not_allowed, "whoever saved this version of the task lacks the scope \"" +
                                                       lacking + "\" that " + next.tool + " needs"));
  Duration timeout = wanted.timeout ? *wanted.timeout : policy->timeout.value_or(kDefaultTimeout);
  if (const auto by = finish_by(*run)) {
    const Duration left = *by - next.started_at;
    if (left <= Duration{0})
      return failed(run, next, refused(ErrorClass::expired, "its deadline passed before the call began"));
    timeout = std::min(timeout, left);
  }
  if (next.effect != Effect::destructive) return call(run, wanted, timeout);
  RunMark mark;
  mark.lease = run->run.lease;
  mark.call_state = CallState::calling;
  mark.call_step = wanted.step_path;
  mark.at = run->started_at;
  if (is_steps(*run)) mark.journal = journal_of(*run, next, "running");
  parts_.completer(run->run.lease.id).add_mark(std::move(mark), [this, run, wanted, timeout](Written written) {
    if (written == Written::stale) return drop(run->run.lease.id);
    work_->post([this, run, wanted, timeout] { call(run, wanted, timeout); });
  });
}

void Executor::call(const RunPtr& run, const NextCall& wanted, Duration timeout) {
  if (run->phase != RunPhase::begun) return;
  if (run->cancelled) return settle_cancelled(run);
  if (!lease_holds(*run)) {
    metrics::count("carillon_leases_lost_total", {{"noticed", "before_call"}});
    return drop(run->run.lease.id);
  }
  failpoint("before_call");
  ToolCall request{.tenant = run->run.tenant,
                   .tool = wanted.tool,
                   .arguments = wanted.arguments,
                   .timeout = timeout,
                   .idempotency_key = "carillon-" + run->run.lease.id.str(),
                   .traceparent = traceparent_of(run->run.lease.id, run->run.correlation_id)};
  if (!wanted.step_path.empty()) request.idempotency_key += "-" + wanted.step_path;
  const std::uint64_t sequence = run->call.with([&](CallUnderWay& call) {
    call.started_at = parts_.clock.now();
    call.timeout = timeout;
    call.overdue_at = BootClock::now() + timeout + options_.overdue_after;
    return call.sequence;
  });
  listen(run, sequence, request);
  const CallId id = parts_.tools.start(std::move(request), [this, queue = work_, run, sequence](ToolReply reply) {
    failpoint("after_call");
    queue->post([this, run, sequence, reply = std::move(reply)] { answered(run, sequence, reply); });
  });
  run->call.with([&](CallUnderWay& call) {
    if (call.sequence == sequence) call.call = id;
  });
  // Asked for between our look at the flag and the moment at which the call had a number.
  if (run->cancelled)
    parts_.tools.cancel(id, run->cancel_reason.with([](const std::string& reason) { return reason; }));
}

void Executor::answered(const RunPtr& run, std::uint64_t sequence, const ToolReply& reply) {
  if (run->phase != RunPhase::begun) return;
  const auto call = run->call.with([&](CallUnderWay& under_way) -> std::optional<CallUnderWay> {
    if (under_way.sequence != sequence) return std::nullopt;
    const CallUnderWay answered = under_way;
    ++under_way.sequence;
    under_way.call.reset();
    under_way.overdue_at = BootTime::max();
    return answered;
  });
  if (!call) return;
  stop_asking(*run);
  if (was_made(reply)) run->plan.spent += call->cost;
  if (reply.failure)
    failed(run, *call, reply);
  else
    succeeded(run, *call, reply);
}

void Executor::succeeded(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply) {
  RunPlan& plan = run->plan;
  if (!is_steps(*run)) {
    const json output =
        plan.action.kind == ActionKind::message ? json{{"message", plan.action.message}} : output_of_reply(reply);
    Settlement end = settlement_of(*run, *next_state(RunState::running, RunEvent::finish));
    KeptOutput stored = kept(output, options_.output_bytes_max);
    end.output = std::move(stored.text);
    end.output_bytes = stored.bytes;
    end.output_cut = stored.cut;
    end.effect = effect_of(*run, call, reply);
    return settle(run, std::move(end));
  }
  JournalEntry entry = journal_of(*run, call, "succeeded");
  KeptOutput value = kept(value_of_reply(reply), options_.output_bytes_max);
  entry.finished_at = parts_.clock.now();
  entry.output_bytes = value.bytes;
  const Step& step = plan.action.steps[plan.step];
  plan.last = json::parse(value.text);
  entry.output = std::move(value.text);
  plan.values[step.id] = plan.last;
  if (!step.save_as.empty()) plan.values[step.save_as] = plan.last;
  RunMark mark;
  mark.lease = run->run.lease;
  mark.at = run->started_at;
  mark.journal = std::move(entry);
  mark.effect = effect_of(*run, call, reply);
  ++plan.step;
  plan.step_attempt = 1;
  parts_.completer(run->run.lease.id).add_mark(std::move(mark), [this, run](Written written) {
    if (written == Written::stale) return drop(run->run.lease.id);
    work_->post([this, run] { next(run); });
  });
}

void Executor::failed(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply) {
  const Instant now = parts_.clock.now();
  ErrorClass error_class = *reply.failure;
  const auto by = finish_by(*run);
  if (by && now >= *by && error_class == ErrorClass::timeout && may_be_repeated(call.effect))
    error_class = ErrorClass::expired;
  FailedAttempt attempt;
  attempt.attempt = is_steps(*run) ? run->plan.step_attempt : run->run.lease.attempt - run->run.takeovers;
  attempt.error_class = error_class;
  attempt.effect = call.effect;
  attempt.arrived = reply.arrived;
  attempt.retry_after = reply.retry_after;
  RetryDecision decision = decide_retry(retry_policy(*run, call.effect), attempt, chance());
  if (decision.what == AfterFailure::retry && by && now + decision.delay >= *by) decision.what = AfterFailure::fail;

  Settlement end = settlement_of(*run, *next_state(RunState::running, RunEvent::fail));
  end.error_class = describe(error_class).name;
  std::string message = reply.message.empty() ? std::string{describe(error_class).name} : reply.message;
  if (is_steps(*run)) message = "step " + step_path_of(*run) + ": " + message;
  std::string_view step_state = "failed";
  if (decision.what == AfterFailure::unknown) {
    end.state = *next_state(RunState::running, RunEvent::lose_outcome);
    end.error_class = describe(ErrorClass::unknown_outcome).name;
    message = std::string{kUnknownOutcome} + "(" + message + ")";
    step_state = "unknown";
  } else if (run->cancelled) {
    end.state = *next_state(RunState::running, RunEvent::cancel);
    end.error_class = describe(ErrorClass::cancelled).name;
    end.reason = run->cancel_reason.with([](const std::string& reason) { return reason; });
    step_state = "cancelled";
  } else if (decision.what == AfterFailure::retry) {
    end.state = *next_state(RunState::running, RunEvent::retry);
    end.run_at = now + decision.delay;
    step_state = "retrying";
  }
  end.error_message = safe_text(message, options_.error_bytes_max);
  if (!reply.content.empty() && end.state != RunState::queued) {
    KeptOutput stored = kept(output_of_reply(reply), options_.output_bytes_max);
    end.output = std::move(stored.text);
    end.output_bytes = stored.bytes;
    end.output_cut = stored.cut;
  }
  end.effect = effect_of(*run, call, reply);
  if (is_steps(*run)) {
    JournalEntry entry = journal_of(*run, call, step_state);
    entry.finished_at = now;
    entry.error_class = end.error_class;
    entry.error_message = end.error_message;
    if (decision.what == AfterFailure::retry) entry.not_before = end.run_at;
    end.journal = std::move(entry);
  }
  settle(run, std::move(end));
}

}  // namespace carillon
