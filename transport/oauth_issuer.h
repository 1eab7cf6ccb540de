// What an OAuthClient remembers of one issuer, and the parts of its flows: shared by oauth_client.cc, which decides,
// and oauth_flow.cc, which talks to issuers.
//
// Guarded by the OAuthClient's mutex.
#pragma once

#include "transport/oauth_client.h"
#include "transport/oauth_text.h"

namespace carillon::transport {

struct OAuthClient::Issuer {
  IssuerMetadata metadata;
  std::optional<ClientIdentity> identity{};
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

}  // namespace carillon::transport
