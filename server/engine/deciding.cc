#include "server/engine/deciding.h"

#include <algorithm>

#include "server/base/mask.h"
#include "server/engine/lookup.h"
#include "server/store/step_wait_store.h"

namespace carillon {
namespace {

RunResponded responded(const Deciding& in, const Approval& approval) {
  return {.run = handle_of(in.run),
          .run_id = in.run.id.number(),
          .step = approval.key.path,
          .decision = "open",
          .by = approval.agreed,
          .quorum = approval.quorum,
          .digest = approval.digest,
          .at = in.call.now};
}

// The step goes on with what was decided, or fails. An error: its time was up a moment ago, or the run was ended.
Status end_step(const Deciding& in, const Approval& approval, const Decision& decision) {
  const TenantId& tenant = in.call.caller.tenant;
  StepTold told{.at = decision.at};
  if (decision.status == "approved" || approval.on_reject == "continue") {
    told.output = result_of(decision, approval.arguments);
  } else {
    told.error_class = describe(ErrorClass::not_allowed).name;
    told.message = "rejected by " + decision.by.front() + (decision.comment.empty() ? "" : ": " + decision.comment);
  }
  ApprovalStore{in.tx}.decide(tenant, approval.key, {decision.status, decision.at, decision.by});
  const WaitingStep step{.run = approval.key.run, .path = approval.key.path, .attempt = approval.key.attempt};
  const auto place = StepWaitStore{in.tx}.tell(tenant, step, told);
  if (!place) return Error{ErrorCode::run_not_waiting, "the run does not wait any more", "/run", handle_of(in.run)};
  in.telling.run_told(approval.key.run, place->shard);
  return Done{};
}

Result<RunResponded> settle(const Deciding& in, const Approval& approval) {
  const std::string& name = in.call.caller.agent.str();
  const std::string comment = mask_secrets(in.comment);
  RunResponded answer = responded(in, approval);
  Decision decision{.status = "rejected", .by = {name}, .at = in.call.now, .comment = comment};
  if (in.approves) {
    if (std::find(answer.by.begin(), answer.by.end(), name) == answer.by.end()) answer.by.push_back(name);
    ApprovalStore{in.tx}.vote(in.call.caller.tenant, approval.key,
                              {name, std::string(name_of(in.call.caller.kind)), comment, in.call.now});
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

Result<RunResponded> decide(const Deciding& in, const Approval& approval) {
  if (in.call.now >= approval.expires_at)
    return Error{ErrorCode::run_not_waiting, "the approval expired at " + to_rfc3339(approval.expires_at), "/run",
                 handle_of(in.run)};
  auto answer = settle(in, approval);
  if (answer)
    in.telling.audit(subject_of(in.run.id), nullptr,
                     {{"step", answer->step},
                      {"approves", in.approves},
                      {"decision", answer->decision},
                      {"digest", answer->digest},
                      {"kind", name_of(in.call.caller.kind)},
                      {"way", in.way},
                      {"comment", mask_secrets(in.comment)}});
  return answer;
}

}  // namespace carillon
