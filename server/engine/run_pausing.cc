#include "server/engine/run_pausing.h"

#include "server/domain/moment.h"
#include "server/domain/schedule/misfire.h"
#include "server/engine/lookup.h"

namespace carillon {
namespace {

Error refused(const RunRecord& run, const std::string& why) {
  Error error{ErrorCode::conflict, handle_of(run) + why, "", handle_of(run)};
  error.details["state"] = name_of(run.state);
  error.try_instead = json::array({{{"tool", "get_run"}, {"arguments", {{"run", handle_of(run)}}}}});
  return error;
}

// Why a run cannot be paused.
std::optional<Error> unfit(const RunsPausing& pausing, const RunRecord& run) {
  if (is_final(run.state)) return refused(run, " has already ended: " + std::string(name_of(run.state)));
  if (run.undoes) return refused(run, " undoes what it did, and is let do so");
  if (run.run_at == kHeldUntil)
    return refused(run, " is held after an outage; its task's state decides, with meanwhile");
  if (run.state != RunState::queued && !has_steps(pausing.tx, pausing.call.caller.tenant, run))
    return refused(run, " makes one call, which ends or is cancelled");
  return std::nullopt;
}

// Nothing: it moved on while we looked.
std::optional<bool> pause(const RunsPausing& pausing, const RunRecord& run, const RunPause& how) {
  const TenantId& tenant = pausing.call.caller.tenant;
  RunStore runs{pausing.tx};
  const bool done = run.state == RunState::queued ? runs.pause_ready(tenant, place_of(run), how)
                                                  : runs.pause_live(tenant, run.id, how);
  if (!done) return std::nullopt;
  if (run.state == RunState::running) pausing.telling.cancel_requested(run.id);
  return true;
}

std::optional<bool> resume(const RunsPausing& pausing, const RunRecord& run) {
  if (run.paused_by.empty()) return false;
  const TenantId& tenant = pausing.call.caller.tenant;
  RunStore runs{pausing.tx};
  if (run.state == RunState::queued) {
    const auto due = runs.resume_ready(tenant, place_of(run));
    if (!due) return std::nullopt;
    pausing.telling.run_ready(*run.shard, *due);
    return true;
  }
  if (!runs.resume_live(tenant, run.id)) return std::nullopt;
  pausing.telling.cancel_requested(run.id);
  pausing.telling.run_told(run.id, *run.shard);
  return true;
}

// Whether that changed the run.
Result<bool> set_state(const RunsPausing& pausing, const std::string& wanted, const std::optional<RunPause>& how) {
  for (int look = 0; look < kLooksMax; ++look) {
    const auto run = find_run(pausing.tx, pausing.call.caller.tenant, wanted);
    if (!run) return run.error();
    if (auto error = unfit(pausing, *run)) return *error;
    const auto changed = how ? pause(pausing, *run, *how) : resume(pausing, *run);
    if (!changed) continue;
    if (*changed)
      pausing.telling.audit(subject_of(run->id), {{"paused", !run->paused_by.empty()}},
                            {{"paused", how.has_value()}, {"reason", how ? how->reason : ""}});
    return *changed;
  }
  return Error{ErrorCode::unavailable, "the run keeps changing its place; repeat the call"};
}

}  // namespace

std::string paused_how(const RunRecord& run, Instant now) {
  if (run.paused_by.empty() || (run.paused_until && *run.paused_until <= now)) return {};
  std::string how = "it is paused by " + run.paused_by;
  if (!run.pause_reason.empty()) how += ": " + run.pause_reason;
  if (run.paused_until) how += " (until " + describe_instant(*run.paused_until, run.zone, now) + ")";
  return how;
}

Result<TaskStateSet> set_state_of_runs(const RunsPausing& pausing, const SetTaskState& command,
                                       std::optional<Instant> until) {
  const Caller& caller = pausing.call.caller;
  std::optional<RunPause> how;
  if (command.state == TaskState::paused) how = RunPause{caller.agent.str(), command.reason, until};
  TaskStateSet set{.state = std::string(name_of(command.state)), .until = until, .zone = {}, .at = pausing.call.now};
  for (std::size_t i = 0; i < command.runs.size(); ++i) {
    auto changed = set_state(pausing, command.runs[i], how);
    if (!changed) {
      Error error = changed.error();
      error.pointer = "/runs/" + std::to_string(i);
      return error;
    }
    if (!*changed) {
      ++set.unchanged;
      continue;
    }
    const auto run = find_run(pausing.tx, caller.tenant, command.runs[i]);
    if (!run) return run.error();
    set.runs.push_back(handle_of(*run));
    ++(run->state == RunState::queued ? set.queued : set.still_running);
  }
  return set;
}

}  // namespace carillon
