#include "server/worker/executor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/failpoint.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/domain/run_payload.h"
#include "server/domain/run_trace.h"
#include "server/domain/sensitive_values.h"
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
    case ErrorCode::not_allowed:
      return ErrorClass::not_allowed;
    case ErrorCode::server_unavailable:
    case ErrorCode::unavailable:
      return ErrorClass::unavailable;
    case ErrorCode::arguments_invalid:
      return ErrorClass::invalid_arguments;
    default:
      return ErrorClass::internal;
  }
}

}  // namespace

std::string scope_lacking(const RunInFlight& run, const Scopes& needed) {
  if (!run.task->scopes) return "";
  const auto missing = needed.missing_from(*run.task->scopes).names();
  return missing.empty() ? "" : missing.front();
}

Executor::Executor(ExecutorParts parts, const ExecutorOptions& options)
    : parts_(std::move(parts)), options_(options), alarms_(parts_.clock) {
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
    if (suspects.under_way == nullptr) {
      suspects.under_way = run;
      return true;
    }
    suspects.waiting.push_back(run);
    return false;
  });
}

void Executor::ended(const RunPtr& run) {
  if (run->run.takeovers == 0) return;
  const RunPtr next = suspects_.with([&](Suspects& suspects) -> RunPtr {
    const auto waiting = std::find(suspects.waiting.begin(), suspects.waiting.end(), run);
    if (waiting != suspects.waiting.end()) {
      suspects.waiting.erase(waiting);
      return nullptr;
    }
    if (suspects.under_way != run) return nullptr;  // it has been here before
    suspects.under_way = nullptr;
    if (suspects.waiting.empty()) return nullptr;
    suspects.under_way = suspects.waiting.front();
    suspects.waiting.pop_front();
    return suspects.under_way;
  });
  if (next) work_->post([this, next] { begin(next); });
}

void Executor::post(const RunPtr& run, std::function<void()> event) {
  work_->post([run, event = std::move(event)] {
    const std::lock_guard turn{run->turn};
    event();
  });
}

void Executor::begin(const RunPtr& run) {
  RunPhase expected = RunPhase::queued;
  if (!run->phase.compare_exchange_strong(expected, RunPhase::begun)) return ended(run);  // lost before it began
  const std::lock_guard turn{run->turn};
  run->started_at = run->run.started_at.value_or(parts_.clock.now());
  if (run->run.takeovers == 0) return prepare(run);
  RunMark mark;
  mark.lease = run->run.lease;
  mark.at = run->started_at;
  parts_.completer(run->run.lease.id).add_mark(std::move(mark), [this, run](Written written) {
    if (written == Written::stale) return drop(run);
    post(run, [this, run] { prepare(run); });
  });
}

void Executor::prepare(const RunPtr& run) {
  CARILLON_CHECK(run->task != nullptr);
  if (run->phase != RunPhase::begun) return;
  if (!run->task->definition) return fail_without_call(run, ErrorClass::internal, run->task->problem);
  const std::string payload = run->input.empty() ? run->run.payload.value_or("") : run->input;
  auto action = action_with_payload(run->task->definition->action, payload);
  if (!action) {
    const Error& unfit = action.error();
    return fail_without_call(run, class_of(unfit.code),
                             unfit.pointer.empty() ? unfit.message : unfit.pointer + ": " + unfit.message);
  }
  run->plan.action = std::move(*action);
  run->plan.can_answer = asker_of(payload);
  run->plan.event = event_of(payload);
  if (run->run.origin == "step") run->plan.parent = parent_of(payload);
  if (run->plan.action.kind == ActionKind::steps) return begin_steps(run);
  if (run->cancelled) return settle_cancelled(run);
  call_only(run);
}

void Executor::call_only(const RunPtr& run) {
  const Action& action = run->plan.action;
  const bool is_message = action.kind == ActionKind::message;
  CallUnderWay call;
  call.tool = is_message ? std::string{kMessageTool} : action.tool;
  call.arguments = is_message ? json{{"message", action.message}} : action.arguments;
  call.attempt = run->run.lease.attempt;
  call.begun_at = run->started_at;
  find_policy(run, call);
}

