#include "server/engine/awaited_runs.h"

#include "server/domain/refusal.h"

namespace carillon {
namespace {

constexpr std::string_view kAgent = "agent:";

Awaited of_agent(const std::string& name) {
  return {.agents = std::vector<std::string>{"", name},
          .deciders = std::vector<std::string>{std::string{kAgent} + name},
          .claimant = name};
}

}  // namespace

Awaited awaited_by(const Caller& caller) {
  Awaited awaited = of_agent(caller.agent.str());
  if (caller.kind == CallerKind::person) awaited.deciders = std::vector<std::string>{"person"};
  return awaited;
}

Result<Awaited> read_awaited(const Caller& caller, const std::string& text) {
  if (text == "me") return awaited_by(caller);
  if (text.starts_with(kAgent) && is_agent_name(std::string_view{text}.substr(kAgent.size())))
    return of_agent(text.substr(kAgent.size()));
  if (text == "agent") return Awaited{.agents = std::nullopt};
  if (text == "person") return Awaited{.deciders = std::vector<std::string>{"person"}};
  if (text == "approval") return Awaited{.deciders = std::nullopt};
  if (text == "event") return Awaited{.events = true};
  Error error = invalid("runs wait for \"me\", \"agent:NAME\", \"agent\", \"person\", \"approval\" or \"event\"",
                        "/waiting_for", text);
  error.try_instead = json::array({{{"waiting_for", "me"}}});
  return error;
}

}  // namespace carillon
