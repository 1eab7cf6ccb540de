#include "server/engine/standing_grants.h"

#include "server/domain/approval.h"
#include "server/engine/engine.h"
#include "server/store/approval_grant_store.h"
#include "server/store/step_wait_store.h"

namespace carillon {
namespace {

constexpr int kGrantsListed = 1'000;

std::string comment_of(const GrantedBy& granted) { return "standing grant " + std::to_string(granted.grant); }

}  // namespace

Status check_standing(const Caller& caller, const Approval& approval, Duration length) {
  if (caller.kind != CallerKind::person || !asks_persons(approval.deciders))
    return Error{ErrorCode::not_allowed, "a standing grant is a person's to give, for what a person decides",
                 "/always"};
  if (length <= Duration{0} || length > kGrantMax)
    return Error{ErrorCode::arguments_invalid, "a standing grant counts for a while, 366 days at most", "/always"};
  return Done{};
}

void grant_standing(const Call& call, Tx& tx, Telling& telling, const Approval& approval, Duration length) {
  const auto id = ApprovalGrantStore{tx}.insert(
      call.caller.tenant, approval.key, {.by = call.caller.agent.str(), .at = call.now, .until = call.now + length});
  if (!id) return;
  telling.audit(subject_of(approval.key.run), nullptr,
                {{"grant", *id}, {"digest", approval.digest}, {"until", to_rfc3339(call.now + length)}});
}

void use_standing_grants(const Call& call, Tx& tx, Telling& telling, const Approval& approval) {
  const TenantId& tenant = call.caller.tenant;
  const auto grants = ApprovalGrantStore{tx}.fitting(tenant, approval.key, call.now);
  if (grants.empty()) return;
  ApprovalStore approvals{tx};
  Decision decision{.status = "approved", .by = {}, .at = call.now, .comment = comment_of(grants.front())};
  for (const GrantedBy& granted : grants) {
    approvals.vote(tenant, approval.key, {granted.name, "person", comment_of(granted), call.now});
    decision.by.push_back(granted.name);
    telling.audit(
        subject_of(approval.key.run), nullptr,
        {{"step", approval.key.path}, {"approves", true}, {"way", comment_of(granted)}, {"by", granted.name}});
  }
  if (static_cast<int>(decision.by.size()) < approval.quorum) return;
  approvals.decide(tenant, approval.key, {decision.status, decision.at, decision.by});
  const WaitingStep step{.run = approval.key.run, .path = approval.key.path, .attempt = approval.key.attempt};
  StepWaitStore{tx}.tell(tenant, step, {.output = result_of(decision, approval.arguments), .at = call.now});
}

std::vector<StandingGrant> Engine::list_standing_grants(const Caller& caller) {
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) {
    return ApprovalGrantStore{tx}.list(caller.tenant, parts_.clock.now(), kGrantsListed);
  });
}

Status Engine::revoke_standing_grant(const Caller& caller, std::int64_t id) {
  const CommandKey key;
  const Call call{caller, "revoke_standing_grant", key, parts_.clock.now()};
  const auto done = run_keyless<Done>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<Done> {
    const auto revoked = ApprovalGrantStore{tx}.revoke(caller.tenant, id, caller.agent.str(), call.now);
    if (!revoked)
      return Error{ErrorCode::unknown_name,
                   "no standing grant of that number counts; carillon approvals --standing "
                   "lists them",
                   "/grant", id};
    telling.audit(subject_of(revoked->task), {{"grant", id}, {"digest", revoked->digest}}, nullptr);
    return Done{};
  });
  return done ? Status{Done{}} : Status{done.error()};
}

}  // namespace carillon