void Executor::find_policy(const RunPtr& run, const CallUnderWay& wanted) {
  const TenantId& tenant = run->run.tenant;
  const auto key = std::pair{tenant.str(), wanted.tool};
  const auto known = policies_.with([&](auto& policies) -> std::optional<ToolPolicy> {
    const auto found = policies.find(key);
    if (found == policies.end() || found->second.known_until < BootClock::now()) return std::nullopt;
    return found->second;
  });
  if (known) return policy_found(run, wanted, *known);
  const auto ask = [this, run, tool = wanted.tool, key](Duration wait) -> Result<ToolPolicy> {
    const auto facts = parts_.tools.describe(run->run.tenant, tool, wait);
    if (!facts) return facts.error();
    const ToolPolicy policy{facts->effect, facts->timeout,   facts->scopes,
                            facts->cost,   facts->sensitive, BootClock::now() + kPolicyKnownFor};
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
    post(run, [this, run, wanted, policy] { policy_found(run, wanted, policy); });
  });
}

void Executor::policy_found(const RunPtr& run, CallUnderWay call, const Result<ToolPolicy>& policy) {
  if (run->phase != RunPhase::begun) return;
  call.effect = policy ? policy->effect : Effect::destructive;
  call.cost = policy ? policy->cost : Cost{};
  if (policy) call.sensitive.insert(call.sensitive.end(), policy->sensitive.begin(), policy->sensitive.end());
  call.started_at = parts_.clock.now();
  if (!policy) return ended(run, call, not_made(class_of(policy.error().code), policy.error().message));
  if (const std::string lacking = scope_lacking(*run, policy->scopes); !lacking.empty())
    return ended(run, call,
                 not_made(ErrorClass::not_allowed, "whoever saved this version of the task lacks the scope \"" +
                                                       lacking + "\" that " + call.tool + " needs"));
  const auto wanted = call.wanted_timeout ? call.wanted_timeout : run->task->definition->options.timeout;
  call.timeout = wanted ? *wanted : policy->timeout.value_or(kDefaultTimeout);
  if (const auto by = call.is_undo ? std::nullopt : finish_by(*run)) {
    const Duration left = *by - call.started_at;
    if (left <= Duration{0})
      return ended(run, call, not_made(ErrorClass::expired, "its deadline passed before the call began"));
    call.timeout = std::min(call.timeout, left);
  }
  if (call.effect != Effect::destructive) return make(run, std::move(call));
  if (run->steps) {
    StepsUnderWay::News news;
    news.entry.journal = JournalEntry{.step_path = call.path,
                                      .attempt = call.attempt,
                                      .state = "running",
                                      .tool = call.tool,
                                      .started_at = call.begun_at};
    news.then = [this, run, call] { make(run, call); };
    run->steps->unrepeatable.insert(call.path);
    run->steps->news.push_back(std::move(news));
    return write(run);
  }
  RunMark mark;
  mark.lease = run->run.lease;
  mark.call_state = CallState::calling;
  mark.at = run->started_at;
  parts_.completer(run->run.lease.id).add_mark(std::move(mark), [this, run, call](Written written) {
    if (written == Written::stale) return drop(run);
    post(run, [this, run, call] { make(run, call); });
  });
}

