#include "tools/served_call.h"

#include <algorithm>

#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/base/metrics.h"
#include "server/domain/run_trace.h"
#include "server/engine/engine.h"
#include "tools/asking.h"
#include "tools/caller_of.h"
#include "tools/following.h"
#include "tools/form_wait.h"
#include "tools/parking.h"
#include "tools/run_answers.h"

namespace carillon::tools {
namespace {

constexpr std::chrono::seconds kWaitAfterAnswer{30};  // for what the run does with it, where the call says nothing

// A call on its way: what a handler sees, and what is needed to answer later. Kept by whoever goes on with it.
struct Call {
  transport::RequestContext request;
  CallContext context;
  const CompiledTool& tool;
  transport::ToolDone done;
  std::vector<std::string> warnings{};
  std::optional<Round> round{};  // of a call that waits for a run
  Monotonic wait_until{};
  bool form_stays = false;  // its client shows one still
  Monotonic started = std::chrono::steady_clock::now();

  Call(const transport::RequestContext& given, const Ports& ports, const CompiledTool& called,
       transport::ToolDone answer)
      : request(given),
        context{.caller = caller_of(request), .request = request, .ports = ports},
        tool(called),
        done(std::move(answer)) {}
};
using SharedCall = std::shared_ptr<Call>;

const Tool& row_of(const SharedCall& call) { return *call->tool.row; }

void note(const SharedCall& call, std::string_view outcome) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - call->started;
  metrics::count("carillon_tool_calls_total", {{"tool", row_of(call).name}, {"outcome", outcome}});
  metrics::observe("carillon_tool_call_seconds", {{"tool", row_of(call).name}}, took.count());
}

// A client that wishes a task gets one for what was answered at once, too: it can read nothing else. Nothing: the
// answer could not be kept.
std::optional<std::string> kept_as_task(const SharedCall& call, const transport::Answer& answer) {
  if (!call->request.task_wish) return std::nullopt;
  try {
    return follow_answer(call->context, row_of(call), answer);
  } catch (const std::exception& failure) {
    log::error("an answer could not be kept as a task", {{"failure", failure.what()}});
    return std::nullopt;
  }
}

void finish(const SharedCall& call, std::string_view outcome, transport::Answer answer) {
  note(call, outcome);
  if (auto task = kept_as_task(call, answer)) return call->done(transport::StartedTask{std::move(*task)});
  call->done(std::move(answer));
}

void refuse(const SharedCall& call, const Error& error) {
  finish(call, describe(error.code).name, encode_for(call->tool, error));
}

void conclude(const SharedCall& call, const Result<Answer>& result) {
  if (!result.ok()) return refuse(call, result.error());
  transport::Answer answer = encode(*result, call->warnings);
  const bool run_failed = result->ending == Answer::Ending::failed;
  finish(call, run_failed ? "run_failed" : answer.is_error ? "too_large" : "ok", std::move(answer));
}

void become_task(const SharedCall& call, const Parked& parked) {
  const std::string task = follow_run(call->context, row_of(call), parked, call->warnings);
  note(call, "task");
  call->done(transport::StartedTask{task});
}

json log_context(const Call& call) {
  return {{"correlation_id", call.context.caller.correlation_id},
          {"tenant", call.context.caller.tenant.str()},
          {"agent", call.context.caller.agent.str()},
          {"tool", call.tool.row->name}};
}

// The one place on this side where machine failures end (the worker loop is the other): logged once, answered.
template <class Work>
void guarded(const SharedCall& call, Work&& work) {
  const log::Context context{log_context(*call)};
  try {
    work();
  } catch (const std::exception& failure) {
    const Error error = machine_failure(failure, call->context.caller.correlation_id);
    log::error("a tool call failed", {{"failure", failure.what()}, {"answered", describe(error.code).name}});
    refuse(call, error);
  }
}

void wait_on(const SharedCall& call);

bool has_news(const Call& call) {
  return has_ended(call.context, call.round->parked.run) || has_question(call.context, *call.round);
}

void park_until(const SharedCall& call, Monotonic until, const std::stop_token& gone, std::function<void()> go_on) {
  const auto left = std::chrono::ceil<Duration>(until - std::chrono::steady_clock::now());
  const auto tell = [channel = call->request.channel](const ToolProgress& progress) {
    channel->report({progress.progress, progress.total, mask_secrets(progress.message)});
  };
  park(call->context.ports, {.run = call->round->parked.run,
                             .wait = std::max(left, Duration{0}),
                             .gone = gone,
                             .has_news = [call] { return has_news(*call); },
                             .go_on = std::move(go_on),
                             .progressed = tell});
}

// A failure to look is met again, and answered, where the call goes on.
bool news_or_failure(const Call& call) {
  try {
    return has_news(call);
  } catch (const std::exception& failure) {
    log::warn("a call that shows a form could not see its run", {{"failure", failure.what()}});
    return true;
  }
}

Answering answers_as(const SharedCall& call) {
  return row_of(call).hints.reads_only ? Answering::onlooker : Answering::caller;
}

// While a client of an older revision shows a form: the run may end, or ask something else, and time passes.
void wait_for_form(const SharedCall& call, Monotonic until, const std::function<void()>& without,
                   const std::stop_token& answered) {
  park_until(call, until, answered, [call, until, without, answered] {
    if (answered.stop_requested()) return;
    const bool goes_on = std::chrono::steady_clock::now() >= until || news_or_failure(*call);
    goes_on ? without() : wait_for_form(call, until, without, answered);
  });
}

void let_form_stay(const SharedCall& call, transport::NeedInput& need) {
  need.meanwhile = [call](const std::function<void()>& without, const std::stop_token& answered) {
    const Monotonic until = form_until(call->request.arrived, call->wait_until, std::chrono::steady_clock::now());
    wait_for_form(call, until, without, answered);
  };
  need.late = [ports = call->context.ports, caller = call->context.caller, run = call->round->parked.run,
               as = answers_as(call)](const std::string& key, const json& response) {
    hand_over(ports, [ports, caller, run, as, key, response] {
      take_late_answer(ports, caller, {.run = run, .key = key, .answer = response, .as = as});
    });
  };
}

// It ended, it asks something, or it was waited for long enough.
void go_on(const SharedCall& call) {
  guarded(call, [&] {
    if (call->request.cancelled.stop_requested())
      return refuse(call, Error{ErrorCode::conflict, "the call was taken back; the run goes on"});
    const Parked& parked = call->round->parked;
    if (!has_ended(call->context, parked.run)) {
      if (auto need = ask_client(call->context, *call->round)) {
        note(call, "asks");
        if (call->request.era == transport::Era::legacy) let_form_stay(call, *need);
        return call->done(std::move(*need));
      }
      if (std::chrono::steady_clock::now() < call->wait_until) return wait_on(call);
      if (call->request.takes_tasks()) return become_task(call, parked);
      if (call->form_stays)
        call->warnings.emplace_back("nobody has answered the form yet; when somebody does, it still counts");
    }
    conclude(call, row_of(call).resume(call->context, parked.run, parked.shape));
  });
}

void wait_on(const SharedCall& call) {
  park_until(call, call->wait_until, call->request.cancelled, [call] { go_on(call); });
}

// Whoever wishes a task gets it at once; whoever takes one, when a moment was not enough. `decided`: by its client's
// answers, in a request that asked.
void wait_for_run(const SharedCall& call, Round round, bool decided = false) {
  if (call->request.task_wish) return become_task(call, round.parked);
  const Monotonic now = std::chrono::steady_clock::now();
  Duration wait = round.parked.wait;
  if (call->request.takes_tasks()) wait = std::min<Duration>(wait, kMomentBeforeTask);
  call->wait_until = now + wait;
  if (call->request.era == transport::Era::legacy && !round.asked.empty()) {
    call->wait_until = run_until(call->request.arrived, wait, decided, now);
    call->form_stays = call->request.input.responses.empty();
  }
  call->round = std::move(round);
  wait_on(call);
}

// The request comes again with what its client answers: nothing is started anew.
void answer_and_wait(const SharedCall& call, const Round& round) {
  const auto given = give_answers(call->context, round, answers_as(call), call->warnings);
  if (!given.ok()) return refuse(call, given.error());
  wait_for_run(call, round, *given);
}

void perform(const SharedCall& call, const json& arguments) {
  ToolOutcome outcome = row_of(call).call(call->context, arguments);
  if (auto* parked = std::get_if<Parked>(&outcome)) {
    wait_for_run(call, {.parked = std::move(*parked)});
  } else if (const auto* error = std::get_if<Error>(&outcome)) {
    refuse(call, *error);
  } else {
    conclude(call, std::get<Answer>(std::move(outcome)));
  }
}

Error not_allowed(const Tool& row, const Scopes& scopes) {
  Error error{ErrorCode::not_allowed, "this credential lacks the scope \"" + std::string(name_of(row.scope)) +
                                          "\" that " + std::string(row.name) + " needs"};
  error.details["scope"] = name_of(row.scope);
  error.details["scopes"] = scopes.names();
  return error;
}

// A run says so itself to whomever it calls, in the trace.
Status check_not_of_run(const SharedCall& call) {
  const Tool& row = row_of(call);
  const auto run = row.makes_tasks ? run_of_trace(call->request.trace.traceparent) : std::nullopt;
  if (!run) return Done{};
  return call->context.ports.engine.refuse_to_runs(call->context.caller, *run, std::string{row.name});
}

}  // namespace

void serve_call(const transport::RequestContext& context, const Ports& ports, const CompiledTool& tool, json arguments,
                transport::ToolDone done) {
  const auto call = std::make_shared<Call>(context, ports, tool, std::move(done));
  guarded(call, [&] {
    const Scopes& scopes = call->context.caller.scopes;
    if (!scopes.has(tool.row->scope)) return refuse(call, not_allowed(*tool.row, scopes));
    if (const auto allowed = check_not_of_run(call); !allowed) return refuse(call, allowed.error());
    auto accepted = accept_arguments(tool, std::move(arguments));
    if (!accepted.ok()) return refuse(call, accepted.error());
    call->warnings = std::move(accepted->warnings);
    const auto round = round_of(call->request, wait_of(call->context, accepted->arguments, kWaitAfterAnswer));
    if (round) return answer_and_wait(call, *round);
    perform(call, accepted->arguments);
  });
}

}  // namespace carillon::tools
