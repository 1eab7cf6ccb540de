// respond_to_run: decides what a step of a run asks to be approved.
#include <algorithm>

#include "server/domain/approval.h"
#include "server/domain/refusal.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/transaction.h"
#include "server/store/approval_store.h"
#include "server/store/step_store.h"

namespace carillon {
namespace {

struct Responding {
  const Call& call;
  const RespondToRun& command;
  Tx& tx;
  Telling& telling;
};

Result<Approval> find_approval(const Responding& in, const RunRecord& run) {
  auto open = ApprovalStore{in.tx}.hold(in.call.caller.tenant, run.id);
  json steps = json::array();
  for (const Approval& each : open) steps.push_back(each.key.path);
  if (open.empty())
    return Error{ErrorCode::run_not_waiting,
                 handle_of(run) + " is " + std::string(name_of(run.state)) + " and waits for no approval", "/run",
                 in.command.run};
  if (in.command.step.empty() && open.size() == 1) return std::move(open.front());
  for (Approval& each : open)
    if (each.key.path == in.command.step) return std::move(each);
  Error error{ErrorCode::ambiguous_name, "several steps wait for an approval; name one", "/step"};
  if (!in.command.step.empty())
    error = Error{ErrorCode::unknown_name, "no such step waits for an approval", "/step", in.command.step};
  error.details["candidates"] = std::move(steps);
  return error;
}

Error needs_another(const Approval& approval) {
  const bool asks_persons =
      std::find(approval.deciders.begin(), approval.deciders.end(), "person") != approval.deciders.end();
  Error error{ErrorCode::needs_approval, asks_persons ? "the approval needs a person: at a terminal, `carillon call "
                                                        "respond_to_run`, or over REST"
                                                      : "the approval is another agent's to give"};
  error.details["by"] = approval.deciders;
  return error;
}

RunResponded responded(const Responding& in, const RunRecord& run, const Approval& approval) {
  return {.run = handle_of(run),
          .run_id = run.id.number(),
          .step = approval.key.path,
          .decision = "open",
          .by = approval.agreed,
          .quorum = approval.quorum,
          .digest = approval.digest,
          .at = in.call.now};
}

// The step goes on with what was decided, or fails. An error: its time was up a moment ago, or the run was ended.
Status end_step(const Responding& in, const Approval& approval, const Decision& decision) {
  const TenantId& tenant = in.call.caller.tenant;
  StepTold told{.at = decision.at};
  if (decision.status == "approved" || approval.on_reject == "continue") {
    told.output = result_of(decision, approval.arguments);
  } else {
    told.error_class = describe(ErrorClass::not_allowed).name;
    told.message = "rejected by " + decision.by.front() + (decision.comment.empty() ? "" : ": " + decision.comment);
  }
  ApprovalStore{in.tx}.decide(tenant, approval.key, decision.status, decision.at);
  const WaitingStep step{.run = approval.key.run, .path = approval.key.path, .attempt = approval.key.attempt};
  const auto place = StepStore{in.tx}.tell(tenant, step, told);
  if (!place) return Error{ErrorCode::run_not_waiting, "the run does not wait any more", "/run", in.command.run};
  in.telling.run_told(approval.key.run, place->shard);
  return Done{};
}

Result<RunResponded> decide(const Responding& in, const RunRecord& run, const Approval& approval) {
  const std::string& name = in.call.caller.agent.str();
  RunResponded answer = responded(in, run, approval);
  Decision decision{.status = "rejected", .by = {name}, .at = in.call.now, .comment = in.command.comment};
  if (in.command.approves) {
    if (std::find(answer.by.begin(), answer.by.end(), name) == answer.by.end()) answer.by.push_back(name);
    ApprovalStore{in.tx}.vote(in.call.caller.tenant, approval.key,
                              {name, std::string(name_of(in.call.caller.kind)), in.command.comment, in.call.now});
    if (static_cast<int>(answer.by.size()) < approval.quorum) return answer;
    decision.status = "approved";
    decision.by = answer.by;
  }
  if (auto ended = end_step(in, approval, decision); !ended) return ended.error();
  answer.decision = decision.status;
  answer.by = decision.by;
  return answer;
}

}  // namespace

Result<RunResponded> Engine::respond_to_run(const Caller& caller, const RespondToRun& command) {
  if (auto error = unfit_text(command.comment, kApprovalTextMax, "/comment")) return *error;
  const Call call{caller, "respond_to_run", command.key, parts_.clock.now()};
  return run_once<RunResponded>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunResponded> {
    const Responding in{call, command, tx, telling};
    const auto run = find_run(tx, caller.tenant, command.run);
    if (!run) return run.error();
    const auto approval = find_approval(in, *run);
    if (!approval) return approval.error();
    if (!may_decide(caller, approval->deciders)) return needs_another(*approval);
    auto answer = decide(in, *run, *approval);
    if (answer)
      telling.audit(subject_of(run->id), nullptr,
                    {{"step", answer->step},
                     {"approves", command.approves},
                     {"decision", answer->decision},
                     {"digest", answer->digest},
                     {"kind", name_of(caller.kind)},
                     {"comment", command.comment}});
    return answer;
  });
}

}  // namespace carillon
