#include <algorithm>

#include "server/domain/question.h"
#include "server/domain/run_handle.h"
#include "server/domain/run_payload.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/reusing_steps.h"
#include "server/engine/run_pausing.h"
#include "server/engine/run_view.h"
#include "server/engine/run_waiting.h"
#include "server/engine/sensitive_run.h"
#include "server/store/delivery_store.h"
#include "server/store/status_store.h"

// get_run: one run in full, why it failed, and why it waits.

namespace carillon {

namespace {

constexpr int kStepsShown = 500;

struct RunInView {
  Tx& tx;
  const TenantId& tenant;
  const RunRecord& run;
  Instant now;
};

std::optional<TaskDefinition> definition_at(const RunInView& looking, int version) {
  const auto stored = TaskStore{looking.tx}.definition(looking.tenant, looking.run.task, version);
  if (!stored) return std::nullopt;
  auto definition = definition_from_json(*stored);
  if (!definition) return std::nullopt;
  return std::move(*definition);
}

std::vector<std::string> changed_since_success(const RunInView& looking) {
  const RunRecord& run = looking.run;
  const auto success = RunStore{looking.tx}.previous_success(looking.tenant, run.task, run.id);
  if (!success) return {"the task has not succeeded before"};
  std::vector<std::string> told{"last success " + describe_instant(success->finished_at, run.zone, looking.now)};
  if (success->task_version == run.task_version) return told;
  std::string line = "version " + std::to_string(success->task_version) + " → " + std::to_string(run.task_version);
  const auto before = definition_at(looking, success->task_version);
  const auto after = definition_at(looking, run.task_version);
  if (before && after) {
    std::string fields;
    for (const FieldChange& change : changes(*before, *after)) fields += (fields.empty() ? ": " : ", ") + change.field;
    line += fields;
  }
  told.push_back(std::move(line));
  return told;
}

struct Advice {
  std::string explanation;
  json next_call = nullptr;
};

json call(const char* tool, json arguments) { return {{"tool", tool}, {"arguments", std::move(arguments)}}; }

Advice advise(const RunRecord& run, ErrorClass error_class) {
  const std::string handle = handle_of(run);
  switch (error_class) {
    case ErrorClass::invalid_arguments:
      return {"the arguments do not fit the tool's schema; change them",
              call("update_task", {{"task", run.task_name}})};
    case ErrorClass::not_found:
      return {"the tool or its server is not there any more", call("search_tools", json::object())};
    case ErrorClass::needs_sign_in:
      return {"a person must sign in to the server first; then repeat the run", call("retry_run", {{"run", handle}})};
    case ErrorClass::not_allowed:
      return {"whoever saved the task lacks a scope that the tool needs; somebody who holds it must save it again",
              call("update_task", {{"task", run.task_name}})};
    case ErrorClass::tool_error:
      return {"the tool itself said that it failed; its words are in the error", call("get_run", {{"run", handle}})};
    case ErrorClass::unknown_outcome:
      return {"the call was cut off and may have had its effect; look there first, and repeat it only if it had not",
              call("retry_run", {{"run", handle}})};
    case ErrorClass::expired:
      return {"it could not finish in the time that its options allow", call("update_task", {{"task", run.task_name}})};
    default:
      return {"", call("retry_run", {{"run", handle}})};
  }
}

// The step that ended the run: the one that its error names (a step may fail and be forgiven), else the first that
// failed.
std::string failing_step(const RunRecord& run, const std::vector<StepRow>& steps) {
  std::string first;
  for (const StepRow& step : steps) {
    if (step.state != "failed" && step.state != "unknown") continue;
    if (run.error_message.starts_with("step " + step.step + ": ")) return step.step;
    if (first.empty()) first = step.step;
  }
  return first;
}

std::optional<Diagnosis> diagnose(const RunInView& looking, const std::vector<StepRow>& steps) {
  const RunRecord& run = looking.run;
  if (run.state != RunState::failed && run.state != RunState::unknown) return std::nullopt;
  const ErrorClass error_class = error_class_named(run.error_class).value_or(ErrorClass::internal);
  Diagnosis diagnosis{.error_class = run.error_class, .transient = describe(error_class).transient, .explanation = {}};
  diagnosis.failing_step = failing_step(run, steps);
  Advice advice = advise(run, error_class);
  diagnosis.explanation = advice.explanation;
  if (advice.explanation.empty())
    diagnosis.explanation = diagnosis.transient ? "it may pass by itself; repeating the run can succeed"
                                                : "repeating the run will fail the same way until something is changed";
  diagnosis.next_call = std::move(advice.next_call);
  if (!diagnosis.failing_step.empty() && diagnosis.next_call.value("tool", "") == "retry_run")
    diagnosis.next_call["arguments"]["from"] = kFromFailedStep;
  diagnosis.changed_since_success = changed_since_success(looking);
  return diagnosis;
}

// Since when an agent is asked, and who has claimed it.
std::string told_claim(const RunInView& looking, const std::vector<WorkItem>& work, const std::string& step) {
  const auto item = std::find_if(work.begin(), work.end(), [&](const WorkItem& each) { return each.key.path == step; });
  if (item == work.end()) return {};
  std::string told = ", since " + describe_instant(item->asked_at, looking.run.zone, looking.now);
  if (is_held(item->claim, looking.now))
    told += ", claimed by " + item->claim->by + " until " +
            describe_instant(item->claim->until, looking.run.zone, looking.now);
  return told;
}

// What the steps wait for of a run that holds no worker.
std::vector<std::string> waits_of_steps(const RunInView& looking, const RunDetail& detail) {
  std::vector<std::string> reasons;
  for (const StepRow& step : detail.steps) {
    if (!step.not_before || *step.not_before <= looking.now) continue;  // an attempt that another has followed
    if (step.state != "waiting" && step.state != "retrying") continue;
    const std::string until = *step.not_before == Instant::max()
                                  ? std::string()
                                  : describe_instant(*step.not_before, looking.run.zone, looking.now);
    std::string reason = "step " + step.step;
    if (step.state == "retrying") {
      reason += " failed; its next attempt is due " + until;
    } else {
      if (!step.waits_for.empty()) reason += " waits for " + step.waits_for;
      if (!until.empty()) reason += ", until " + until;
    }
    reason += told_claim(looking, detail.work, step.step);
    reasons.push_back(std::move(reason));
  }
  return reasons;
}

// Why a run does not go on, the plainest reason first.
std::vector<std::string> waits_for(const RunInView& looking, const RunDetail& detail) {
  const RunRecord& run = looking.run;
  std::vector<std::string> reasons;
  const std::string paused = paused_how(run, looking.now);
  if (!paused.empty()) reasons.push_back(paused + (run.state == RunState::running ? "; what is under way ends" : ""));
  if (run.state == RunState::waiting) {
    for (std::string& reason : waits_of_steps(looking, detail)) reasons.push_back(std::move(reason));
    if (reasons.empty()) reasons.emplace_back("it waits, and holds no worker");
    return reasons;
  }
  for (const OpenQuestion& question : detail.questions)
    reasons.push_back("an answer to what " + question.tool +
                      " asks: " + brief_question(question.method, question.params) + " (until " +
                      describe_instant(question.answer_until, run.zone, looking.now) + ")");
  if (run.state != RunState::queued) return reasons;
  StatusStore status{looking.tx};
  if (const auto pause = status.dispatch_pause(looking.tenant))
    reasons.push_back("dispatch is paused by " + pause->paused_by +
                      (pause->reason.empty() ? "" : ": " + pause->reason));
  if (run.run_at == kHeldUntil) {
    reasons.emplace_back(
        "it is held after an outage; set_task_state with state active and meanwhile all, once or drop decides");
  } else if (paused.empty() && run.run_at > looking.now) {
    const char* why = run.attempt > 1 ? "the attempt before failed; the next is due " : "it is due ";
    reasons.push_back(why + describe_instant(run.run_at, run.zone, looking.now));
  }
  if (auto others = waits_for_key(looking.tx, looking.tenant, run); !others.empty())
    reasons.push_back(std::move(others));
  if (status.queue(looking.tenant, looking.now).shards_without_owner > 0)
    reasons.emplace_back("no worker is there for some runs; is `carillon serve` or `carillon worker` running?");
  if (reasons.empty()) reasons.emplace_back("a worker has not taken it yet");
  return reasons;
}

std::vector<StepRow> steps_of(const RunInView& looking) {
  const RunRecord& run = looking.run;
  std::vector<StepRow> steps;
  for (const StepRecord& step : RunStore{looking.tx}.steps(looking.tenant, run.id, kStepsShown))
    steps.push_back({.step = step.step,
                     .attempt = step.attempt,
                     .state = step.state,
                     .tool = step.tool,
                     .started_at = step.started_at,
                     .finished_at = step.finished_at,
                     .not_before = step.not_before,
                     .waits_for = step.waits_for,
                     .error_class = step.error_class,
                     .error_message = step.error_message,
                     .output = step.output,
                     .output_bytes = step.output_bytes,
                     .cost = step.cost,
                     .reused_from = step.reused_from
                                        ? to_string(RunHandle{run.task_name, run.number, *step.reused_from})
                                        : std::string{},
                     .child = step.child,
                     .child_state = step.child_state});
  return steps;
}

std::vector<DeliveryRow> deliveries_of(Tx& tx, const TenantId& tenant, RunId run) {
  std::vector<DeliveryRow> rows;
  for (DeliveryRecord& told : DeliveryStore{tx}.of_run(tenant, run)) {
    const bool tried_in_vain = !told.settled_at && told.attempts > 0;
    rows.push_back({.target = std::move(told.target),
                    .about = std::move(told.about),
                    .state = std::move(told.state),
                    .error = std::move(told.error),
                    .settled_at = told.settled_at,
                    .attempts = told.attempts,
                    .next_try = tried_in_vain ? std::optional{told.due_at} : std::nullopt});
  }
  return rows;
}

// Gives the action as the run performs it; nothing where its definition is gone.
std::optional<Action> put_bodies(const RunInView& looking, RunDetail& detail) {
  const RunRecord& run = looking.run;
  RunBody body = RunStore{looking.tx}.body(looking.tenant, run.id);
  const json payload = json::parse(body.payload, nullptr, false);
  if (payload.is_object()) detail.input = payload.value("input", json(nullptr));
  detail.event = event_of(body.payload);
  std::optional<Action> performed;
  if (const auto definition = definition_at(looking, run.task_version)) {
    if (auto action = action_with_payload(definition->action, body.payload)) performed = *std::move(action);
    if (performed) detail.action = to_json(*performed);
  }
  detail.output = std::move(body.output);
  detail.output_bytes = body.output_bytes;
  detail.output_cut = body.output_cut || body.output_gone;
  detail.progress = std::move(body.progress);
  detail.cost = body.cost;
  return performed;
}

}  // namespace

Result<RunDetail> Engine::get_run(const Caller& caller, const GetRun& query) {
  const Instant now = parts_.clock.now();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<RunDetail> {
    const auto run = find_run(tx, caller.tenant, query.run);
    if (!run) return run.error();
    const RunInView looking{tx, caller.tenant, *run, now};
    RunDetail detail{.row = view_of(*run), .now = now};
    put_parent(tx, caller.tenant, detail.row, detail.parent_step);
    const auto action = put_bodies(looking, detail);
    detail.steps = steps_of(looking);
    detail.diagnosis = diagnose(looking, detail.steps);
    if (run->state == RunState::running) detail.questions = QuestionStore{tx}.open(caller.tenant, {run->id});
    if (run->state == RunState::running || run->state == RunState::waiting) {
      detail.approvals = ApprovalStore{tx}.open(caller.tenant, run->id);
      detail.work = WorkStore{tx}.open(caller.tenant, run->id);
    }
    detail.waits_for = waits_for(looking, detail);
    detail.row.asks = asks_of(detail.questions);
    detail.deliveries = deliveries_of(tx, caller.tenant, run->id);
    for (const int retry : RunStore{tx}.retries(caller.tenant, {run->task, run->number}))
      if (retry != run->retry) detail.retries.push_back(to_string(RunHandle{run->task_name, run->number, retry}));
    detail.task_version = run->task_version;
    detail.correlation_id = run->correlation_id;
    detail.expires_at = run->expires_at;
    detail.takeovers = run->takeovers;
    detail.cancel_reason = run->cancel_reason;
    detail.undoes = run->undoes;
    detail.compensated = run->compensated;
    const json event = detail.event;
    if (action) mask_sensitive({tx, caller.tenant, *run, *action, event, run->zone, options_.sensitive}, detail);
    return detail;
  });
}

}  // namespace carillon
