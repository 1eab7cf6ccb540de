// Approval: what a step asks somebody to decide, and who may (spec tools.md §8). A model is not a person, so "person"
// is who calls as one, and an agent decides only where the step names it.
//
// {"message", "by"?: ["person" | "agent:NAME"], "quorum"?: 1, "within"?: duration, "on_expiry"?: fail | approve |
//  reject, "on_reject"?: fail | continue, "arguments"?: object, "notify"?: [target],
//  "escalate"?: {"after": duration, "to": target}}
//
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/caller.h"

namespace carillon {

inline constexpr std::size_t kApprovalTextMax = 2'000;  // bytes of a message, and of a decider's comment

enum class OnExpiry { fail, approve, reject };
enum class OnReject { fail, go_on };

// Whom to tell when nobody has decided for a while.
struct Escalation {
  Duration after{};
  std::string to{};  // a target (notify.h)
};

struct ApprovalRequest {
  std::string message;
  std::vector<std::string> by{"person"};
  int quorum = 1;
  std::optional<Duration> within{};  // none: for ever
  OnExpiry on_expiry = OnExpiry::fail;
  OnReject on_reject = OnReject::fail;
  json arguments = json::object();    // what exactly is approved
  std::vector<std::string> notify{};  // targets beside those of the task
  std::optional<Escalation> escalate{};
};

// Of a step's body; texts may still hold templates. Errors: arguments_invalid with a pointer below `pointer`: who is
// neither "person" nor "agent:NAME", a quorum that nobody can reach, what is no target, an escalation that comes too
// late.
Result<ApprovalRequest> read_approval(const json& body, std::string_view pointer);

bool asks_persons(const std::vector<std::string>& by);
bool may_decide(const Caller& caller, const std::vector<std::string>& by);

// What the step gives: {"status", "approved_items", "by", "at", "comment"}; `items` are the arguments' "items", if any.
struct Decision {
  std::string status;           // approved, rejected, expired
  std::vector<std::string> by;  // who agreed, or who refused; nobody: the time did
  Instant at{};
  std::string comment{};
};
json result_of(const Decision& decision, const json& arguments);

}  // namespace carillon
