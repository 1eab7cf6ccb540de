#include "transport/request_context.h"

#include <algorithm>
#include <array>

#include "transport/protocol.h"
#include "transport/tool_service.h"

namespace carillon::transport {
namespace {

constexpr std::array<std::string_view, 8> kLogLevels{"debug", "info",     "notice", "warning",
                                                     "error", "critical", "alert",  "emergency"};

}  // namespace

std::string_view name_of(LogLevel level) { return kLogLevels[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> log_level_named(std::string_view name) {
  const auto* const found = std::find(kLogLevels.begin(), kLogLevels.end(), name);
  if (found == kLogLevels.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kLogLevels.begin());
}

bool RequestContext::client_can(std::string_view capability) const {
  const auto found = client_capabilities.find(std::string{capability});
  return found != client_capabilities.end() && found->is_object();
}

bool RequestContext::client_has_extension(std::string_view extension) const {
  const auto extensions = client_capabilities.find("extensions");
  return extensions != client_capabilities.end() && extensions->is_object() &&
         extensions->contains(std::string{extension});
}

bool RequestContext::takes_tasks() const {
  return task_wish.has_value() || (era == Era::modern && client_has_extension(kTasksExtension));
}

json text_block(std::string_view text) { return {{"type", "text"}, {"text", text}}; }

ProtocolError invalid_params(std::string message) { return {rpc_code::kInvalidParams, std::move(message), nullptr}; }

ProtocolError missing_capability(json required) {
  return {rpc_code::kMissingCapability, "the client did not declare a capability this request needs",
          json{{"requiredCapabilities", std::move(required)}}};
}

}  // namespace carillon::transport
