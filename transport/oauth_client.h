// OAuthClient: gets, renews and shows the tokens that a downstream MCP server wants (OAuth 2.1 as MCP profiles it).
//
// It is the HttpAuthorizer of one server. A 401 starts the discovery anew: the server's resource metadata, then its
// issuer's metadata, both checked against whom they claim to speak for. Then the identity (given beforehand, a metadata
// document's address, or a registration) and a grant. A 403 for want of scope asks for the union of what was asked
// before and what is missing, never twice for the same. Identities and tokens belong to the issuer that gave them:
// another issuer gets neither. Tokens are bound to a key of ours (DPoP) where the issuer can do that.
//
// Thread-safe; one flow at a time, and requests of this server wait for it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "transport/client_fetch.h"
#include "transport/client_http.h"
#include "transport/jwt.h"
#include "transport/oauth_documents.h"

namespace carillon::transport {

// For whom an assertion is wanted.
struct AssertionAudience {
  std::string issuer, token_endpoint, resource, scope;
};

enum class Grant {
  authorization_code,  // a person agrees in a browser
  client_credentials,  // we act as ourselves
  jwt_bearer,          // somebody else vouches for us: a workload's platform, an enterprise's identity provider
};

struct OAuthOptions {
  std::string server_url;  // the MCP endpoint
  Grant grant = Grant::authorization_code;
  // Known beforehand; for the first issuer that this client meets.
  std::optional<ClientIdentity> identity{};
  std::optional<SigningKey> key{};  // of the identity (private_key_jwt)
  std::string metadata_document{};  // the https address that is our client_id where issuers take such
  std::string client_name = "Carillon";
  std::string redirect_uri{};
  // Sends a person to the address and gives back the address they were redirected to.
  std::function<Result<std::string>(const std::string& authorization_url)> visit{};
  std::function<Result<std::string>(const AssertionAudience& audience)> assertion{};  // of jwt_bearer
  FetchOptions fetch{};
};

class OAuthClient final : public HttpAuthorizer {
 public:
  OAuthClient(OAuthOptions options, const Clock& clock);
  ~OAuthClient() override;

  std::vector<Header> headers(const std::string& method, const std::string& url) override;
  std::optional<std::string> answer(const HttpRefusal& refusal, const std::vector<Header>& used) override;

 private:
  struct Issuer;
  struct Grounds;

  Status sign_in(const HttpRefusal& refusal);
  Result<Grounds> discover(const std::string& announced) const;
  Result<IssuerMetadata> find_issuer(const std::string& issuer) const;
  Status identify(Issuer& issuer) const;
  Result<TokenSet> grant(Issuer& issuer, const std::string& resource, const std::string& scope);
  Result<TokenSet> grant_by_code(Issuer& issuer, const std::string& resource, const std::string& scope);
  Result<TokenSet> ask_for_tokens(Issuer& issuer, std::vector<std::pair<std::string, std::string>> fields);
  bool renew(Issuer& issuer, const std::string& resource);

  const OAuthOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Issuer>> issuers_;  // by identifier
  Issuer* current_ = nullptr;
  std::string resource_;      // as the metadata names it; empty with servers from before
  std::string scope_asked_;   // for the present tokens
  std::string server_nonce_;  // of the server's DPoP
  SigningKey proof_key_ = SigningKey::generate();
};

// Enterprise-managed authorization: a person's identity token, exchanged at their identity provider for an assertion
// that an MCP server's issuer takes (RFC 8693).
struct IdentityProvider {
  std::string token_endpoint, client_id, id_token;
};
Result<std::string> exchange_identity(const IdentityProvider& provider, const AssertionAudience& audience,
                                      const FetchOptions& options);

}  // namespace carillon::transport
