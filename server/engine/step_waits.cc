// Steps that wait to be told something: how they begin to, whether they were told, and their giving up. Who tells an
// event is telling_event.cc, who decides an approval respond_to_run.cc, who does an agent's work respond_to_work.cc.
#include "server/base/mask.h"
#include "server/domain/approval.h"
#include "server/domain/duration_text.h"
#include "server/domain/refusal.h"
#include "server/domain/schedule/event_filter.h"
#include "server/domain/template.h"
#include "server/engine/engine.h"
#include "server/engine/own_steps.h"
#include "server/engine/standing_grants.h"
#include "server/store/approval_store.h"
#include "server/store/step_store.h"
#include "server/store/work_store.h"

namespace carillon {
namespace {

OwnStepEnd end_of(const StepEnd& found) {
  OwnStepEnd end{.output = found.output, .finished_at = found.finished_at, .waits_until = found.waits_until};
  if (!found.error_class.empty())
    end.fault = pipeline::StepFault{error_class_named(found.error_class).value_or(ErrorClass::internal), found.message};
  return end;
}

OwnStepEnd end_of(const WaitEnd& end) {
  return {.finished_at = end.at,
          .fault = pipeline::StepFault{error_class_named(end.error_class).value_or(ErrorClass::internal), end.message}};
}

// Begins the wait unless it has begun; `also` writes what belongs to it.
template <class Also>
OwnStepEnd begin_wait(Tx& tx, const OwnStep& step, const StepWait& wait, Instant now, Also also) {
  const TenantId& tenant = step.caller.tenant;
  if (const auto before = StepStore{tx}.find_end(tenant, step.key)) return end_of(*before);
  if (!StepWaitStore{tx}.insert(tenant, step.key, step.began_at, wait)) return {.is_ours = false};
  also();
  return {.finished_at = now, .waits_until = wait.until};
}

Result<StepWait> wait_for_event(const OwnStep& step, Instant now) {
  const json& event = step.body.at("event");  // a template may have given anything
  if (!event.is_string()) return invalid("the event is a text", "/signal/event", event);
  const auto pattern = event.get<std::string>();
  if (auto fits = check_topic_pattern(pattern); !fits) {
    Error error = fits.error();
    error.pointer = "/signal/event";
    error.received = pattern;
    return error;
  }
  StepWait wait{
      .until = Instant::max(), .waits_for = "event " + pattern, .event_pattern = pattern, .roots = step.roots};
  if (const auto match = step.body.find("match"); match != step.body.end())
    wait.condition = bare_expression(match->get_ref<const std::string&>());
  if (const auto within = step.body.find("within"); within != step.body.end()) {
    const auto length = read_duration(within->get_ref<const std::string&>(), "/signal/within");
    if (!length) return length.error();
    wait.until = now + *length;
  }
  return wait;
}

WorkKey work_key(const StepKey& step) { return {step.lease.id, step.path, step.attempt}; }
ApprovalKey approval_key(const StepKey& step) { return {step.lease.id, step.path, step.attempt}; }

ApprovalNotices notices_of(const ApprovalRequest& request, Instant now) {
  ApprovalNotices notices{.targets = request.notify};
  if (request.escalate) {
    notices.later = request.escalate->to;
    notices.later_at = now + request.escalate->after;
  }
  return notices;
}

// The time of an approval is up: what its step gives then, or how it fails. Nothing: somebody has decided. Decides
// nothing itself: only who really ends the step's wait does.
std::optional<StepTold> expired(ApprovalStore& approvals, const OwnStep& step) {
  const Instant at = step.give_up->at;
  for (const Approval& each : approvals.hold(step.caller.tenant, step.key.lease.id)) {
    if (each.key.path != step.key.path || each.key.attempt != step.key.attempt) continue;
    const bool is_approved = each.on_expiry == "approve";
    const bool goes_on = is_approved || (each.on_expiry == "reject" && each.on_reject == "continue");
    StepTold told{.at = at};
    if (goes_on) {
      const Decision decision{.status = is_approved ? "approved" : "expired", .by = {}, .at = at};
      told.output = result_of(decision, each.arguments);
    } else {
      told.error_class = describe(ErrorClass::expired).name;
      told.message = "the approval expired: nobody decided in time";
    }
    return told;
  }
  return std::nullopt;
}

// The time of an approval is up, whoever says so, or nobody wants it any more: that only the run's own worker can say.
// False as of give_up_work.
bool give_up_approval(Tx& tx, const OwnStep& step, WaitEnd& end) {
  const TenantId& tenant = step.caller.tenant;
  ApprovalStore approvals{tx};
  StepWaitStore waits{tx};
  if (end.error_class != describe(ErrorClass::timeout).name) {
    approvals.hold(tenant, step.key.lease.id);  // before the run, as who decides does
    if (!waits.end(tenant, step.key, end)) return false;
    approvals.decide(tenant, approval_key(step.key), {"withdrawn", end.at});
    return true;
  }
  const auto told = expired(approvals, step);
  const auto decide = [&] { approvals.decide(tenant, approval_key(step.key), {"expired", end.at}); };
  if (told && told->error_class.empty()) {
    if (waits.tell(tenant, {.run = step.key.lease.id, .path = step.key.path, .attempt = step.key.attempt}, *told))
      decide();
    return false;
  }
  if (told) end = {.state = end.state, .error_class = told->error_class, .message = told->message, .at = end.at};
  if (!waits.end(tenant, step.key, end)) return false;
  if (told) decide();
  return true;
}

// The time of an agent's work is up, or nobody wants it any more. False: the run is somebody else's, or it was
// answered.
bool give_up_work(Tx& tx, const OwnStep& step, WaitEnd& end) {
  const bool is_late = end.error_class == describe(ErrorClass::timeout).name;
  if (is_late) end.error_class = describe(ErrorClass::expired).name;
  if (is_late) end.message = "the work expired: nobody answered in time";
  WorkStore work{tx};
  work.hold(step.caller.tenant, step.key.lease.id);  // before the run, as who answers does
  if (!StepWaitStore{tx}.end(step.caller.tenant, step.key, end)) return false;
  return work.end(step.caller.tenant, work_key(step.key), {.outcome = is_late ? "expired" : "withdrawn", .at = end.at});
}

bool gives_up(Tx& tx, const OwnStep& step, WaitEnd& end) {
  if (step.kind == pipeline::StepKind::approval) return give_up_approval(tx, step, end);
  if (step.kind == pipeline::StepKind::agent) return give_up_work(tx, step, end);
  return StepWaitStore{tx}.end(step.caller.tenant, step.key, end);
}

}  // namespace

Result<OwnStepEnd> Engine::await_event(const OwnStep& step) {
  const Instant now = parts_.clock.now();
  const auto wait = wait_for_event(step, now);
  if (!wait) return wait.error();
  return parts_.store.in_tx(step.caller.tenant, [&](Tx& tx) { return begin_wait(tx, step, *wait, now, [] {}); });
}

Result<OwnStepEnd> Engine::await_approval(const OwnStep& step) {
  const auto request = read_approval(step.body, "/approval");
  if (!request) return request.error();
  if (auto error = unfit_text(request->message, kApprovalTextMax, "/approval/message")) return *error;
  const Instant now = parts_.clock.now();
  const Approval approval{.key = approval_key(step.key),
                          .id = parts_.ids.next(now).number(),
                          .message = mask_secrets(request->message),
                          .arguments = mask_secrets(request->arguments),
                          .deciders = request->by,
                          .quorum = request->quorum,
                          .on_expiry = step.body.value("on_expiry", "fail"),
                          .on_reject = step.body.value("on_reject", "fail"),
                          .expires_at = request->within ? now + *request->within : Instant::max()};
  const StepWait wait{.until = approval.expires_at, .waits_for = "approval: " + approval.message};
  const CommandKey key;
  const Call call{step.caller, "await_approval", key, now};
  const auto begun =
      run_keyless<OwnStepEnd>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<OwnStepEnd> {
        const OwnStepEnd waits = begin_wait(tx, step, wait, now, [&] {
          ApprovalStore approvals{tx};
          approvals.insert(step.caller.tenant, approval, now);
          approvals.plan_notices(step.caller.tenant, approval, notices_of(*request, now), now);
          use_standing_grants(call, tx, telling, approval);
        });
        const auto told = waits.is_ours ? StepStore{tx}.find_end(step.caller.tenant, step.key) : std::nullopt;
        return told ? end_of(*told) : waits;
      });
  watch_.asks(step.key.lease.id);  // a host that waits for the run can show a form
  return begun;
}

