// The parts of an OAuthClient that talk: to the server about who may give tokens, to an issuer about who we are, and to
// its token endpoint.
#include <nlohmann/json.hpp>

#include "transport/base64.h"
#include "transport/oauth_documents.h"
#include "transport/oauth_issuer.h"
#include "transport/sealed_state.h"

namespace carillon::transport {
namespace {

constexpr int kHttpOk = 200, kHttpCreated = 201, kTooMany = 429;
constexpr const char* kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr const char* kTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr const char* kIdToken = "urn:ietf:params:oauth:token-type:id_token";
constexpr const char* kIdJag = "urn:ietf:params:oauth:token-type:id-jag";
constexpr const char* kClientAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

FetchRequest get(const std::string& url) {
  FetchRequest request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  return request;
}

FetchRequest post_form(const std::string& url, const FormFields& fields) {
  FetchRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Accept", "application/json"}, {"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = form_encode(fields);
  return request;
}

bool is_trouble_of_theirs(const Fetched& answer) { return answer.status >= 500 || answer.status == kTooMany; }

Error refused_by(const std::string& who, const Fetched& answer) {
  const std::string status = "HTTP status " + std::to_string(answer.status);
  if (is_trouble_of_theirs(answer)) return Error{ErrorCode::unavailable, who + " is in trouble: " + status};
  const std::string code = read_oauth_error(answer.body);
  return sign_in_error(who + " refused: " + (code.empty() ? status : code));
}

bool is_on_loopback(const std::string& url) {
  const auto address = parse_http_address(url);
  return address && is_loopback(*address);
}

// The code in the address that a person was sent back to; every doubt about who sent them there is an end.
Result<std::string> read_redirect(const std::string& url, const std::string& state, const IssuerMetadata& issuer) {
  const auto params = query_params(url);
  const auto param = [&](const char* name) {
    const auto found = params.find(name);
    return found == params.end() ? std::string{} : found->second;
  };
  if (param("state") != state) return sign_in_error("the sign-in came back without the state it was given");
  const bool names_issuer = params.count("iss") > 0;
  if (!names_issuer && issuer.names_itself)
    return sign_in_error("the sign-in came back without the issuer's name, which it promises");
  if (names_issuer && param("iss") != issuer.issuer)
    return sign_in_error("the sign-in came back in another issuer's name");
  if (params.count("error") > 0) return sign_in_error("the sign-in was refused: " + param("error").substr(0, 64));
  if (param("code").empty()) return sign_in_error("the sign-in came back without a code");
  return param("code");
}

}  // namespace

// A server out in the open cannot send us into a private network; one that is in there itself can.
const FetchOptions& OAuthClient::reach() {
  if (!reach_) {
    reach_ = options_.fetch;
    if (!has_public_address(options_.server_url)) reach_->reach = Reach::anywhere;
  }
  return *reach_;
}

Result<OAuthClient::Grounds> OAuthClient::discover(const std::string& announced) {
  const auto places =
      announced.empty() ? resource_metadata_urls(options_.server_url) : std::vector<std::string>{announced};
  for (const auto& place : places) {
    const auto answer = fetch(get(place), reach());
    if (!answer) return answer.error();
    if (is_trouble_of_theirs(*answer)) return refused_by("the server", *answer);
    if (answer->status != kHttpOk) continue;
    const auto metadata = read_resource_metadata(answer->body);
    if (!metadata) return sign_in_error("the server's resource metadata makes no sense");
    if (!resource_covers(metadata->resource, options_.server_url))
      return sign_in_error("the server's resource metadata is for another server");
    auto issuer = find_issuer(metadata->issuers.front());
    if (!issuer) return issuer.error();
    return Grounds{*std::move(issuer), metadata->resource, metadata->scopes};
  }
  if (!announced.empty()) return sign_in_error("the server's resource metadata is not where it says");
  // From before resource metadata: the server is its own issuer, and may publish nothing.
  const std::string origin = origin_of(options_.server_url);
  auto issuer = find_issuer(origin);
  if (!issuer && issuer.error().code != ErrorCode::unknown_name) return issuer.error();
  return Grounds{issuer ? *std::move(issuer) : default_issuer(origin), "", ""};
}

// Refused with unknown_name: it publishes nothing.
Result<IssuerMetadata> OAuthClient::find_issuer(const std::string& issuer) {
  if (origin_of(issuer).empty()) return sign_in_error("the issuer's name is no http or https address");
  for (const auto& place : issuer_metadata_urls(issuer)) {
    const auto answer = fetch(get(place), reach());
    if (!answer) return answer.error();
    if (is_trouble_of_theirs(*answer)) return refused_by("the issuer", *answer);
    if (answer->status != kHttpOk) continue;
    auto metadata = read_issuer_metadata(answer->body);
    if (!metadata) return sign_in_error("the issuer's metadata makes no sense");
    if (metadata->issuer != issuer) return sign_in_error("the issuer's metadata is another issuer's");
    return *std::move(metadata);
  }
  return Error{ErrorCode::unknown_name, "the issuer publishes no metadata"};
}

Status OAuthClient::identify(Issuer& issuer) {
  const bool is_ours_for_good = issuer.redirect_uri.empty() || issuer.redirect_uri == options_.redirect_uri;
  if (issuer.identity && is_ours_for_good) return Done{};
  const bool is_first = issuers_.size() == 1;
  if (options_.identity && is_first) {
    issuer.identity = options_.identity;
    return Done{};
  }
  if (issuer.metadata.takes_metadata_documents && !options_.metadata_document.empty()) {
    issuer.identity =
        ClientIdentity{options_.metadata_document, "", options_.key ? TokenAuth::private_key_jwt : TokenAuth::none};
    return Done{};
  }
  if (options_.grant != Grant::authorization_code || issuer.metadata.registration_endpoint.empty())
    return sign_in_error("the issuer " + issuer.metadata.issuer + " wants a client that was registered by hand");
  return register_client(issuer);
}

Status OAuthClient::register_client(Issuer& issuer) {
  const auto& methods = issuer.metadata.token_auth_methods;
  const bool is_public = methods.empty() || holds(methods, "none");
  const TokenAuth method = is_public                               ? TokenAuth::none
                           : holds(methods, "client_secret_basic") ? TokenAuth::client_secret_basic
                                                                   : TokenAuth::client_secret_post;
  const json body{{"client_name", options_.client_name},
                  {"redirect_uris", {options_.redirect_uri}},
                  {"grant_types", {"authorization_code", "refresh_token"}},
                  {"response_types", {"code"}},
                  {"application_type", is_on_loopback(options_.redirect_uri) ? "native" : "web"},
                  {"token_endpoint_auth_method", std::string{name_of(method)}}};
  FetchRequest request;
  request.method = "POST";
  request.url = issuer.metadata.registration_endpoint;
  request.headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}};
  request.body = body.dump();
  const auto answer = fetch(request, reach());
  if (!answer) return answer.error();
  if (answer->status != kHttpOk && answer->status != kHttpCreated) return refused_by("the registration", *answer);
  issuer.identity = read_registration(answer->body);
  if (!issuer.identity) return sign_in_error("the answer to the registration makes no sense");
  issuer.redirect_uri = options_.redirect_uri;
  secrets_.add(issuer.identity->client_secret);
  return Done{};
}

