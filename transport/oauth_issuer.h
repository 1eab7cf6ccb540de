// What an OAuthClient remembers of one issuer, and the parts of its flows: shared by oauth_client.cc, which decides,
// oauth_keeping.cc, which keeps, and oauth_flow.cc, which talks to issuers.
//
// Guarded by the OAuthClient's mutex.
#pragma once

#include "transport/oauth_client.h"
#include "transport/oauth_text.h"

namespace carillon::transport {

struct OAuthClient::Issuer {
  IssuerMetadata metadata;
  std::optional<ClientIdentity> identity{};
  std::string redirect_uri{};  // that the identity is registered with
  std::optional<TokenSet> tokens{};
  std::string nonce{};  // of its DPoP
};

// What the discovery found.
struct OAuthClient::Grounds {
  IssuerMetadata issuer;
  std::string resource;  // empty with servers from before resource metadata
  std::string scopes;    // that the server's metadata offers
};

inline Error sign_in_error(std::string message) { return Error{ErrorCode::needs_sign_in, std::move(message)}; }
// Who can be reached in vain now can be reached later: no reason to send anybody to a browser.
inline bool is_passing(const Error& error) { return error.code == ErrorCode::unavailable; }

inline std::string authorization_of(const TokenSet& tokens) {
  return (tokens.is_dpop ? "DPoP " : "Bearer ") + tokens.access_token;
}

}  // namespace carillon::transport
