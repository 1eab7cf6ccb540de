#include "server/domain/work.h"

#include <nlohmann/json.hpp>

#include "server/domain/duration_text.h"
#include "server/domain/refusal.h"

namespace carillon {
namespace {

constexpr std::size_t kAgentNameMax = 64;
constexpr std::size_t kBriefBytesMax = 200;
constexpr std::string_view kAgentNameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

}  // namespace

bool is_agent_name(std::string_view name) {
  return !name.empty() && name.size() <= kAgentNameMax &&
         name.find_first_not_of(kAgentNameLetters) == std::string_view::npos;
}

Result<WorkRequest> read_work(const json& body, std::string_view pointer) {
  const std::string here{pointer};
  WorkRequest request;
  if (const auto name = body.find("name"); name != body.end()) {
    if (!name->is_string() || !is_agent_name(name->get_ref<const std::string&>()))
      return invalid(std::string{kAgentNameRule}, below(here, "name"), *name);
    request.agent = name->get<std::string>();
  }
  const json prompt = body.value("prompt", json());
  if (!prompt.is_string() || prompt.get_ref<const std::string&>().empty())
    return invalid("the prompt is a text that is not empty; give values in `data`", below(here, "prompt"), prompt);
  request.prompt = prompt.get<std::string>();
  request.data = body.value("data", json::object());
  if (!request.data.is_object()) return invalid("data is an object", below(here, "data"), request.data);
  if (const auto within = body.find("within"); within != body.end()) {
    const auto length = read_duration(within->get<std::string>(), below(here, "within"));
    if (!length) return length.error();
    request.within = *length;
  }
  return request;
}

Status check_work(const WorkRequest& request, std::string_view pointer) {
  if (auto error = unfit_text(request.prompt, kWorkBytesMax, below(pointer, "prompt"))) return *error;
  const std::size_t data = request.data.dump(-1, ' ', false, json::error_handler_t::replace).size();
  if (request.prompt.size() + data > kWorkBytesMax)
    return Error{ErrorCode::too_large,
                 "prompt and data have at most " + std::to_string(kWorkBytesMax) +
                     " bytes together; keep more in the shared state and name its key",
                 below(pointer, "data"), data};
  return Done{};
}

std::string whose(const std::string& agent) { return agent.empty() ? "any agent" : "agent " + agent; }

std::string brief_work(const std::string& agent, const std::string& prompt) {
  if (prompt.size() <= kBriefBytesMax) return whose(agent) + ": " + prompt;
  std::size_t end = kBriefBytesMax;
  while (end > 0 && (static_cast<unsigned char>(prompt[end]) & 0xC0u) == 0x80u) --end;  // not inside a character
  return whose(agent) + ": " + prompt.substr(0, end) + "…";
}

bool may_work(const Caller& caller, const std::string& agent) {
  return caller.kind == CallerKind::person || agent.empty() || caller.agent.str() == agent;
}

bool is_held(const std::optional<Claim>& claim, Instant now) { return claim && now < claim->until; }

bool is_anothers(const std::optional<Claim>& claim, std::string_view name, Instant now) {
  return is_held(claim, now) && claim->by != name;
}

}  // namespace carillon
