// OAuthClient: gets, renews and shows the tokens that a downstream MCP server wants (OAuth 2.1 as MCP profiles it).
//
// It is the HttpAuthorizer of one server. A 401 starts the discovery anew: the server's resource metadata, then its
// issuer's metadata, both checked against whom they claim to speak for. Then the identity (given beforehand, a metadata
// document's address, or a registration) and a grant. A 403 for want of scope asks for the union of what was asked
// before and what is missing, never twice for the same. Identities and tokens belong to the issuer that gave them:
// another issuer gets neither. Tokens are bound to a key of ours (DPoP) where the issuer can do that, and renewed
// before they end. Where a person is wanted and none is there, that is told to callers without asking the issuer again,
// nor the server unless it lets strangers in for other things, until what the keeper keeps is another or some minutes
// are over.
//
// Thread-safe; one flow at a time, and requests of this server wait for it. Every secret is registered with the mask.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/guarded.h"
#include "server/base/result.h"
#include "transport/client_fetch.h"
#include "transport/client_http.h"
#include "transport/jwt.h"
#include "transport/oauth_documents.h"
#include "transport/oauth_grant.h"
#include "transport/recent_secrets.h"

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
  std::string scopes{};  // wanted whatever the server asks for
  // Sends a person to the address and gives back the address they were redirected to. None: nobody is there.
  std::function<Result<std::string>(const std::string& authorization_url)> visit{};
  std::function<Result<std::string>(const AssertionAudience& audience)> assertion{};  // of jwt_bearer
  std::shared_ptr<GrantKeeper> keeper{};                                              // none: nothing is kept
  std::string advice{};  // ends the message that a person must sign in: "sign in with …"
  // Addresses that are not public are reached only if the server's own is none either, or `anywhere` is said.
  FetchOptions fetch{};
};

// How it stands between us and one server.
struct SignInFacts {
  bool signed_in = false;
  bool renews_itself = false;  // without a person
  std::string issuer, scope;
  std::optional<Instant> expires_at{}, refresh_expires_at{};
  std::string needed{};  // why a person must sign in, or once more; empty: no need is known
};

class OAuthClient final : public HttpAuthorizer {
 public:
  // `clock` must outlive the client.
  OAuthClient(OAuthOptions options, const Clock& clock);
  ~OAuthClient() override;

  Result<std::vector<Header>> headers(const std::string& method, const std::string& url) override;
  Status answer(const HttpRefusal& refusal, const std::vector<Header>& used) override;
  void let_in(const std::vector<Header>& used) override;

  // Asks the server what it wants and gets a new grant, whatever is kept. Blocks for as long as the person takes.
  Status sign_in();
  // Gives the tokens back to the issuer, where it takes them, and forgets them. Errors: the issuer's; they are
  // forgotten all the same.
  Status sign_out();
  // Never waits for a flow that is under way.
  SignInFacts facts();

 private:
  struct Issuer;
  struct Grounds;
  struct Refused {
    Error error;
    Instant until;
  };
  enum class Flow { cheapest, from_the_start };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // oauth_client.cc: what to do
  Status follow(const HttpRefusal& refusal, Flow flow);
  Status step_up_refused(const std::string& error, const std::string& missing);
  std::string scope_for(const std::string& missing, const Grounds& grounds) const;
  Status obtain(Issuer& issuer, const Grounds& grounds, const std::string& scope);
  Status renew();
  bool has_tokens() const;
  bool is_near_its_end() const;
  bool can_act() const { return options_.grant != Grant::authorization_code || options_.visit != nullptr; }
  Error needs_person(const std::string& why) const;
  const Error* refusal_in_force() const;
  void remember(const Error& error);
  void drop_refused_tokens();
  HttpRefusal ask_what_it_wants() const;

  // oauth_keeping.cc: what is kept
  void hear_news();
  void adopt(const OAuthGrant& grant);
  void set_tokens(Issuer& issuer, TokenSet tokens);
  void keep();
  Status alone(const std::function<Status()>& work);
  void publish();

  // oauth_flow.cc: who is asked
  Result<Grounds> discover(const std::string& announced);
  Result<IssuerMetadata> find_issuer(const std::string& issuer);
  Status identify(Issuer& issuer);
  Status register_client(Issuer& issuer);
  Result<TokenSet> grant(Issuer& issuer, const std::string& resource, const std::string& scope);
  Result<TokenSet> grant_by_code(Issuer& issuer, const std::string& resource, const std::string& scope);
  Result<TokenSet> ask_for_tokens(Issuer& issuer, Fields fields);
  Result<Fetched> post_as_client(Issuer& issuer, const std::string& url, Fields fields);
  Status revoke(Issuer& issuer);
  const FetchOptions& reach();

  const OAuthOptions options_;
  const Clock& clock_;
  std::mutex mutex_;                                        // guards everything below but published_
  std::map<std::string, std::unique_ptr<Issuer>> issuers_;  // by identifier
  Issuer* current_ = nullptr;
  std::string resource_;      // as the metadata names it; empty with servers from before
  std::string scope_asked_;   // for the present tokens
  std::string scope_wanted_;  // by the server, and not yet agreed to by a person
  std::string server_nonce_;  // of the server's DPoP
  SigningKey proof_key_ = SigningKey::generate();
  std::optional<Refused> refused_;
  std::atomic<bool> lets_strangers_in_{false};
  std::optional<FetchOptions> reach_;
  RecentSecrets secrets_;
  Guarded<SignInFacts> published_;
};

// Enterprise-managed authorization: a person's identity token, exchanged at their identity provider for an assertion
// that an MCP server's issuer takes (RFC 8693).
struct IdentityProvider {
  std::string token_endpoint, client_id, id_token;
};
Result<std::string> exchange_identity(const IdentityProvider& provider, const AssertionAudience& audience,
                                      const FetchOptions& options);

}  // namespace carillon::transport
