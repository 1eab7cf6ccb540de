#include "server/domain/approval.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/duration_text.h"
#include "server/domain/moment.h"
#include "server/domain/notify.h"
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

// A session is an agent's, which learns of what waits from get_status.
Result<std::string> read_target(const json& said, const std::string& pointer) {
  if (!said.is_string()) return invalid("a target is a text such as \"email:name@host\"", pointer, said);
  const auto target = read_notify_target(said.get<std::string>(), pointer);
  if (target && kind_of_target(*target) == TargetKind::session)
    return invalid("a session is not told of approvals: a person decides, and an agent asks get_status", pointer, said);
  return target;
}

Status read_notify(const json& body, const std::string& here, ApprovalRequest& request) {
  if (!body.contains("notify")) return Done{};
  const json& said = body["notify"];
  const std::string pointer = below(here, "notify");
  if (said.size() > kNotifyTargetsMax)
    return invalid("an approval is told to " + std::to_string(kNotifyTargetsMax) + " targets at most", pointer, said);
  for (const json& each : said) {
    const auto target = read_target(each, below(pointer, std::to_string(request.notify.size())));
    if (!target) return target.error();
    request.notify.push_back(*target);
  }
  return Done{};
}

Status read_escalation(const json& body, const std::string& here, ApprovalRequest& request) {
  if (!body.contains("escalate")) return Done{};
  const json& said = body["escalate"];
  const std::string pointer = below(here, "escalate");
  for (const auto& [member, value] : said.items())
    if (member != "after" && member != "to")
      return invalid("an escalation is {\"after\": duration, \"to\": target}", below(pointer, member), value);
  if (!said.value("after", json()).is_string())
    return invalid("say after how long, such as \"2h\"", below(pointer, "after"), said.value("after", json()));
  const auto after = read_duration(said["after"].get<std::string>(), below(pointer, "after"));
  if (!after) return after.error();
  if (after->count() <= 0 || (request.within && *after >= *request.within))
    return invalid("an escalation comes after a while, and before `within` is over", below(pointer, "after"),
                   said["after"]);
  const auto to = read_target(said.value("to", json()), below(pointer, "to"));
  if (!to) return to.error();
  request.escalate = Escalation{*after, *to};
  return Done{};
}

}  // namespace

Result<ApprovalRequest> read_approval(const json& body, std::string_view pointer) {
  const std::string here{pointer};
  const json& message = body.at("message");  // a template may have given anything
  if (!message.is_string()) return invalid("the message is a text", below(here, "message"), message);
  ApprovalRequest request{.message = message.get<std::string>()};
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
  if (auto fits = read_notify(body, here, request); !fits) return fits.error();
  if (auto fits = read_escalation(body, here, request); !fits) return fits.error();
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
