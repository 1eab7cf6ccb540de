#include "transport/oauth_client.h"

#include <catch2/catch.hpp>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/transport/scripted_server.h"
#include "transport/oauth_text.h"

using namespace carillon;
using namespace carillon::transport;

namespace {

// A server and its issuer at one address; what they say may be bent.
class World {
 public:
  using FormsSent = std::vector<std::map<std::string, std::string>>;
  // Set before anything is asked.
  std::string resource, issuer, iss;  // empty: the true one
  json issuer_extra = json::object();

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
      return "http://localhost:1/cb?" +
             form_encode({{"code", "c"}, {"state", params.at("state")}, {"iss", iss.empty() ? server_.url("") : iss}});
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
  static HttpRefusal unauthorized(const std::string& scope = "") {
    return {401, {"Bearer" + (scope.empty() ? "" : " scope=\"" + scope + "\"")}, ""};
  }

 private:
  void play(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    if (request.path == "/.well-known/oauth-protected-resource/mcp")
      return reply->send(json_response(200, {{"resource", resource.empty() ? server_.url("/mcp") : resource},
                                             {"authorization_servers", {server_.url("")}}}));
    if (request.path == "/.well-known/oauth-authorization-server") {
      json metadata{{"issuer", issuer.empty() ? server_.url("") : issuer},
                    {"authorization_endpoint", server_.url("/authorize")},
                    {"token_endpoint", server_.url("/token")},
                    {"registration_endpoint", server_.url("/register")},
                    {"code_challenge_methods_supported", {"S256"}},
                    {"token_endpoint_auth_methods_supported", {"none"}}};
      metadata.update(issuer_extra);
      return reply->send(json_response(200, metadata));
    }
    if (request.path == "/register") return reply->send(json_response(201, {{"client_id", "me"}}));
    if (request.path == "/token") return give_tokens(request, reply);
    reply->send(json_response(404, json::object()));
  }

  void give_tokens(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    const std::lock_guard lock{mutex_};
    token_requests_.push_back(query_params("?" + request.body));
    const auto& fields = token_requests_.back();
    const bool by_code = fields.at("grant_type") == "authorization_code";
    if (by_code && pkce_of(fields.at("code_verifier")).challenge != challenge_)
      return reply->send(json_response(400, {{"error", "invalid_grant"}}));
    reply->send(json_response(200, {{"access_token", "t" + std::to_string(++tokens_given_)},
                                    {"token_type", request.header("DPoP") ? "DPoP" : "Bearer"},
                                    {"refresh_token", "r"},
                                    {"expires_in", 3600}}));
  }

  mutable std::mutex mutex_;
  std::string challenge_;
  int tokens_given_ = 0;
  std::vector<std::string> asked_scopes_;
  FormsSent token_requests_;
  ScriptedServer server_;
};

std::string authorization(OAuthClient& client) {
  const auto headers = client.headers("POST", "http://h/mcp");
  return headers.empty() ? "" : headers.front().second;
}

}  // namespace

TEST_CASE("a refusal leads to a token and the token is renewed without a person", "[transport][oauth_client]") {
  World world;
  FixedClock clock{Instant{std::chrono::seconds{1'000'000}}};
  OAuthClient client{world.options(), clock};
  CHECK(client.headers("POST", "http://h/mcp").empty());
  CHECK_FALSE(client.answer(World::unauthorized("a"), {}));
  CHECK(authorization(client) == "Bearer t1");
  CHECK(world.asked_scopes() == std::vector<std::string>{"a"});
  CHECK(world.token_requests().at(0).at("client_id") == "me");

  // A late refusal of a request that went out before the token was there.
  CHECK_FALSE(client.answer(World::unauthorized("a"), {}));
  CHECK(world.tokens_given() == 1);
  // The server takes the token no more; then its time is over.
  CHECK_FALSE(client.answer(World::unauthorized("a"), {{"Authorization", "Bearer t1"}}));
  CHECK(authorization(client) == "Bearer t2");
  clock.advance(std::chrono::seconds{3590});
  CHECK(authorization(client) == "Bearer t3");
  CHECK(world.token_requests().at(2).at("grant_type") == "refresh_token");
  CHECK(world.asked_scopes().size() == 1);
}

TEST_CASE("more scope is asked for together with the old and never twice", "[transport][oauth_client]") {
  World world;
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  REQUIRE_FALSE(client.answer(World::unauthorized("a"), {}));
  const HttpRefusal more{403, {"Bearer error=\"insufficient_scope\", scope=\"b\""}, ""};
  CHECK_FALSE(client.answer(more, client.headers("POST", "http://h/mcp")));
  CHECK(world.asked_scopes() == std::vector<std::string>{"a", "a b"});
  CHECK(client.answer(more, client.headers("POST", "http://h/mcp")));
  CHECK(client.answer({403, {"Bearer"}, ""}, client.headers("POST", "http://h/mcp")));
  CHECK(world.asked_scopes().size() == 2);
}

TEST_CASE("nobody may speak for another server or issuer", "[transport][oauth_client]") {
  World world;
  const int lie = GENERATE(0, 1, 2, 3, 4, 5);
  if (lie == 0) world.resource = "https://evil.example/mcp";
  if (lie == 1) world.issuer = "https://evil.example";
  if (lie == 2) world.iss = "https://evil.example";
  if (lie == 3) world.issuer_extra = {{"code_challenge_methods_supported", {"plain"}}};
  if (lie == 4) world.issuer_extra = {{"authorization_endpoint", "file:///etc/passwd"}};
  if (lie == 5) world.issuer_extra = {{"token_endpoint", "gopher://x"}};
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  CHECK(client.answer(World::unauthorized(), {}));
  CHECK(world.token_requests().empty());
  CHECK(client.headers("POST", "http://h/mcp").empty());
}

TEST_CASE("an issuer that can bind tokens to our key gets a proof and each request another",
          "[transport][oauth_client]") {
  World world;
  world.issuer_extra = {{"dpop_signing_alg_values_supported", {"ES256"}}};
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  REQUIRE_FALSE(client.answer(World::unauthorized(), {}));
  const auto first = client.headers("POST", "http://h/mcp"), second = client.headers("POST", "http://h/mcp");
  REQUIRE(first.size() == 2);
  CHECK(first[0] == Header{"Authorization", "DPoP t1"});
  CHECK(first[1].first == "DPoP");
  CHECK(first[1] != second[1]);
  // A nonce of the server's is no reason to sign in again.
  CHECK_FALSE(client.answer({401, {"DPoP error=\"use_dpop_nonce\""}, "n"}, first));
  CHECK(world.tokens_given() == 1);
}