Result<TokenSet> OAuthClient::grant(Issuer& issuer, const std::string& resource, const std::string& scope) {
  if (options_.grant == Grant::authorization_code) return grant_by_code(issuer, resource, scope);
  if (options_.grant == Grant::client_credentials)
    return ask_for_tokens(issuer, {{"grant_type", "client_credentials"}, {"scope", scope}, {"resource", resource}});
  if (!options_.assertion) return sign_in_error("nobody is there to vouch for this client");
  const auto assertion = options_.assertion({issuer.metadata.issuer, issuer.metadata.token_endpoint, resource, scope});
  if (!assertion) return assertion.error();
  return ask_for_tokens(
      issuer, {{"grant_type", kJwtBearer}, {"assertion", *assertion}, {"scope", scope}, {"resource", resource}});
}

Result<TokenSet> OAuthClient::grant_by_code(Issuer& issuer, const std::string& resource, const std::string& scope) {
  const IssuerMetadata& metadata = issuer.metadata;
  if (!holds(metadata.pkce_methods, "S256")) return sign_in_error("the issuer does not offer PKCE with S256");
  if (origin_of(metadata.authorization_endpoint).empty())
    return sign_in_error("the issuer's authorization endpoint is no http or https address");
  if (!options_.visit) return needs_person("nobody is there to sign in");
  const Pkce pkce = new_pkce();
  const std::string state = random_token(16);
  const std::string query = form_encode({{"response_type", "code"},
                                         {"client_id", issuer.identity->client_id},
                                         {"redirect_uri", options_.redirect_uri},
                                         {"scope", scope},
                                         {"state", state},
                                         {"code_challenge", pkce.challenge},
                                         {"code_challenge_method", "S256"},
                                         {"resource", resource}});
  const char* mark = metadata.authorization_endpoint.find('?') == std::string::npos ? "?" : "&";
  const auto redirect = options_.visit(metadata.authorization_endpoint + mark + query);
  if (!redirect) return redirect.error();
  const auto code = read_redirect(*redirect, state, metadata);
  if (!code) return code.error();
  secrets_.add(*code);
  secrets_.add(pkce.verifier);
  return ask_for_tokens(issuer, {{"grant_type", "authorization_code"},
                                 {"code", *code},
                                 {"redirect_uri", options_.redirect_uri},
                                 {"code_verifier", pkce.verifier},
                                 {"resource", resource}});
}

