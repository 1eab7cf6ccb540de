#include "tests/conformance/client_auth.h"

#include <stdexcept>

#include "transport/oauth_client.h"

namespace carillon::conformance {
namespace {

using namespace transport;

// The suite's own addresses; neither is ever asked for anything.
constexpr const char* kMetadataDocument = "https://conformance-test.local/client-metadata.json";
constexpr const char* kRedirectUri = "http://localhost:3000/callback";

Result<std::string> follow(const std::string& url, const FetchOptions& options) {
  const auto answer = fetch(url, options);
  if (!answer) return answer.error();
  if (answer->location.empty()) return Error{ErrorCode::needs_sign_in, "the issuer did not redirect"};
  return answer->location;
}

}  // namespace

std::shared_ptr<HttpAuthorizer> make_authorizer(const Scene& scene) {
  static const SystemClock clock;
  const auto given = [&scene](const char* name) { return scene.context.value(name, std::string{}); };
  OAuthOptions options;
  options.server_url = scene.url;
  options.client_name = "Carillon conformance client";
  options.redirect_uri = kRedirectUri;
  options.metadata_document = kMetadataDocument;
  options.fetch.reach = Reach::anywhere;
  options.visit = [fetch_options = options.fetch](const std::string& url) { return follow(url, fetch_options); };
  if (!given("client_id").empty()) options.identity = ClientIdentity{given("client_id"), given("client_secret")};
  if (!given("private_key_pem").empty()) {
    options.key = SigningKey::from_pem(given("private_key_pem"));
    if (!options.key) throw std::runtime_error("the suite's private key is none");
  }
  if (scene.scenario.starts_with("auth/client-credentials")) options.grant = Grant::client_credentials;
  if (scene.scenario == "auth/wif-jwt-bearer") {
    options.grant = Grant::jwt_bearer;
    options.assertion = [jwt = given("valid_jwt")](const AssertionAudience&) { return Result<std::string>{jwt}; };
  }
  if (scene.scenario == "auth/enterprise-managed-authorization") {
    options.grant = Grant::jwt_bearer;
    const IdentityProvider provider{given("idp_token_endpoint"), given("idp_client_id"), given("idp_id_token")};
    options.assertion = [provider, fetch_options = options.fetch](const AssertionAudience& audience) {
      return exchange_identity(provider, audience, fetch_options);
    };
  }
  return std::make_shared<OAuthClient>(std::move(options), clock);
}

}  // namespace carillon::conformance
