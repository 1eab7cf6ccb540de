// A sign-in as it is kept: by whose leave we may call a server, and what is needed to renew that without a person.
//
// Issuer, identity, tokens and the key they are bound to belong together: none is of use with another's. The text form
// holds secrets and is for a vault. Values and pure functions; thread-safe. GrantKeeper is the port behind which an
// OAuthClient keeps its grant; its methods are called with the client's own lock held, on the threads of requests.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "transport/oauth_documents.h"

namespace carillon::transport {

struct OAuthGrant {
  std::string server_url;  // what it is good for; never shown to another address
  IssuerMetadata issuer;
  ClientIdentity identity;
  std::string redirect_uri;  // that the identity is registered with
  TokenSet tokens;           // without an access token: the issuer took its leave back
  std::string resource;      // as the server's metadata names it; empty with servers from before
  std::string scope;         // that was asked for
  std::string scope_wanted;  // that the server wanted later and a person has not agreed to yet
  std::string proof_key;     // PEM; the tokens may be bound to it
};

std::string write_grant(const OAuthGrant& grant);
// Nothing: it is none.
std::optional<OAuthGrant> read_grant(std::string_view text);

class GrantKeeper {
 public:
  virtual ~GrantKeeper() = default;
  // Whether what is kept is another than this keeper gave or took last. Cheap: asked before each request.
  virtual bool has_news() = 0;
  // Nothing: nobody has signed in, or the person signed out.
  virtual std::optional<OAuthGrant> give() = 0;
  virtual Status take(const OAuthGrant& grant) = 0;
  virtual Status forget() = 0;
  // Runs `work` while nobody else, in any process, works on this grant. Errors: those of `work`, or unavailable when it
  // was not its turn in time.
  virtual Status alone(const std::function<Status()>& work) = 0;
};

}  // namespace carillon::transport
