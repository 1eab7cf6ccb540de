#include "server/domain/approval.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/action.h"
#include "server/domain/moment.h"
#include "server/domain/refusal.h"

namespace carillon {
namespace {

constexpr std::string_view kAgent = "agent:";
constexpr int kQuorumMax = 100;

Status check_decider(const json& said, const std::string& pointer) {
  const std::string name = said.is_string() ? said.get<std::string>() : std::string();
  if (name == "person" || (name.starts_with(kAgent) && name.size() > kAgent.size())) return Done{};
  return invalid("who decides is \"person\" or \"agent:NAME\"", pointer, said);
}

// Each agent named has one voice, and persons have as many as there are.
bool can_be_reached(const ApprovalRequest& request) {
  return asks_persons(request.by) || static_cast<std::size_t>(request.quorum) <= request.by.size();
}

}  // namespace

Result<ApprovalRequest> read_approval(const json& body, std::string_view pointer) {
  const std::string here{pointer};
  ApprovalRequest request{.message = body.at("message").get<std::string>()};
  if (body.contains("by")) {
    request.by.clear();
    for (const json& said : body["by"]) {
      if (auto fits = check_decider(said, below(below(here, "by"), std::to_string(request.by.size()))); !fits)
        return fits.error();
      request.by.push_back(said.get<std::string>());
    }
    if (request.by.empty()) return invalid("somebody has to decide", below(here, "by"), body["by"]);
  }
  if (body.contains("quorum")) {
    const json& said = body["quorum"];
    if (!said.is_number_integer() || said < 1 || said > kQuorumMax)
      return invalid("a quorum is 1 to " + std::to_string(kQuorumMax), below(here, "quorum"), said);
    request.quorum = said.get<int>();
    if (!can_be_reached(request))
      return invalid("fewer may decide than have to agree; name more in `by`", below(here, "quorum"), said);
  }
  if (body.contains("within")) {
    const auto length = read_duration(body["within"].get<std::string>(), below(here, "within"));
    if (!length) return length.error();
    request.within = *length;
  }
  if (body.contains("on_expiry")) {
    if (!request.within)
      return invalid("`on_expiry` needs `within`: without it the approval never expires", below(here, "on_expiry"),
                     body["on_expiry"]);
    request.on_expiry = body["on_expiry"] == "approve"  ? OnExpiry::approve
                        : body["on_expiry"] == "reject" ? OnExpiry::reject
                                                        : OnExpiry::fail;
  }
  if (body.value("on_reject", "fail") == "continue") request.on_reject = OnReject::go_on;
  request.arguments = body.value("arguments", json::object());
  return request;
}

bool asks_persons(const std::vector<std::string>& by) { return std::find(by.begin(), by.end(), "person") != by.end(); }

bool may_decide(const Caller& caller, const std::vector<std::string>& by) {
  return std::any_of(by.begin(), by.end(), [&](const std::string& each) {
    if (each == "person") return caller.kind == CallerKind::person;
    return caller.kind == CallerKind::agent && each == std::string(kAgent) + caller.agent.str();
  });
}

json result_of(const Decision& decision, const json& arguments) {
  return {{"status", decision.status},
          {"approved_items", decision.status == "approved" ? arguments.value("items", json()) : json()},
          {"by", decision.by},
          {"at", to_rfc3339(decision.at)},
          {"comment", decision.comment}};
}

}  // namespace carillon
