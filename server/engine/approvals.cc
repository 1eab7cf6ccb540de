// What waits to be approved, and the links that decide it.
#include <algorithm>

#include "server/domain/approval.h"
#include "server/domain/question.h"
#include "server/domain/refusal.h"
#include "server/engine/approval_forms.h"
#include "server/engine/deciding.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/run_view.h"

namespace carillon {
namespace {

constexpr int kApprovalsListed = 100;

Error decided_before(const Approval& approval) {
  Error error{ErrorCode::run_not_waiting, "it was " + approval.outcome + " before"};
  error.details["outcome"] = approval.outcome;
  error.details["by"] = approval.decided_by;
  return error;
}

// Who decides by it: a person, under the name of whom it was given to.
Caller holder_of(const ApprovalLink& link, const std::string& correlation_id) {
  return {link.tenant, AgentId{link.holder}, Scopes{Scope::approve}, correlation_id, "", CallerKind::person};
}

// A person, whom nobody here knows, but through whose host.
Caller person_at(const Caller& host) {
  Caller person = host;
  person.agent = AgentId{"person via " + host.agent.str()};
  person.kind = CallerKind::person;
  return person;
}

}  // namespace

AskedApprovals Engine::list_approvals(const Caller& caller) {
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) {
    ApprovalPage page = ApprovalStore{tx}.all_open(caller.tenant, kApprovalsListed);
    AskedApprovals found{.total = page.total, .now = parts_.clock.now()};
    for (Approval& each : page.approvals)
      if (const auto run = RunStore{tx}.find(caller.tenant, each.key.run))
        found.approvals.push_back(asked_by(*run, std::move(each)));
    return found;
  });
}

void Engine::keep_approval_link(const Caller& caller, const NewApprovalLink& link) {
  parts_.store.in_tx(caller.tenant,
                     [&](Tx& tx) { ApprovalStore{tx}.keep_link(caller.tenant, link, parts_.clock.now()); });
}

std::optional<LinkedApproval> Engine::find_approval_link(const std::string& sha256) {
  return parts_.store.across_tenants([&](Tx& tx) -> std::optional<LinkedApproval> {
    auto link = ApprovalStore{tx}.find_link(sha256);
    if (!link) return std::nullopt;
    const auto run = RunStore{tx}.find(link->tenant, link->approval.key.run);
    if (!run) return std::nullopt;
    return LinkedApproval{link->tenant, link->holder, link->used_at, asked_by(*run, std::move(link->approval)),
                          parts_.clock.now()};
  });
}

Result<RunResponded> Engine::decide_by_link(const DecideByLink& command) {
  if (auto error = unfit_text(command.comment, kApprovalTextMax, "/comment")) return *error;
  const auto link = parts_.store.across_tenants([&](Tx& tx) { return ApprovalStore{tx}.find_link(command.sha256); });
  if (!link) return Error{ErrorCode::unknown_name, "there is no such link"};
  if (link->approval.digest != command.digest)
    return Error{ErrorCode::conflict, "what was shown is not what the step asks"};
  const Caller holder = holder_of(*link, command.correlation_id);
  const CommandKey key;
  const Call call{holder, "decide_by_link", key, parts_.clock.now()};
  return run_keyless<RunResponded>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunResponded> {
        const ApprovalKey& asked = link->approval.key;
        const auto run = find_run(tx, holder.tenant, asked.run.str());
        if (!run) return run.error();
        const auto open = ApprovalStore{tx}.hold(holder.tenant, asked.run);
        const auto it = std::find_if(open.begin(), open.end(), [&](const Approval& each) {
          return each.key.path == asked.path && each.key.attempt == asked.attempt;
        });
        if (it == open.end()) {
          const auto now = ApprovalStore{tx}.find_link(command.sha256);
          return decided_before(now ? now->approval : link->approval);
        }
        if (!may_decide(holder, it->deciders))
          return Error{ErrorCode::needs_approval, "the approval is an agent's to give"};
        if (!ApprovalStore{tx}.use_link(holder.tenant, command.sha256, call.now))
          return Error{ErrorCode::run_not_waiting, "this link has decided before"};
        return decide({call, tx, telling, *run, command.approves, command.comment, "link"}, *it);
      });
}

// A host's empty decline or cancel is nobody's decision: hosts send both when they cannot show a form.
Result<QuestionAnswered> Engine::decide_by_form(const Caller& caller, const AnswerQuestion& command) {
  if (!caller.scopes.has(Scope::approve))
    return Error{ErrorCode::not_allowed, "deciding what a run asks needs the scope \"approve\"", "/run"};
  const Caller person = person_at(caller);
  const CommandKey key;
  const Call call{person, "decide_by_form", key, parts_.clock.now()};
  return run_keyless<QuestionAnswered>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<QuestionAnswered> {
        const auto run = find_run(tx, person.tenant, command.run.str());
        if (!run) return run.error();
        const auto open = ApprovalStore{tx}.hold(person.tenant, run->id);
        const auto it =
            std::find_if(open.begin(), open.end(), [&](const Approval& each) { return is_named(each, command.key); });
        if (it == open.end() || !asks_persons(it->deciders))
          return Error{ErrorCode::run_not_waiting, "the approval waits for nobody any more", "/run", handle_of(*run)};
        const auto verdict = judge_answer(kElicitation, form_of(*it, handle_of(*run)), command.answer);
        if (!verdict) return verdict.error();
        if (*verdict != Verdict::answer) return QuestionAnswered::left_open;
        const json& content = command.answer.at("content");
        const std::string comment = content.value("comment", "");
        if (auto error = unfit_text(comment, kApprovalTextMax, "/content/comment")) return *error;
        const bool approves = content.at("decision") == "approve";
        const auto decided = decide({call, tx, telling, *run, approves, comment, "form"}, *it);
        if (!decided) return decided.error();
        return QuestionAnswered::taken;
      });
}

}  // namespace carillon