Result<TokenSet> OAuthClient::ask_for_tokens(Issuer& issuer, Fields fields) {
  const auto answer = post_as_client(issuer, issuer.metadata.token_endpoint, std::move(fields));
  if (!answer) return answer.error();
  if (answer->status != kHttpOk) return refused_by("the token endpoint", *answer);
  auto tokens = read_tokens(answer->body, clock_.now());
  if (!tokens) return sign_in_error("the token endpoint's answer makes no sense");
  return *std::move(tokens);
}

// A form for one of the issuer's endpoints, with whatever says there who we are.
Result<Fetched> OAuthClient::post_as_client(Issuer& issuer, const std::string& url, Fields fields) {
  const ClientIdentity& identity = *issuer.identity;
  const auto method = choose_token_auth(issuer.metadata, identity, options_.key ? KeyAtHand::yes : KeyAtHand::no);
  if (!method) return sign_in_error("the issuer takes none of the ways in which this client can say who it is");
  if (*method != TokenAuth::client_secret_basic) fields.emplace_back("client_id", identity.client_id);
  if (*method == TokenAuth::client_secret_post) fields.emplace_back("client_secret", identity.client_secret);
  if (*method == TokenAuth::private_key_jwt) {
    if (!options_.key) return sign_in_error("the issuer wants a signature, for which there is no key");
    fields.emplace_back("client_assertion_type", kClientAssertion);
    fields.emplace_back("client_assertion",
                        client_assertion(identity.client_id, issuer.metadata.issuer, *options_.key, clock_.now()));
  }
  const bool binds = holds(issuer.metadata.dpop_algorithms, proof_key_.algorithm());
  for (int attempt = 0;; ++attempt) {
    FetchRequest request = post_form(url, fields);
    if (*method == TokenAuth::client_secret_basic)
      request.headers.emplace_back("Authorization", "Basic " + to_base64(percent_encode(identity.client_id) + ":" +
                                                                         percent_encode(identity.client_secret)));
    if (binds) {
      const DpopClaims claims{"POST", without_query(request.url), "", issuer.nonce};
      request.headers.emplace_back("DPoP", dpop_proof(claims, proof_key_, clock_.now()));
    }
    auto answer = fetch(request, reach());
    if (!answer) return answer;
    const std::string nonce = answer->header("DPoP-Nonce");
    const bool wants_nonce = binds && !nonce.empty() && nonce != issuer.nonce;
    if (wants_nonce) issuer.nonce = nonce;
    const bool asks_again = wants_nonce && read_oauth_error(answer->body) == "use_dpop_nonce";
    if (answer->status == kHttpOk || !asks_again || attempt > 0) return answer;
  }
}

// RFC 7009: with the refresh token go the access tokens that came of it.
Status OAuthClient::revoke(Issuer& issuer) {
  if (issuer.metadata.revocation_endpoint.empty() || !issuer.identity) return Done{};
  const TokenSet& tokens = *issuer.tokens;
  const bool refreshes = !tokens.refresh_token.empty();
  const auto answer = post_as_client(issuer, issuer.metadata.revocation_endpoint,
                                     {{"token", refreshes ? tokens.refresh_token : tokens.access_token},
                                      {"token_type_hint", refreshes ? "refresh_token" : "access_token"}});
  if (!answer) return answer.error();
  if (answer->status != kHttpOk) return refused_by("the issuer", *answer);
  return Done{};
}

Result<std::string> exchange_identity(const IdentityProvider& provider, const AssertionAudience& audience,
                                      const FetchOptions& options) {
  const auto answer = fetch(post_form(provider.token_endpoint, {{"grant_type", kTokenExchange},
                                                                {"requested_token_type", kIdJag},
                                                                {"subject_token", provider.id_token},
                                                                {"subject_token_type", kIdToken},
                                                                {"audience", audience.issuer},
                                                                {"resource", audience.resource},
                                                                {"scope", audience.scope},
                                                                {"client_id", provider.client_id}}),
                            options);
  if (!answer) return answer.error();
  if (answer->status != kHttpOk) return refused_by("the identity provider", *answer);
  const auto tokens = read_tokens(answer->body, Instant{});
  if (!tokens) return sign_in_error("the identity provider's answer makes no sense");
  return tokens->access_token;
}

}  // namespace carillon::transport
