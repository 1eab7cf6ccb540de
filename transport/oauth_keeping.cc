// The parts of an OAuthClient that keep: what the keeper has to say, and what it is told.
#include "server/base/log.h"
#include "transport/oauth_issuer.h"

namespace carillon::transport {

void OAuthClient::hear_news() {
  if (!options_.keeper || !options_.keeper->has_news()) return;
  refused_.reset();
  current_ = nullptr;
  resource_.clear();
  scope_asked_.clear();
  scope_wanted_.clear();
  if (const auto grant = options_.keeper->give()) adopt(*grant);
  publish();
}

// Not that of another server, nor of another client: the entry may have been changed since.
void OAuthClient::adopt(const OAuthGrant& grant) {
  if (grant.server_url != options_.server_url) return;
  if (options_.identity && options_.identity->client_id != grant.identity.client_id) return;
  auto& slot = issuers_[grant.issuer.issuer];
  if (!slot) slot = std::make_unique<Issuer>();
  slot->metadata = grant.issuer;
  slot->identity = options_.identity ? options_.identity : std::optional{grant.identity};
  slot->redirect_uri = grant.redirect_uri;
  secrets_.add(grant.identity.client_secret);
  set_tokens(*slot, grant.tokens);
  current_ = slot.get();
  resource_ = grant.resource;
  scope_asked_ = grant.scope;
  scope_wanted_ = grant.scope_wanted;
  if (auto key = SigningKey::from_pem(grant.proof_key)) proof_key_ = *std::move(key);
}

void OAuthClient::set_tokens(Issuer& issuer, TokenSet tokens) {
  secrets_.add(tokens.access_token);
  secrets_.add(tokens.refresh_token);
  issuer.tokens = std::move(tokens);
  refused_.reset();
}

void OAuthClient::keep() {
  if (!options_.keeper || !current_ || !current_->identity || !current_->tokens) return;
  OAuthGrant grant;
  grant.server_url = options_.server_url;
  grant.issuer = current_->metadata;
  grant.identity = *current_->identity;
  grant.redirect_uri = current_->redirect_uri;
  grant.tokens = *current_->tokens;
  grant.resource = resource_;
  grant.scope = scope_asked_;
  grant.scope_wanted = scope_wanted_;
  grant.proof_key = proof_key_.private_pem();
  if (const auto kept = options_.keeper->take(grant); !kept)
    log::error("a sign-in could not be kept", {{"server", options_.server_url}, {"problem", kept.error().message}});
}

Status OAuthClient::alone(const std::function<Status()>& work) {
  return options_.keeper ? options_.keeper->alone(work) : work();
}

void OAuthClient::publish() {
  SignInFacts facts;
  if (has_tokens()) {
    const TokenSet& tokens = *current_->tokens;
    facts.signed_in = true;
    facts.renews_itself = options_.grant != Grant::authorization_code || !tokens.refresh_token.empty();
    facts.issuer = current_->metadata.issuer;
    facts.scope = tokens.scope.empty() ? scope_asked_ : tokens.scope;
    facts.expires_at = tokens.expires_at;
    facts.refresh_expires_at = tokens.refresh_expires_at;
  }
  const bool has_ended = current_ && current_->tokens && !has_tokens();
  if (!scope_wanted_.empty())
    facts.needed = needs_person("the server wants the scope \"" + scope_wanted_ + "\" as well").message;
  else if (refused_)
    facts.needed = refused_->error.message;
  else if (has_ended)
    facts.needed = needs_person("the sign-in has ended").message;
  published_.with([&](SignInFacts& published) { published = std::move(facts); });
}

SignInFacts OAuthClient::facts() {
  if (const std::unique_lock lock{mutex_, std::try_to_lock}; lock) hear_news();
  return published_.with([](const SignInFacts& published) { return published; });
}

}  // namespace carillon::transport
