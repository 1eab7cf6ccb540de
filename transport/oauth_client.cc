#include "transport/oauth_client.h"

#include <algorithm>

#include "transport/oauth_issuer.h"

namespace carillon::transport {
namespace {

constexpr Duration kRenewBefore = std::chrono::seconds{30};

std::string authorization_in(const std::vector<Header>& headers) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [](const Header& header) { return header.first == "Authorization"; });
  return found == headers.end() ? "" : found->second;
}

std::string authorization_of(const TokenSet& tokens) {
  return (tokens.is_dpop ? "DPoP " : "Bearer ") + tokens.access_token;
}

}  // namespace

OAuthClient::OAuthClient(OAuthOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
OAuthClient::~OAuthClient() = default;

std::vector<Header> OAuthClient::headers(const std::string& method, const std::string& url) {
  const std::lock_guard lock{mutex_};
  if (!current_ || !current_->tokens) return {};
  if (const auto ends = current_->tokens->expires_at; ends && *ends - kRenewBefore <= clock_.now())
    renew(*current_, resource_);  // if that fails, the server's 401 leads on
  const TokenSet& tokens = *current_->tokens;
  std::vector<Header> headers{{"Authorization", authorization_of(tokens)}};
  if (tokens.is_dpop) {
    const DpopClaims claims{method, without_query(url), tokens.access_token, server_nonce_};
    headers.emplace_back("DPoP", dpop_proof(claims, proof_key_, clock_.now()));
  }
  return headers;
}

std::optional<std::string> OAuthClient::answer(const HttpRefusal& refusal, const std::vector<Header>& used) {
  const std::lock_guard lock{mutex_};
  const bool has_tokens = current_ && current_->tokens;
  // Another request's refusal has led to new tokens in the meantime.
  if (has_tokens && authorization_in(used) != authorization_of(*current_->tokens)) return std::nullopt;
  if (!refusal.dpop_nonce.empty() && has_tokens && current_->tokens->is_dpop && refusal.dpop_nonce != server_nonce_) {
    server_nonce_ = refusal.dpop_nonce;
    return std::nullopt;
  }
  const auto done = sign_in(refusal);
  return done ? std::nullopt : std::optional{done.error().message};
}

Status OAuthClient::sign_in(const HttpRefusal& refusal) {
  std::vector<AuthChallenge> challenges;
  for (const auto& header : refusal.challenges)
    for (auto& challenge : parse_challenges(header)) challenges.push_back(std::move(challenge));
  const std::string missing = challenge_param(challenges, "scope");
  const bool steps_up = refusal.status == 403;
  if (steps_up) {
    if (challenge_param(challenges, "error") != "insufficient_scope") return sign_in_error("the server forbids this");
    if (missing.empty() || scope_includes(scope_asked_, missing))
      return sign_in_error("the server wants more than its issuer grants");
  }
  auto grounds = discover(challenge_param(challenges, "resource_metadata"));
  if (!grounds) return grounds.error();

  auto& slot = issuers_[grounds->issuer.issuer];
  if (!slot) slot = std::make_unique<Issuer>();
  Issuer& issuer = *slot;
  const bool same = current_ == &issuer && resource_ == grounds->resource;
  issuer.metadata = std::move(grounds->issuer);
  if (!steps_up && same && renew(issuer, resource_)) return Done{};
  if (auto identified = identify(issuer); !identified) return identified;

  std::string scope = !missing.empty() ? missing : grounds->scopes;
  if (steps_up && same) scope = scope_union(scope_asked_, scope);
  const auto& offered = issuer.metadata.scopes;
  const bool can_stay = std::find(offered.begin(), offered.end(), "offline_access") != offered.end();
  if (can_stay && options_.grant == Grant::authorization_code) scope = scope_union(scope, "offline_access");
  auto tokens = grant(issuer, grounds->resource, scope);
  if (!tokens) return tokens.error();
  issuer.tokens = *std::move(tokens);
  current_ = &issuer;
  resource_ = grounds->resource;
  scope_asked_ = scope;
  return Done{};
}

// Whether there are new tokens. A refused refresh token is forgotten.
bool OAuthClient::renew(Issuer& issuer, const std::string& resource) {
  if (!issuer.tokens || issuer.tokens->refresh_token.empty()) return false;
  auto tokens = ask_for_tokens(
      issuer,
      {{"grant_type", "refresh_token"}, {"refresh_token", issuer.tokens->refresh_token}, {"resource", resource}});
  if (!tokens) {
    issuer.tokens->refresh_token.clear();
    return false;
  }
  if (tokens->refresh_token.empty()) tokens->refresh_token = issuer.tokens->refresh_token;
  issuer.tokens = *std::move(tokens);
  return true;
}

}  // namespace carillon::transport
