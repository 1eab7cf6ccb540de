#include "catalog/sign_in.h"

#include "catalog/references.h"
#include "server/base/clock.h"
#include "server/domain/moment.h"

namespace carillon::catalog {
namespace {

constexpr Duration kTurnPatience = std::chrono::seconds{60};  // a token request of another process takes no longer

// The grant of one server, on the vault's shelf under the server's name.
class VaultGrantKeeper final : public transport::GrantKeeper {
 public:
  VaultGrantKeeper(Vault vault, std::string server) : vault_(std::move(vault)), server_(std::move(server)) {}

  bool has_news() override { return seen_ != vault_.stamp(Shelf::grants, server_); }

  std::optional<transport::OAuthGrant> give() override {
    seen_ = vault_.stamp(Shelf::grants, server_);
    const auto text = vault_.read(Shelf::grants, server_);
    return text ? transport::read_grant(*text) : std::nullopt;
  }

  Status take(const transport::OAuthGrant& grant) override {
    auto written = vault_.write(Shelf::grants, server_, transport::write_grant(grant));
    seen_ = vault_.stamp(Shelf::grants, server_);
    return written;
  }

  Status forget() override {
    vault_.erase(Shelf::grants, server_);
    seen_ = vault_.stamp(Shelf::grants, server_);
    return Done{};
  }

  Status alone(const std::function<Status()>& work) override {
    const auto turn = vault_.take_turn(Shelf::grants, server_, kTurnPatience);
    if (!turn) return turn.error();
    return work();
  }

 private:
  const Vault vault_;
  const std::string server_;
  std::optional<FileStamp> seen_;
};

// A client_id that is an https address with a path is the document that describes us.
bool is_metadata_document(const std::string& client_id) {
  const auto address = transport::parse_http_address(client_id);
  return address && client_id.starts_with("https://") && address->path.size() > 1;
}

void set_identity(const AuthEntry& auth, transport::OAuthOptions& options) {
  if (is_metadata_document(auth.client_id) && auth.client_secret.empty()) {
    options.metadata_document = auth.client_id;
  } else if (!auth.client_id.empty()) {
    options.identity = transport::ClientIdentity{auth.client_id, auth.client_secret, std::nullopt};
    if (auth.grant == AuthGrant::private_key_jwt) options.identity->auth = transport::TokenAuth::private_key_jwt;
  }
  if (!auth.private_key.empty()) options.key = transport::SigningKey::from_pem(auth.private_key);
}

// Read anew for each token: a platform replaces what the reference names.
Result<std::string> read_now(const Vault& vault, const std::string& reference) {
  return References{vault}.resolve(reference);
}

void set_assertion(const AuthEntry& auth, const Vault& vault, transport::OAuthOptions& options) {
  if (!auth.assertion.empty()) {
    options.assertion = [vault, reference = auth.assertion](const transport::AssertionAudience&) {
      return read_now(vault, reference);
    };
    return;
  }
  options.assertion =
      [vault, provider = auth.identity_provider](const transport::AssertionAudience& audience) -> Result<std::string> {
    const auto token = read_now(vault, provider.id_token);
    if (!token) return token.error();
    transport::FetchOptions fetch;
    fetch.reach = transport::Reach::anywhere;  // the entry names it, nobody else
    return transport::exchange_identity({provider.token_endpoint, provider.client_id, *token}, audience, fetch);
  };
}

transport::Grant grant_of(AuthGrant grant) {
  switch (grant) {
    case AuthGrant::authorization_code:
      return transport::Grant::authorization_code;
    case AuthGrant::client_credentials:
    case AuthGrant::private_key_jwt:
      return transport::Grant::client_credentials;
    case AuthGrant::jwt_bearer:
      return transport::Grant::jwt_bearer;
  }
  return transport::Grant::authorization_code;
}

}  // namespace

std::string login_command(const std::string& server) { return "carillon login " + server; }

std::shared_ptr<transport::OAuthClient> make_sign_in(const ServerEntry& entry, const Vault& vault,
                                                     const SignInPerson& person) {
  static const SystemClock clock;
  const auto* remote = std::get_if<RemoteServer>(&entry.reach);
  if (!remote || !remote->auth) return nullptr;
  const AuthEntry& auth = *remote->auth;
  transport::OAuthOptions options;
  options.server_url = remote->url;
  options.grant = grant_of(auth.grant);
  options.scopes = auth.scopes;
  options.redirect_uri = person.redirect_uri;
  options.visit = person.visit;
  options.keeper = std::make_shared<VaultGrantKeeper>(vault, entry.name);
  if (auth.grant == AuthGrant::authorization_code)
    options.advice = "sign in with `" + login_command(entry.name) + "`";
  else
    options.advice = "look at carillon.auth of the server's entry";
  set_identity(auth, options);
  if (auth.grant == AuthGrant::jwt_bearer) set_assertion(auth, vault, options);
  return std::make_shared<transport::OAuthClient>(std::move(options), clock);
}

std::string describe(const transport::SignInFacts& facts) {
  if (!facts.needed.empty()) return facts.needed;
  if (!facts.signed_in) return "";
  std::string text = "signed in with " + facts.issuer;
  if (!facts.scope.empty()) text += ", scope " + facts.scope;
  if (facts.refresh_expires_at) return text + ", until " + to_rfc3339(*facts.refresh_expires_at);
  if (facts.renews_itself) return text + ", renews itself";
  return facts.expires_at ? text + ", until " + to_rfc3339(*facts.expires_at) : text;
}

}  // namespace carillon::catalog