void Executor::make(const RunPtr& run, CallUnderWay call) {
  if (run->phase != RunPhase::begun) return;
  const bool unwanted =
      run->steps ? run->steps->planner.state_of(call.path) == pipeline::StepState::cancelling : run->cancelled.load();
  if (unwanted && !run->steps) return settle_cancelled(run);
  if (unwanted) return ended(run, call, not_made(ErrorClass::cancelled, "cancelled before the call began"));
  if (!lease_holds(*run)) {
    metrics::count("carillon_leases_lost_total", {{"noticed", "before_call"}});
    return drop(run);
  }
  failpoint("before_call");
  ToolCall request{.tenant = run->run.tenant,
                   .tool = call.tool,
                   .arguments = call.arguments,
                   .timeout = call.timeout,
                   .idempotency_key = idempotency_key(*run, call),
                   .traceparent = traceparent_of(run->run.lease.id, run->run.correlation_id)};
  const std::uint64_t number = ++run->calls_made;
  call.started_at = parts_.clock.now();
  call.overdue_at = BootClock::now() + call.timeout + options_.overdue_after;
  run->calls.with([&](CallsUnderWay& calls) { calls.emplace(number, std::move(call)); });
  listen(run, number, request);
  const CallId id = parts_.tools.start(std::move(request), [this, queue = work_, run, number](ToolReply reply) {
    failpoint("after_call");
    queue->post([this, run, number, reply = std::move(reply)] {
      const std::lock_guard turn{run->turn};
      answered(run, number, reply);
    });
  });
  run->calls.with([&](CallsUnderWay& calls) {
    if (const auto made = calls.find(number); made != calls.end()) made->second.call = id;
  });
  // Asked for between our look at the flag and the moment at which the call had a number.
  if (run->cancelled && !run->steps)
    parts_.tools.cancel(id, run->cancel_reason.with([](const std::string& reason) { return reason; }));
}

void Executor::answered(const RunPtr& run, std::uint64_t number, const ToolReply& reply) {
  if (run->phase != RunPhase::begun) return;
  auto call = run->calls.with([&](CallsUnderWay& calls) -> std::optional<CallUnderWay> {
    const auto found = calls.find(number);
    if (found == calls.end()) return std::nullopt;
    CallUnderWay made = std::move(found->second);
    calls.erase(found);
    return made;
  });
  if (!call) return;
  stop_asking(*run, *call);
  call->cost = reply.cost.value_or(call->cost);
  if (was_made(reply)) run->plan.spent += call->cost;
  if (!reply.failure) return ended(run, *call, reply);
  ToolReply failed = reply;
  failed.message = without_sensitive(*call, reply);
  ended(run, *call, failed);
}

// Errors are told in more places than those that know what a run holds.
std::string Executor::without_sensitive(const CallUnderWay& call, const ToolReply& reply) const {
  if (call.sensitive.empty()) return reply.message;
  SensitiveValues values;
  values.take(call.arguments, call.sensitive);
  values.take(value_of_reply(reply), call.sensitive);
  return values.masked(reply.message);
}

void Executor::ended(const RunPtr& run, const CallUnderWay& call, const ToolReply& reply) {
  if (run->steps)
    step_ended(run, call, reply);
  else
    only_call_ended(run, call, reply);
}

Executor::Verdict Executor::judge(const RunInFlight& run, const CallUnderWay& call, const ToolReply& reply) {
  const Instant now = parts_.clock.now();
  Verdict verdict;
  verdict.error_class = *reply.failure;
  const auto by = call.is_undo ? std::nullopt : finish_by(run);
  if (by && now >= *by && verdict.error_class == ErrorClass::timeout && may_be_repeated(call.effect))
    verdict.error_class = ErrorClass::expired;
  FailedAttempt attempt;
  attempt.attempt = run.steps ? call.attempt : call.attempt - run.run.takeovers;
  attempt.error_class = verdict.error_class;
  attempt.effect = call.effect;
  attempt.arrived = reply.arrived;
  attempt.retry_after = reply.retry_after;
  const auto policy = call.retry ? call.retry : run.task->definition->options.retries;
  const RetryDecision decision = decide_retry(policy.value_or(default_retry(call.effect)), attempt, chance());
  verdict.what = decision.what;
  verdict.again_at = now + decision.delay;
  if (verdict.what == AfterFailure::retry && by && verdict.again_at >= *by) verdict.what = AfterFailure::fail;
  verdict.message = reply.message.empty() ? std::string{describe(verdict.error_class).name} : reply.message;
  const bool unwanted =
      run.steps ? run.steps->planner.state_of(call.path) == pipeline::StepState::cancelling : run.cancelled.load();
  if (verdict.what == AfterFailure::unknown) {
    verdict.error_class = ErrorClass::unknown_outcome;
    verdict.message = std::string{kUnknownOutcome} + "(" + verdict.message + ")";
  } else if (unwanted) {
    verdict.is_cancelled = true;
    verdict.error_class = ErrorClass::cancelled;
  }
  return verdict;
}

}  // namespace carillon
