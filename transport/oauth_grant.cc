#include "transport/oauth_grant.h"

#include <nlohmann/json.hpp>

#include "transport/oauth_text.h"

namespace carillon::transport {
namespace {

// Reads what write_grant wrote; a member that is not there or of another kind is empty.
class Reader {
 public:
  explicit Reader(const json& object) : object_(object.is_object() ? object : json::object()) {}

  std::string text(const char* name) const {
    const auto member = object_.find(name);
    return member != object_.end() && member->is_string() ? member->get<std::string>() : "";
  }
  bool flag(const char* name) const { return object_.value(name, json()) == true; }
  std::vector<std::string> list(const char* name) const {
    std::vector<std::string> found;
    for (const auto& each : object_.value(name, json::array()))
      if (each.is_string()) found.push_back(each.get<std::string>());
    return found;
  }
  std::optional<Instant> instant(const char* name) const {
    const auto member = object_.find(name);
    if (member == object_.end() || !member->is_number_integer()) return std::nullopt;
    return Instant{std::chrono::seconds{member->get<std::int64_t>()}};
  }
  Reader below(const char* name) const { return Reader{object_.value(name, json::object())}; }

 private:
  json object_;
};

json to_json(const IssuerMetadata& issuer) {
  return {{"issuer", issuer.issuer},
          {"authorization_endpoint", issuer.authorization_endpoint},
          {"token_endpoint", issuer.token_endpoint},
          {"registration_endpoint", issuer.registration_endpoint},
          {"revocation_endpoint", issuer.revocation_endpoint},
          {"scopes", issuer.scopes},
          {"token_auth_methods", issuer.token_auth_methods},
          {"pkce_methods", issuer.pkce_methods},
          {"dpop_algorithms", issuer.dpop_algorithms},
          {"takes_metadata_documents", issuer.takes_metadata_documents},
          {"names_itself", issuer.names_itself}};
}

IssuerMetadata read_issuer(const Reader& from) {
  IssuerMetadata issuer;
  issuer.issuer = from.text("issuer");
  issuer.authorization_endpoint = from.text("authorization_endpoint");
  issuer.token_endpoint = from.text("token_endpoint");
  issuer.registration_endpoint = from.text("registration_endpoint");
  issuer.revocation_endpoint = from.text("revocation_endpoint");
  issuer.scopes = from.list("scopes");
  issuer.token_auth_methods = from.list("token_auth_methods");
  issuer.pkce_methods = from.list("pkce_methods");
  issuer.dpop_algorithms = from.list("dpop_algorithms");
  issuer.takes_metadata_documents = from.flag("takes_metadata_documents");
  issuer.names_itself = from.flag("names_itself");
  return issuer;
}

json to_json(const TokenSet& tokens) {
  json object{{"access_token", tokens.access_token},
              {"refresh_token", tokens.refresh_token},
              {"scope", tokens.scope},
              {"is_dpop", tokens.is_dpop}};
  const auto put = [&object](const char* name, const std::optional<Instant>& at) {
    if (at) object[name] = std::chrono::floor<std::chrono::seconds>(at->time_since_epoch()).count();
  };
  put("given_at", tokens.given_at);
  put("expires_at", tokens.expires_at);
  put("refresh_expires_at", tokens.refresh_expires_at);
  return object;
}

TokenSet read_token_set(const Reader& from) {
  TokenSet tokens;
  tokens.access_token = from.text("access_token");
  tokens.refresh_token = from.text("refresh_token");
  tokens.scope = from.text("scope");
  tokens.is_dpop = from.flag("is_dpop");
  tokens.given_at = from.instant("given_at");
  tokens.expires_at = from.instant("expires_at");
  tokens.refresh_expires_at = from.instant("refresh_expires_at");
  return tokens;
}

}  // namespace

std::string write_grant(const OAuthGrant& grant) {
  json identity{{"client_id", grant.identity.client_id}, {"client_secret", grant.identity.client_secret}};
  if (grant.identity.auth) identity["auth"] = std::string{name_of(*grant.identity.auth)};
  const json object{{"server_url", grant.server_url},
                    {"issuer", to_json(grant.issuer)},
                    {"identity", std::move(identity)},
                    {"redirect_uri", grant.redirect_uri},
                    {"tokens", to_json(grant.tokens)},
                    {"resource", grant.resource},
                    {"scope", grant.scope},
                    {"scope_wanted", grant.scope_wanted},
                    {"proof_key", grant.proof_key}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<OAuthGrant> read_grant(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const Reader from{document};
  const Reader identity = from.below("identity");
  OAuthGrant grant;
  grant.server_url = from.text("server_url");
  grant.issuer = read_issuer(from.below("issuer"));
  grant.identity = {identity.text("client_id"), identity.text("client_secret"),
                    token_auth_named(identity.text("auth"))};
  grant.redirect_uri = from.text("redirect_uri");
  grant.tokens = read_token_set(from.below("tokens"));
  grant.resource = from.text("resource");
  grant.scope = from.text("scope");
  grant.scope_wanted = from.text("scope_wanted");
  grant.proof_key = from.text("proof_key");
  if (grant.issuer.issuer.empty() || origin_of(grant.issuer.token_endpoint).empty()) return std::nullopt;
  return grant;
}

}  // namespace carillon::transport
