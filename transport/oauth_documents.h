// The documents of OAuth: what servers, issuers, registrations and token endpoints say, read from untrusted JSON.
//
// Pure functions and values; thread-safe.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"

namespace carillon::transport {

inline bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

// RFC 9728: who may give tokens for this server.
struct ResourceMetadata {
  std::string resource;
  std::vector<std::string> issuers;
  std::string scopes;  // separated by blanks
};
std::optional<ResourceMetadata> read_resource_metadata(std::string_view text);

// RFC 8414 and OpenID Connect Discovery.
struct IssuerMetadata {
  std::string issuer, authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint;
  std::vector<std::string> scopes, token_auth_methods, pkce_methods, dpop_algorithms;
  bool takes_metadata_documents = false;  // client_id_metadata_document_supported
  bool names_itself = false;              // authorization_response_iss_parameter_supported
};
std::optional<IssuerMetadata> read_issuer_metadata(std::string_view text);
// The issuer of servers from before resource metadata that publish nothing at all (2025-03-26).
IssuerMetadata default_issuer(const std::string& origin);

// How a client says at a token endpoint who it is.
enum class TokenAuth { none, client_secret_basic, client_secret_post, private_key_jwt };
std::string_view name_of(TokenAuth method);
std::optional<TokenAuth> token_auth_named(std::string_view name);

// Who we are to one issuer.
struct ClientIdentity {
  std::string client_id, client_secret;
  std::optional<TokenAuth> auth{};  // nothing: as the issuer's metadata allows
};
std::optional<ClientIdentity> read_registration(std::string_view text);
// Nothing: the issuer allows none of the ways that this identity can go.
enum class KeyAtHand { no, yes };
std::optional<TokenAuth> choose_token_auth(const IssuerMetadata& issuer, const ClientIdentity& identity, KeyAtHand key);

struct TokenSet {
  std::string access_token, refresh_token, scope;
  bool is_dpop = false;
  std::optional<Instant> given_at{}, expires_at{};
  std::optional<Instant> refresh_expires_at{};  // where the issuer says so, which no standard asks of it
};
// `token_type` other than Bearer, DPoP or N_A (of an exchange) is refused.
std::optional<TokenSet> read_tokens(std::string_view text, Instant now);
// The code of an error answer, cleaned for people; empty if there is none.
std::string read_oauth_error(std::string_view text);

}  // namespace carillon::transport
