// What a client may be asked in the middle of a request, and how its revision writes the question.
#include <nlohmann/json.hpp>

#include "transport/input.h"
#include "transport/server_core.h"

namespace carillon::transport {
namespace {

enum class Settings { none_is_enough, must_be_named };

// What the client must have declared; nothing if it did. A capability without settings stands for its oldest part.
std::optional<json> undeclared_part(const json& declared, const char* capability, const char* part, Settings settings) {
  const auto found = declared.find(capability);
  const bool suffices = found != declared.end() && found->is_object() &&
                        (found->contains(part) || (settings == Settings::none_is_enough && found->empty()));
  if (suffices) return std::nullopt;
  return json{{capability, {{part, json::object()}}}};
}

std::optional<json> undeclared(const RequestContext& context, Revision revision, const InputRequest& request) {
  const json& declared = context.client_capabilities;
  const auto whole = [&](const char* capability) -> std::optional<json> {
    if (context.client_can(capability)) return std::nullopt;
    return json{{capability, json::object()}};
  };
  if (request.method == "roots/list") return whole("roots");
  if (request.method == "sampling/createMessage")
    return request.params.contains("tools") ? undeclared_part(declared, "sampling", "tools", Settings::must_be_named)
                                            : whole("sampling");
  if (revision < Revision::v2025_06_18) return json{{"elicitation", json::object()}};
  if (auto missing = whole("elicitation")) return missing;
  if (request.params.value("mode", "form") == "url")
    return undeclared_part(declared, "elicitation", "url", Settings::must_be_named);
  // Until 2025-11-25 there were forms only, so that the capability had no parts.
  if (revision < Revision::v2025_11_25) return std::nullopt;
  return undeclared_part(declared, "elicitation", "form", Settings::none_is_enough);
}

}  // namespace

std::optional<json> undeclared(const Call& call, const InputRequest& request) {
  return undeclared(call.context, call.revision, request);
}

bool can_answer(const RequestContext& context, const InputRequest& request) {
  const Revision fallback = context.era == Era::modern ? kNewestModern : kNewestLegacy;
  return !undeclared(context, revision_named(context.protocol_version).value_or(fallback), request);
}

InputRequest for_revision(InputRequest request, Revision revision) {
  constexpr std::size_t kElicitationIdBytes = 16;
  if (request.method != "elicitation/create" || is_modern(revision)) return request;
  if (request.params.value("mode", "form") == "url")
    request.params["elicitationId"] = random_token(kElicitationIdBytes);
  if (revision < Revision::v2025_11_25) request.params.erase("mode");
  return request;
}

}  // namespace carillon::transport