Result<OwnStepEnd> Engine::await_work(const OwnStep& step) {
  const auto request = read_work(step.body, "/agent");
  if (!request) return request.error();
  WorkItem item{.key = work_key(step.key),
                .agent = request->agent,
                .prompt = mask_secrets(request->prompt),
                .data = mask_secrets(request->data),
                .expect = step.expect,
                .asked_at = parts_.clock.now()};
  if (auto fits = check_work({.prompt = item.prompt, .data = item.data}, "/agent"); !fits) return fits.error();
  if (request->within) item.expires_at = item.asked_at + *request->within;
  const StepWait wait{.until = item.expires_at, .waits_for = brief_work(item.agent, item.prompt)};
  return parts_.store.in_tx(step.caller.tenant, [&](Tx& tx) {
    return begin_wait(tx, step, wait, item.asked_at, [&] { WorkStore{tx}.insert(step.caller.tenant, item); });
  });
}

OwnStepEnd Engine::look_at_wait(const OwnStep& step) {
  const auto found = parts_.store.in_tx(step.caller.tenant,
                                        [&](Tx& tx) { return StepStore{tx}.find_end(step.caller.tenant, step.key); });
  return found ? end_of(*found) : OwnStepEnd{.waits_until = Instant::max()};
}

// With what it was told, where it was.
OwnStepEnd Engine::end_wait(const OwnStep& step) {
  const TenantId& tenant = step.caller.tenant;
  return parts_.store.in_tx(tenant, [&](Tx& tx) -> OwnStepEnd {
    WaitEnd end = *step.give_up;
    if (gives_up(tx, step, end)) return end_of(end);
    const auto told = StepStore{tx}.find_end(tenant, step.key);
    if (!told || told->waits_until) return {.is_ours = false};
    return end_of(*told);
  });
}

}  // namespace carillon
