#include "transport/oauth_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "transport/client_protocol.h"
#include "transport/json_rpc.h"
#include "transport/oauth_issuer.h"

namespace carillon::transport {
namespace {

constexpr Duration kRenewBeforeMax = std::chrono::seconds{60};  // or a tenth of the token's life, if that is less
constexpr Duration kSilenceWithoutPerson = std::chrono::minutes{5};
constexpr Duration kSilenceOfMachines = std::chrono::minutes{1};
constexpr Duration kSilenceInPassing = std::chrono::seconds{5};

std::string authorization_in(const std::vector<Header>& headers) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [](const Header& header) { return header.first == "Authorization"; });
  return found == headers.end() ? "" : found->second;
}

std::vector<AuthChallenge> challenges_of(const HttpRefusal& refusal) {
  std::vector<AuthChallenge> challenges;
  for (const auto& header : refusal.challenges)
    for (auto& challenge : parse_challenges(header)) challenges.push_back(std::move(challenge));
  return challenges;
}

}  // namespace

OAuthClient::OAuthClient(OAuthOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {
  if (options_.identity) secrets_.add(options_.identity->client_secret);
}
OAuthClient::~OAuthClient() = default;

bool OAuthClient::has_tokens() const { return current_ && current_->tokens && !current_->tokens->access_token.empty(); }

bool OAuthClient::is_near_its_end() const {
  const TokenSet& tokens = *current_->tokens;
  if (!tokens.expires_at) return false;
  const Duration life = *tokens.expires_at - tokens.given_at.value_or(*tokens.expires_at);
  return *tokens.expires_at - std::min(kRenewBeforeMax, life / 10) <= clock_.now();
}

Result<std::vector<Header>> OAuthClient::headers(const std::string& method, const std::string& url) {
  const std::lock_guard lock{mutex_};
  hear_news();
  if (has_tokens() && is_near_its_end()) {
    const auto renewed = renew();
    publish();
    // Before its end the token does, whatever came of that; afterwards a 401 leads on for who can act upon it.
    const bool is_over = has_tokens() && current_->tokens->expires_at <= clock_.now();
    if (!renewed && is_over && (is_passing(renewed.error()) || !can_act())) return renewed.error();
  }
  if (!has_tokens()) {
    if (const Error* refused = refusal_in_force(); refused && !lets_strangers_in_) return *refused;
    return std::vector<Header>{};
  }
  const TokenSet& tokens = *current_->tokens;
  std::vector<Header> headers{{"Authorization", authorization_of(tokens)}};
  if (tokens.is_dpop) {
    const DpopClaims claims{method, without_query(url), tokens.access_token, server_nonce_};
    headers.emplace_back("DPoP", dpop_proof(claims, proof_key_, clock_.now()));
  }
  return headers;
}

Status OAuthClient::answer(const HttpRefusal& refusal, const std::vector<Header>& used) {
  const std::lock_guard lock{mutex_};
  hear_news();
  // Another request's refusal, or another process, has led to new tokens in the meantime.
  if (has_tokens() && authorization_in(used) != authorization_of(*current_->tokens)) return Done{};
  if (const Error* refused = refusal_in_force(); refused && (!has_tokens() || is_passing(*refused))) return *refused;
  if (!refusal.dpop_nonce.empty() && has_tokens() && current_->tokens->is_dpop && refusal.dpop_nonce != server_nonce_) {
    server_nonce_ = refusal.dpop_nonce;
    return Done{};
  }
  const auto done = follow(refusal, Flow::cheapest);
  if (!done && refusal.status == 401) remember(done.error());
  publish();
  return done;
}

void OAuthClient::let_in(const std::vector<Header>& used) {
  if (authorization_in(used).empty()) lets_strangers_in_ = true;
}

Status OAuthClient::sign_in() {
  const HttpRefusal refusal = ask_what_it_wants();
  const std::lock_guard lock{mutex_};
  hear_news();
  const auto done = follow(refusal, Flow::from_the_start);
  publish();
  return done;
}

Status OAuthClient::sign_out() {
  const std::lock_guard lock{mutex_};
  hear_news();
  const Status revoked = has_tokens() ? revoke(*current_) : Status{Done{}};
  current_ = nullptr;
  const auto forgotten =
      alone([this]() -> Status { return options_.keeper ? options_.keeper->forget() : Status{Done{}}; });
  publish();
  return forgotten ? revoked : forgotten;
}

// What the server answers to somebody whom it does not know. A server that lets everybody in has nothing to say.
HttpRefusal OAuthClient::ask_what_it_wants() const {
  json params = json::object();
  add_envelope(params, kNewestModern);
  FetchRequest request;
  request.method = "POST";
  request.url = options_.server_url;
  request.headers = {{"Content-Type", "application/json"},
                     {"Accept", "application/json, text/event-stream"},
                     {"MCP-Protocol-Version", std::string{name_of(kNewestModern)}},
                     {"Mcp-Method", "server/discover"}};
  request.body = json_rpc::request_text(1, "server/discover", params);
  FetchOptions options = options_.fetch;
  options.reach = Reach::anywhere;  // it is the server that we were told to call
  HttpRefusal refusal{401, {}, ""};
  const auto answer = fetch(request, options);
  if (!answer || answer->status != 401) return refusal;
  refusal.challenges = answer->all("WWW-Authenticate");
  return refusal;
}

// From a refusal to new tokens, as far as that goes without help.
Status OAuthClient::follow(const HttpRefusal& refusal, Flow flow) {
  const auto challenges = challenges_of(refusal);
  const std::string missing = challenge_param(challenges, "scope");
  const bool steps_up = refusal.status == 403;
  if (steps_up)
    if (auto refused = step_up_refused(challenge_param(challenges, "error"), missing); !refused) return refused;
  const bool has_something = current_ && current_->tokens && !current_->tokens->refresh_token.empty();
  if (!can_act() && !has_something) {
    return needs_person(current_ ? "the sign-in has ended" : "nobody has signed in");
  }
  auto grounds = discover(challenge_param(challenges, "resource_metadata"));
  if (!grounds) return grounds.error();

  auto& slot = issuers_[grounds->issuer.issuer];
  if (!slot) slot = std::make_unique<Issuer>();
  Issuer& issuer = *slot;
  const bool same = current_ == &issuer && resource_ == grounds->resource;
  issuer.metadata = grounds->issuer;
  if (!steps_up && same && flow == Flow::cheapest) {
    const auto renewed = renew();
    if (renewed || is_passing(renewed.error()) || !options_.visit) return renewed;
  }
  if (!can_act()) return needs_person("the server has another issuer now");
  if (auto identified = identify(issuer); !identified) return identified;
  std::string scope = scope_for(missing, *grounds);
  if (same && (steps_up || flow == Flow::from_the_start))
    scope = scope_union(scope_union(scope_asked_, scope), scope_wanted_);
  return obtain(issuer, *grounds, scope);
}

// Fine: it is worth asking for more.
Status OAuthClient::step_up_refused(const std::string& error, const std::string& missing) {
  if (error != "insufficient_scope") return sign_in_error("the server forbids this");
  if (missing.empty() || scope_includes(scope_asked_, missing))
    return sign_in_error("the server wants more than its issuer grants");
  if (can_act()) return Done{};
  if (!scope_includes(scope_wanted_, missing)) {
    const auto noted = alone([&]() -> Status {
      hear_news();
      scope_wanted_ = scope_union(scope_wanted_, missing);
      keep();
      return Done{};
    });
    if (!noted) return noted;
  }
  return needs_person("the server wants the scope \"" + missing + "\" for this, which nobody has agreed to");
}

std::string OAuthClient::scope_for(const std::string& missing, const Grounds& grounds) const {
  std::string scope = !missing.empty()           ? scope_union(options_.scopes, missing)
                      : !options_.scopes.empty() ? options_.scopes
                                                 : grounds.scopes;
  const auto& offered = grounds.issuer.scopes;
  const bool can_stay = std::find(offered.begin(), offered.end(), "offline_access") != offered.end();
  if (can_stay && options_.grant == Grant::authorization_code) scope = scope_union(scope, "offline_access");
  return scope;
}

Status OAuthClient::obtain(Issuer& issuer, const Grounds& grounds, const std::string& scope) {
  const auto keep_it = [&](TokenSet tokens) -> Status {
    set_tokens(issuer, std::move(tokens));
    current_ = &issuer;
    resource_ = grounds.resource;
    scope_asked_ = scope;
    scope_wanted_.clear();
    keep();
    return Done{};
  };
  if (options_.grant == Grant::authorization_code) {  // a person takes minutes: others must not wait for them
    auto tokens = grant(issuer, grounds.resource, scope);
    if (!tokens) return tokens.error();
    return alone([&]() -> Status { return keep_it(*std::move(tokens)); });
  }
  const std::string before = has_tokens() ? authorization_of(*current_->tokens) : "";
  return alone([&]() -> Status {
    hear_news();
    if (has_tokens() && authorization_of(*current_->tokens) != before) return Done{};  // of another process
    auto tokens = grant(issuer, grounds.resource, scope);
    if (!tokens) return tokens.error();
    return keep_it(*std::move(tokens));
  });
}

// New tokens without a person. A refresh token that the issuer refuses is forgotten; what cannot be reached is no
// refusal.
Status OAuthClient::renew() {
  const std::string before = authorization_of(*current_->tokens);
  return alone([&]() -> Status {
    hear_news();
    if (!current_ || !current_->tokens) return needs_person("nobody is signed in any more");
    if (authorization_of(*current_->tokens) != before) return Done{};  // another process was faster
    Issuer& issuer = *current_;
    const std::string old = issuer.tokens->refresh_token;
    if (options_.grant == Grant::authorization_code && old.empty())
      return needs_person("the sign-in ends, and its issuer gave nothing to renew it with");
    auto tokens =
        options_.grant == Grant::authorization_code
            ? ask_for_tokens(issuer, {{"grant_type", "refresh_token"}, {"refresh_token", old}, {"resource", resource_}})
            : grant(issuer, resource_, scope_asked_);
    if (!tokens && is_passing(tokens.error())) return tokens.error();
    if (!tokens) {
      issuer.tokens->refresh_token.clear();
      keep();
      return needs_person("the sign-in has ended: " + tokens.error().message);
    }
    if (tokens->refresh_token.empty()) {
      tokens->refresh_token = old;
      tokens->refresh_expires_at = issuer.tokens->refresh_expires_at;
    }
    set_tokens(issuer, *std::move(tokens));
    keep();
    return Done{};
  });
}

Error OAuthClient::needs_person(const std::string& why) const {
  return sign_in_error(options_.advice.empty() ? why : why + "; " + options_.advice);
}

const Error* OAuthClient::refusal_in_force() const {
  return refused_ && clock_.now() < refused_->until ? &refused_->error : nullptr;
}

void OAuthClient::remember(const Error& error) {
  if (has_tokens() && !is_passing(error)) drop_refused_tokens();
  const bool is_mended = has_tokens() && !is_passing(error);  // by another process
  if (options_.visit || is_mended) return;
  const Duration silence = is_passing(error)                             ? kSilenceInPassing
                           : options_.grant == Grant::authorization_code ? kSilenceWithoutPerson
                                                                         : kSilenceOfMachines;
  refused_ = Refused{error, clock_.now() + silence};
}

// Unless another process has got others meanwhile.
void OAuthClient::drop_refused_tokens() {
  const std::string refused = authorization_of(*current_->tokens);
  const auto dropped = alone([&]() -> Status {
    hear_news();
    if (!has_tokens() || authorization_of(*current_->tokens) != refused) return Done{};
    current_->tokens->access_token.clear();
    keep();
    return Done{};
  });
  if (!dropped) log::warn("a sign-in that ended could not be noted", {{"problem", dropped.error().message}});
}

}  // namespace carillon::transport
