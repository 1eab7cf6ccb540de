// respond_to_run: decides what a step of a run asks to be approved.
#include <algorithm>

#include "server/domain/approval.h"
#include "server/domain/refusal.h"
#include "server/engine/deciding.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/standing_grants.h"

namespace carillon {
namespace {

Result<Approval> find_approval(Tx& tx, const RunRecord& run, const TenantId& tenant, const RespondToRun& command) {
  auto open = ApprovalStore{tx}.hold(tenant, run.id);
  json steps = json::array();
  for (const Approval& each : open) steps.push_back(each.key.path);
  if (open.empty())
    return Error{ErrorCode::run_not_waiting,
                 handle_of(run) + " is " + std::string(name_of(run.state)) + " and waits for no approval", "/run",
                 command.run};
  if (command.step.empty() && open.size() == 1) return std::move(open.front());
  for (Approval& each : open)
    if (each.key.path == command.step) return std::move(each);
  Error error{ErrorCode::ambiguous_name, "several steps wait for an approval; name one", "/step"};
  if (!command.step.empty())
    error = Error{ErrorCode::unknown_name, "no such step waits for an approval", "/step", command.step};
  error.details["candidates"] = std::move(steps);
  return error;
}

// Never with a link: whoever asked is an agent, and could open it.
Error needs_another(const Approval& approval, const std::string& run) {
  Error error{ErrorCode::needs_approval,
              asks_persons(approval.deciders)
                  ? "the approval needs a person: by the form that get_run with wait_seconds "
                    "has its host show, where that can; at a terminal, `carillon approve " +
                        run + "`; by the link that the task's targets were sent; or over REST"
                  : "the approval is another agent's to give"};
  error.details["by"] = approval.deciders;
  return error;
}

}  // namespace

Result<RunResponded> Engine::respond_to_run(const Caller& caller, const RespondToRun& command) {
  if (auto error = unfit_text(command.comment, kApprovalTextMax, "/comment")) return *error;
  const Call call{caller, "respond_to_run", command.key, parts_.clock.now()};
  return run_once<RunResponded>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunResponded> {
    const auto run = find_run(tx, caller.tenant, command.run);
    if (!run) return run.error();
    const auto approval = find_approval(tx, *run, caller.tenant, command);
    if (!approval) return approval.error();
    if (!may_decide(caller, approval->deciders)) return needs_another(*approval, handle_of(*run));
    if (command.always)
      if (auto fits = check_standing(caller, *approval, *command.always); !fits) return fits.error();
    auto decided = decide({call, tx, telling, *run, command.approves, command.comment, "respond_to_run"}, *approval);
    if (decided && command.always && command.approves) grant_standing(call, tx, telling, *approval, *command.always);
    return decided;
  });
}

}  // namespace carillon
