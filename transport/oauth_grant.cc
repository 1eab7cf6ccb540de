#include "transport/oauth_grant.h"

#include <concepts>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "transport/oauth_text.h"

namespace carillon::transport {
namespace {

template <class T, class Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

// The members of each part, once for both directions. Their names are those of grants that are kept already.
void members(Is<IssuerMetadata> auto& issuer, const auto& each) {
  each("issuer", issuer.issuer);
  each("authorization_endpoint", issuer.authorization_endpoint);
  each("token_endpoint", issuer.token_endpoint);
  each("registration_endpoint", issuer.registration_endpoint);
  each("revocation_endpoint", issuer.revocation_endpoint);
  each("scopes", issuer.scopes);
  each("token_auth_methods", issuer.token_auth_methods);
  each("pkce_methods", issuer.pkce_methods);
  each("dpop_algorithms", issuer.dpop_algorithms);
  each("takes_metadata_documents", issuer.takes_metadata_documents);
  each("names_itself", issuer.names_itself);
}

void members(Is<ClientIdentity> auto& identity, const auto& each) {
  each("client_id", identity.client_id);
  each("client_secret", identity.client_secret);
  each("auth", identity.auth);
}

void members(Is<TokenSet> auto& tokens, const auto& each) {
  each("access_token", tokens.access_token);
  each("refresh_token", tokens.refresh_token);
  each("scope", tokens.scope);
  each("is_dpop", tokens.is_dpop);
  each("given_at", tokens.given_at);
  each("expires_at", tokens.expires_at);
  each("refresh_expires_at", tokens.refresh_expires_at);
}

void members(Is<OAuthGrant> auto& grant, const auto& each) {
  each("server_url", grant.server_url);
  each("issuer", grant.issuer);
  each("identity", grant.identity);
  each("redirect_uri", grant.redirect_uri);
  each("tokens", grant.tokens);
  each("resource", grant.resource);
  each("scope", grant.scope);
  each("scope_wanted", grant.scope_wanted);
  each("proof_key", grant.proof_key);
}

template <class T>
concept Part = Is<T, IssuerMetadata> || Is<T, ClientIdentity> || Is<T, TokenSet>;

// What has no value is left out.
struct Writer {
  json& object;

  void operator()(const char* name, const auto& value) const { object[name] = value; }
  void operator()(const char* name, const Part auto& part) const { members(part, Writer{object[name]}); }
  void operator()(const char* name, const std::optional<TokenAuth>& auth) const {
    if (auth) object[name] = std::string{name_of(*auth)};
  }
  void operator()(const char* name, const std::optional<Instant>& at) const {
    if (at) object[name] = std::chrono::floor<std::chrono::seconds>(at->time_since_epoch()).count();
  }
};

// What is not there or of another kind leaves its member empty: another version may have written the text.
struct Reader {
  const json& object;

  json member(const char* name) const { return object.is_object() ? object.value(name, json()) : json(); }

  void operator()(const char* name, std::string& text) const {
    if (const json value = member(name); value.is_string()) value.get_to(text);
  }
  void operator()(const char* name, bool& flag) const { flag = member(name) == true; }
  void operator()(const char* name, std::vector<std::string>& list) const {
    for (const json& each : member(name))
      if (each.is_string()) list.push_back(each.get<std::string>());
  }
  void operator()(const char* name, Part auto& part) const { members(part, Reader{member(name)}); }
  void operator()(const char* name, std::optional<TokenAuth>& auth) const {
    if (const json value = member(name); value.is_string()) auth = token_auth_named(value.get<std::string>());
  }
  void operator()(const char* name, std::optional<Instant>& at) const {
    if (const json value = member(name); value.is_number_integer())
      at = Instant{std::chrono::seconds{value.get<std::int64_t>()}};
  }
};

}  // namespace

std::string write_grant(const OAuthGrant& grant) {
  json object;
  members(grant, Writer{object});
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<OAuthGrant> read_grant(std::string_view text) {
  OAuthGrant grant;
  members(grant, Reader{json::parse(text, nullptr, false)});
  if (grant.issuer.issuer.empty() || origin_of(grant.issuer.token_endpoint).empty()) return std::nullopt;
  return grant;
}

}  // namespace carillon::transport
