#include "transport/protected_resource.h"

#include <array>
#include <nlohmann/json.hpp>

#include "transport/oauth_text.h"

namespace carillon::transport {
namespace {

struct Refusal {
  int status;
  const char* error;  // empty: a request without a token is told nothing about one
  const char* message;
};
constexpr std::array<Refusal, 4> kRefusals{{
    {401, "", "a token is needed; the challenge names who gives one"},
    {401, "invalid_token", "the token is unknown, has expired, or is for another server"},
    {403, "insufficient_scope", "the token's scopes do not allow this; the challenge names those that do"},
    {400, "invalid_request", "write the header as Authorization: Bearer TOKEN"},
}};

std::string joined(const std::vector<std::string>& scopes) {
  std::string text;
  for (const auto& scope : scopes) text = scope_union(text, scope);
  return text;
}

}  // namespace

std::string metadata_address(const ProtectedResource& resource) {
  return resource_metadata_urls(resource.address).front();
}

std::vector<HttpRoute> metadata_routes(const ProtectedResource& resource) {
  const json document{{"resource", resource.address},
                      {"authorization_servers", resource.issuers},
                      {"scopes_supported", resource.scopes},
                      {"bearer_methods_supported", {"header"}}};
  std::vector<HttpRoute> routes;
  for (const std::string& address : resource_metadata_urls(resource.address))
    routes.push_back({"GET", address.substr(origin_of(resource.address).size()), Access::open,
                      [document](const HttpRequest&, const std::shared_ptr<HttpReply>& reply) {
                        reply->send(json_response(200, document));
                      }});
  return routes;
}

Denied refuse_token(const ProtectedResource& resource, TokenProblem problem, const std::vector<std::string>& scopes) {
  const Refusal& refusal = kRefusals[static_cast<std::size_t>(problem)];
  std::string challenge = "Bearer resource_metadata=\"" + metadata_address(resource) + "\"";
  if (!scopes.empty()) challenge += ", scope=\"" + joined(scopes) + "\"";
  if (*refusal.error != '\0') challenge += std::string{", error=\""} + refusal.error + "\"";
  return {refusal.status, challenge, refusal.message};
}

}  // namespace carillon::transport
