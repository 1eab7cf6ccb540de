#include "server/engine/approval_forms.h"

#include <nlohmann/json.hpp>

#include "server/domain/approval.h"
#include "server/domain/question.h"
#include "server/domain/schedule/schedule.h"
#include "server/engine/lookup.h"

namespace carillon {
namespace {

constexpr std::string_view kPrefix = "approval:";
constexpr std::size_t kArgumentsBytesMax = 4'000;
constexpr std::size_t kCommentCharactersMax = kApprovalTextMax / 4;

std::string key_of(const Approval& approval) {
  return std::string{kPrefix} + std::to_string(approval.key.attempt) + ":" + approval.key.path;
}

std::string shown(const json& arguments) {
  return arguments.empty() ? "" : arguments.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace

bool is_approval_form(std::string_view key) { return key.starts_with(kPrefix); }

bool is_named(const Approval& approval, std::string_view key) { return key_of(approval) == key; }

json form_of(const Approval& approval, const std::string& run) {
  const std::string arguments = shown(approval.arguments);
  return {{"message", run + " asks: " + approval.message + (arguments.empty() ? "" : "\n\n" + arguments) +
                          "\n\nDigest of the arguments (SHA-256): " + approval.digest},
          {"requestedSchema",
           {{"type", "object"},
            {"properties",
             {{"decision", {{"type", "string"}, {"title", "Decision"}, {"enum", {"approve", "reject"}}}},
              {"comment", {{"type", "string"}, {"title", "Comment"}, {"maxLength", kCommentCharactersMax}}}}},
            {"required", {"decision"}}}}};
}

std::vector<OpenQuestion> approval_forms(Tx& tx, const Caller& caller, const RunRecord& run) {
  if (run.state != RunState::running && run.state != RunState::waiting) return {};
  if (!caller.scopes.has(Scope::approve)) return {};
  std::vector<OpenQuestion> forms;
  for (const Approval& approval : ApprovalStore{tx}.open(caller.tenant, run.id)) {
    if (!asks_persons(approval.deciders) || shown(approval.arguments).size() > kArgumentsBytesMax) continue;
    forms.push_back({.run = run.id,
                     .key = key_of(approval),
                     .tool = "",
                     .method = std::string{kElicitation},
                     .params = form_of(approval, handle_of(run)),
                     .asked_at = approval.asked_at,
                     .answer_until = approval.expires_at});
  }
  return forms;
}

}  // namespace carillon
