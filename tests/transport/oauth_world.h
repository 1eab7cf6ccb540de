// A server and its issuer, for tests of who signs in to them.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/transport/scripted_server.h"
#include "transport/oauth_client.h"
#include "transport/oauth_text.h"

namespace carillon::transport {

// A server and its issuer at one address; what they say may be bent.
class World {
 public:
  using FormsSent = std::vector<std::map<std::string, std::string>>;
  // Set before anything is asked.
  std::string resource, issuer, iss, state;  // empty: the true one
  bool names_issuer = true;                  // in the address that a person is sent back to
  std::string code = "c", token_stem = "t", refresh_stem = "r";
  json issuer_extra = json::object(), client_extra = json::object();
  // May be changed at any time.
  std::atomic<int> token_status{200};
  std::atomic<int> revocation_status{200};
  std::atomic<bool> refuses_renewal{false};
  std::atomic<bool> keeps_refresh_token{false};  // a renewal gives no other one

  World()
      : server_([this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) { play(request, reply); }) {
  }

  OAuthOptions options() {
    OAuthOptions options;
    options.server_url = server_.url("/mcp");
    options.redirect_uri = "http://localhost:1/cb";
    options.fetch.reach = Reach::anywhere;
    options.visit = [this](const std::string& url) -> Result<std::string> {
      const auto params = query_params(url);
      const std::lock_guard lock{mutex_};
      asked_scopes_.push_back(params.count("scope") > 0 ? params.at("scope") : "");
      challenge_ = params.at("code_challenge");
      CHECK(params.at("resource") == server_.url("/mcp"));
      FormFields back{{"code", code}, {"state", state.empty() ? params.at("state") : state}};
      if (names_issuer) back.emplace_back("iss", iss.empty() ? server_.url("") : iss);
      return "http://localhost:1/cb?" + form_encode(back);
    };
    return options;
  }
  int tokens_given() const {
    const std::lock_guard lock{mutex_};
    return tokens_given_;
  }
  std::vector<std::string> asked_scopes() const {
    const std::lock_guard lock{mutex_};
    return asked_scopes_;
  }
  FormsSent token_requests() const {
    const std::lock_guard lock{mutex_};
    return token_requests_;
  }
  int count(const std::string& grant_type) const {
    int count = 0;
    for (const auto& fields : token_requests()) count += fields.at("grant_type") == grant_type;
    return count;
  }
  int metadata_requests() const { return metadata_requests_; }
  FormsSent revocations() const {
    const std::lock_guard lock{mutex_};
    return revocations_;
  }
  static HttpRefusal unauthorized(const std::string& scope = "") {
    return {401, {"Bearer" + (scope.empty() ? "" : " scope=\"" + scope + "\"")}, ""};
  }

 private:
  void play(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    if (request.path.starts_with("/.well-known/")) ++metadata_requests_;
    if (request.path == "/mcp") {
      auto refused = json_response(401, json::object());
      refused.headers.emplace("WWW-Authenticate", "Bearer scope=\"asked\"");
      return reply->send(refused);
    }
    if (request.path == "/revoke") {
      const std::lock_guard lock{mutex_};
      revocations_.push_back(query_params("?" + request.body));
      return reply->send(json_response(revocation_status, json::object()));
    }
    if (request.path == "/.well-known/oauth-protected-resource/mcp")
      return reply->send(json_response(200, {{"resource", resource.empty() ? server_.url("/mcp") : resource},
                                             {"authorization_servers", {server_.url("")}}}));
    if (request.path == "/.well-known/oauth-authorization-server") {
      json metadata{{"issuer", issuer.empty() ? server_.url("") : issuer},
                    {"authorization_endpoint", server_.url("/authorize")},
                    {"token_endpoint", server_.url("/token")},
                    {"registration_endpoint", server_.url("/register")},
                    {"revocation_endpoint", server_.url("/revoke")},
                    {"code_challenge_methods_supported", {"S256"}},
                    {"token_endpoint_auth_methods_supported", {"none"}}};
      metadata.update(issuer_extra);
      return reply->send(json_response(200, metadata));
    }
    if (request.path == "/register") {
      json client{{"client_id", "me"}};
      client.update(client_extra);
      return reply->send(json_response(201, client));
    }
    if (request.path == "/token") return give_tokens(request, reply);
    reply->send(json_response(404, json::object()));
  }

  void give_tokens(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    const std::lock_guard lock{mutex_};
    token_requests_.push_back(query_params("?" + request.body));
    const auto& fields = token_requests_.back();
    if (token_status != 200) return reply->send(json_response(token_status, json::object()));
    if (refuses_renewal && fields.at("grant_type") == "refresh_token")
      return reply->send(json_response(400, {{"error", "invalid_grant"}}));
    const bool by_code = fields.at("grant_type") == "authorization_code";
    if (by_code && pkce_of(fields.at("code_verifier")).challenge != challenge_)
      return reply->send(json_response(400, {{"error", "invalid_grant"}}));
    json tokens{{"access_token", token_stem + std::to_string(++tokens_given_)},
                {"token_type", request.header("DPoP") ? "DPoP" : "Bearer"},
                {"expires_in", 3600}};
    if (by_code || !keeps_refresh_token) tokens["refresh_token"] = refresh_stem + std::to_string(tokens_given_);
    reply->send(json_response(200, tokens));
  }

  mutable std::mutex mutex_;
  std::string challenge_;
  int tokens_given_ = 0;
  std::vector<std::string> asked_scopes_;
  FormsSent token_requests_, revocations_;
  std::atomic<int> metadata_requests_{0};
  ScriptedServer server_;
};

inline std::string authorization(OAuthClient& client) {
  const auto headers = client.headers("POST", "http://h/mcp");
  if (!headers) return "refused: " + headers.error().message;
  return headers->empty() ? "" : headers->front().second;
}

}  // namespace carillon::transport
