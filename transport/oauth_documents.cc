#include "transport/oauth_documents.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "server/base/ascii.h"
#include "transport/oauth_text.h"

namespace carillon::transport {
namespace {

constexpr std::array<std::string_view, 4> kTokenAuthNames{"none", "client_secret_basic", "client_secret_post",
                                                          "private_key_jwt"};
constexpr std::int64_t kLifetimeSecondsMax = 366LL * 86'400;

json object_of(std::string_view text) {
  json document = json::parse(text, nullptr, false);
  return document.is_object() ? document : json::object();
}

std::string text_at(const json& document, const char* name) {
  const auto member = document.find(name);
  return member != document.end() && member->is_string() ? member->get<std::string>() : "";
}

bool flag_at(const json& document, const char* name) {
  const auto member = document.find(name);
  return member != document.end() && member->is_boolean() && member->get<bool>();
}

std::vector<std::string> list_at(const json& document, const char* name) {
  std::vector<std::string> list;
  const auto member = document.find(name);
  if (member == document.end() || !member->is_array()) return list;
  for (const auto& entry : *member)
    if (entry.is_string()) list.push_back(entry.get<std::string>());
  return list;
}

std::optional<Instant> end_of(const json& document, const char* name, Instant now) {
  const auto member = document.find(name);
  if (member == document.end() || !member->is_number_integer()) return std::nullopt;
  return now + std::chrono::seconds{std::clamp<std::int64_t>(member->get<std::int64_t>(), 0, kLifetimeSecondsMax)};
}

}  // namespace

std::optional<ResourceMetadata> read_resource_metadata(std::string_view text) {
  const json document = object_of(text);
  ResourceMetadata metadata;
  metadata.resource = text_at(document, "resource");
  metadata.issuers = list_at(document, "authorization_servers");
  for (const auto& scope : list_at(document, "scopes_supported")) metadata.scopes = scope_union(metadata.scopes, scope);
  if (metadata.resource.empty() || metadata.issuers.empty()) return std::nullopt;
  return metadata;
}

std::optional<IssuerMetadata> read_issuer_metadata(std::string_view text) {
  const json document = object_of(text);
  IssuerMetadata metadata;
  metadata.issuer = text_at(document, "issuer");
  metadata.authorization_endpoint = text_at(document, "authorization_endpoint");
  metadata.token_endpoint = text_at(document, "token_endpoint");
  metadata.registration_endpoint = text_at(document, "registration_endpoint");
  metadata.revocation_endpoint = text_at(document, "revocation_endpoint");
  metadata.scopes = list_at(document, "scopes_supported");
  metadata.token_auth_methods = list_at(document, "token_endpoint_auth_methods_supported");
  metadata.pkce_methods = list_at(document, "code_challenge_methods_supported");
  metadata.dpop_algorithms = list_at(document, "dpop_signing_alg_values_supported");
  metadata.takes_metadata_documents = flag_at(document, "client_id_metadata_document_supported");
  metadata.names_itself = flag_at(document, "authorization_response_iss_parameter_supported");
  if (metadata.issuer.empty() || origin_of(metadata.token_endpoint).empty()) return std::nullopt;
  return metadata;
}

IssuerMetadata default_issuer(const std::string& origin) {
  IssuerMetadata metadata;
  metadata.issuer = origin;
  metadata.authorization_endpoint = origin + "/authorize";
  metadata.token_endpoint = origin + "/token";
  metadata.registration_endpoint = origin + "/register";
  metadata.pkce_methods = {"S256"};  // that revision demands it
  return metadata;
}

std::string_view name_of(TokenAuth method) { return kTokenAuthNames[static_cast<std::size_t>(method)]; }

std::optional<TokenAuth> token_auth_named(std::string_view name) {
  for (std::size_t i = 0; i < kTokenAuthNames.size(); ++i)
    if (kTokenAuthNames[i] == name) return static_cast<TokenAuth>(i);
  return std::nullopt;
}

std::optional<ClientIdentity> read_registration(std::string_view text) {
  const json document = object_of(text);
  ClientIdentity identity;
  identity.client_id = text_at(document, "client_id");
  identity.client_secret = text_at(document, "client_secret");
  identity.auth = token_auth_named(text_at(document, "token_endpoint_auth_method"));
  if (identity.client_id.empty()) return std::nullopt;
  return identity;
}

std::optional<TokenAuth> choose_token_auth(const IssuerMetadata& issuer, const ClientIdentity& identity,
                                           KeyAtHand key) {
  if (identity.auth) return identity.auth;
  std::vector<std::string> allowed = issuer.token_auth_methods;
  if (allowed.empty()) allowed = {"client_secret_basic", "none"};  // RFC 8414's default, and public clients
  if (key == KeyAtHand::yes && holds(allowed, "private_key_jwt")) return TokenAuth::private_key_jwt;
  const bool has_secret = !identity.client_secret.empty();
  if (has_secret && holds(allowed, "client_secret_basic")) return TokenAuth::client_secret_basic;
  if (has_secret && holds(allowed, "client_secret_post")) return TokenAuth::client_secret_post;
  if (holds(allowed, "none")) return TokenAuth::none;
  return std::nullopt;
}

std::optional<TokenSet> read_tokens(std::string_view text, Instant now) {
  const json document = object_of(text);
  TokenSet tokens;
  tokens.access_token = text_at(document, "access_token");
  tokens.refresh_token = text_at(document, "refresh_token");
  tokens.scope = text_at(document, "scope");
  const std::string type = lower_case(text_at(document, "token_type"));
  tokens.is_dpop = type == "dpop";
  tokens.given_at = now;
  tokens.expires_at = end_of(document, "expires_in", now);
  for (const char* name : {"refresh_token_expires_in", "refresh_expires_in"})
    if (!tokens.refresh_expires_at) tokens.refresh_expires_at = end_of(document, name, now);
  const bool is_visible =
      std::all_of(tokens.access_token.begin(), tokens.access_token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (tokens.access_token.empty() || !is_visible) return std::nullopt;
  if (type != "bearer" && type != "dpop" && type != "n_a") return std::nullopt;
  return tokens;
}

std::string read_oauth_error(std::string_view text) {
  std::string code = text_at(object_of(text), "error").substr(0, 64);
  std::replace_if(
      code.begin(), code.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return code;
}

}  // namespace carillon::transport
