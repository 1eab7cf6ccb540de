// Who may pass, over real HTTP: tokens, challenges, the metadata they name, foreign names, sessions and sealed states
// of other principals. The official suite has no scenario for any of it.
#include <nlohmann/json.hpp>

#include "tests/transport/http_fixture.h"
#include "tests/transport/scripted_server.h"
#include "transport/oauth_client.h"
#include "transport/oauth_text.h"
#include "transport/protected_resource.h"

namespace carillon::transport {
namespace {

using namespace fixture;

// Takes the token of ann for everything and that of a reader for everything but calls.
class Scopes final : public Authenticator {
 public:
  AuthVerdict authenticate(const HttpRequest& request) override {
    const auto header = request.header("Authorization");
    const std::vector<std::string> all{"read", "run"};
    if (!header) return refuse_token(resource, TokenProblem::missing, {"read"});
    if (!header->starts_with("Bearer ")) return refuse_token(resource, TokenProblem::invalid_request, all);
    const auto token = header->substr(7);
    if (token != "ann" && token != "reader") return refuse_token(resource, TokenProblem::invalid_token, {"read"});
    if (token == "reader" && request.header("Mcp-Method") == "tools/call")
      return refuse_token(resource, TokenProblem::insufficient_scope, all);
    return Principal{"t", std::string{token}, all};
  }
  ProtectedResource resource;
};

struct Protected : Server {
  explicit Protected(const std::string& issuer = "https://issuer.example") {
    options.port = free_port();
    address = "http://127.0.0.1:" + std::to_string(options.port) + "/mcp";
    scopes.resource = {address, {issuer}, {"read", "run"}};
    http = std::make_unique<HttpServer>(options, scopes);
    http->add(endpoint.routes());
    http->add(metadata_routes(scopes.resource));
    http->start();
  }
  ~Protected() { http->stop(); }

  // The port stands in the metadata, so it is known before the server listens.
  static int free_port() {
    BearerTokens nobody;
    HttpServer probe{{}, nobody};
    probe.start();
    const int port = probe.port();
    probe.stop();
    return port;
  }
  Reply ask(const std::string& text) const {
    RawClient client{http->port()};
    client.send(text);
    return client.read_reply();
  }
  // With this Authorization header, or none.
  Reply post(const std::string& authorization, const json& request, const std::string& target = "/mcp") const {
    std::string head = "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (!authorization.empty()) head += "Authorization: " + authorization + "\r\n";
    for (const auto& [name, value] : modern_headers(request)) head += name + ": " + value + "\r\n";
    const std::string body = request.dump();
    return ask(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  Scopes scopes;
  HttpServerOptions options;
  std::string address;
  McpEndpoint endpoint{mcp, {}};
  std::unique_ptr<HttpServer> http;
};

TEST_CASE("who has no good token is told where one is given and what for", "[transport][authorization]") {
  Protected g;
  const json call = modern_call(1, "fail");
  const std::string metadata = "Bearer resource_metadata=\"" + metadata_address(g.scopes.resource) + "\"";
  const auto [given, status, rest] = GENERATE(table<std::string, int, std::string>({
      {"", 401, ", scope=\"read\""},
      {"Bearer expired", 401, ", scope=\"read\", error=\"invalid_token\""},
      {"Bearer ", 400, ", scope=\"read run\", error=\"invalid_request\""},
      {"Basic YW5uOmFubg==", 400, ", scope=\"read run\", error=\"invalid_request\""},
      {"Bearer reader", 403, ", scope=\"read run\", error=\"insufficient_scope\""},
  }));
  CAPTURE(given);
  const auto refused = g.post(given, call);
  CHECK(refused.status == status);
  CHECK(refused.header("WWW-Authenticate") == metadata + rest);
  CHECK(refused.header("WWW-Authenticate").find("offline_access") == std::string::npos);
  CHECK(g.post("Bearer ann", call).status == 200);
}

TEST_CASE("who is not known at hand is looked up before the request is handled", "[transport][authorization]") {
  Server g;
  BearerTokens tokens;
  HttpServer http{{}, tokens};
  std::atomic<int> handled = 0;
  std::string agent;
  http.add({.method = "POST", .path = "/x", .handle = [&](const HttpRequest& request, const auto& reply) {
              agent = request.principal->agent;
              ++handled;
              reply->send({.body = request.body});
            }});
  http.start();
  const auto ask = [&](const std::string& token) {
    RawClient client{http.port()};
    client.send("POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
                "\r\nContent-Length: 2\r\n\r\nhi");
    return client.read_reply();
  };
  const auto good = ask("cleo");
  CHECK(good.status == 200);
  CHECK(good.body == "hi");
  CHECK(agent == "cleo");
  const auto bad = ask("cleo-gone");
  CHECK(bad.status == 401);
  CHECK(bad.header("WWW-Authenticate") == "Bearer error=\"invalid_token\"");
  CHECK(ask("cleo-unknown").status == 401);  // whoever stays undecided does not come in
  const auto away = ask("cleo-away");
  CHECK(away.status == 503);
  CHECK(json::parse(away.body)["error"] == "unavailable");
  CHECK(handled == 1);
  http.stop();
}

TEST_CASE("a token in the address is none", "[transport][authorization]") {
  Protected g;
  CHECK(g.post("", modern_call(1, "fail"), "/mcp?access_token=ann").status == 401);
  CHECK(g.post("", modern_call(1, "fail"), "/mcp?Authorization=Bearer%20ann&token=ann").status == 401);
}

TEST_CASE("two credentials or two origins are none", "[transport][authorization]") {
  Protected g;
  const std::string start = "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  CHECK(g.ask(start + "Authorization: Bearer ann\r\nAuthorization: Bearer reader\r\n\r\n").status == 400);
  CHECK(g.ask(start + "Origin: http://localhost\r\nOrigin: http://evil.example\r\n\r\n").status == 400);
}

TEST_CASE("the metadata of a protected resource is open and names itself and its issuers",
          "[transport][authorization]") {
  Protected g;
  const auto path =
      GENERATE(as<std::string>{}, "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource");
  const auto reply = g.ask("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  REQUIRE(reply.status == 200);
  const json document = json::parse(reply.body);
  CHECK(document["resource"] == g.address);
  CHECK(document["authorization_servers"] == json{"https://issuer.example"});
  CHECK(document["bearer_methods_supported"] == json{"header"});
  CHECK(read_resource_metadata(reply.body)->issuers == std::vector<std::string>{"https://issuer.example"});
}

TEST_CASE("a refused request is not read and its connection goes on", "[transport][authorization]") {
  Protected g;
  RawClient client{g.http->port()};
  const std::string good = modern_post(modern_call(1, "fail"));
  std::string bad = good;
  bad.replace(bad.find("Bearer ann"), 10, "Bearer who");
  client.send(bad + good);
  CHECK(client.read_reply().status == 401);
  CHECK(client.read_reply().status == 200);
  CHECK(g.ask("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n").status == 401);
}

TEST_CASE("a page of a foreign name reaches nothing however it is resolved", "[transport][authorization]") {
  Protected g;
  const auto [host, origin] = GENERATE(table<std::string, std::string>({
      {"evil.example", ""},
      {"evil.example:80", "http://evil.example:80"},
      {"127.0.0.1", "http://evil.example"},
      {"localhost.", ""},
      {"127.0.0.1@evil.example", ""},
      {"[::1", ""},
      {"127.1", ""},
      {"2130706433", ""},
      {"127.0.0.1", "http://127.0.0.1@evil.example"},
      {"127.0.0.1", "http://127.0.0.1.evil.example"},
      {"127.0.0.1", "http://evil.example/http://127.0.0.1"},
      {"127.0.0.1", "file://"},
      {"127.0.0.1", "localhost"},
      {"127.0.0.1", "null"},
  }));
  CAPTURE(host, origin);
  std::string text = modern_post(modern_call(1, "fail"));
  text.replace(text.find("Host: 127.0.0.1"), 15, "Host: " + host);
  if (!origin.empty()) text.insert(text.find("\r\n") + 2, "Origin: " + origin + "\r\n");
  const auto refused = g.ask(text);
  CHECK(refused.status == 403);
  CHECK(refused.header("Access-Control-Allow-Origin").empty());
}

TEST_CASE("a foreign page that asks first gets no leave", "[transport][authorization]") {
  Protected g;
  const auto asked = g.ask(
      "OPTIONS /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://evil.example\r\n"
      "Access-Control-Request-Method: POST\r\n\r\n");
  CHECK(asked.status == 403);
  CHECK(asked.header("Access-Control-Allow-Origin").empty());
}

TEST_CASE("a sealed state is of no use to another principal", "[transport][authorization]") {
  Web web;
  const auto asked = json::parse(web.ask(modern_post(modern_call(1, "ask"))).body);
  auto again = modern_call(2, "ask");
  again["params"]["requestState"] = asked["result"]["requestState"];
  again["params"]["inputResponses"] = {{"name", {{"action", "accept"}, {"content", {{"name", "Ada"}}}}}};
  CHECK(json::parse(web.ask(as_bob(modern_post(again))).body)["error"]["code"] == rpc_code::kInvalidParams);
  CHECK(json::parse(web.ask(modern_post(again)).body)["result"]["content"][0]["text"] == "Hello, Ada, asked 1");
}

TEST_CASE("a session takes questions streams and cancels from its own principal only", "[transport][authorization]") {
  Web web;
  const auto session = web.open_session("2025-06-18");
  auto waits = web.client();
  waits.send(legacy_post(legacy(1, "tools/call", {{"name", "park"}}), session));
  REQUIRE(web.tools.parking.wait_parked(1));
  const json cancel{{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}};
  CHECK(web.ask(as_bob(legacy_post(cancel, session))).status == 404);
  CHECK(web.ask(as_bob(request_text("DELETE /mcp", session))).status == 404);
  auto listening = session;
  listening.emplace_back("Accept", "text/event-stream");
  CHECK(web.ask(as_bob(request_text("GET /mcp", listening))).status == 404);
  CHECK(web.ask(legacy_post(cancel, session)).status == 202);
  CHECK(web.tools.parking.wait_cancelled(1));
}

// Our own client finds its way from a refusal to a token: both halves of the protocol meet.
TEST_CASE("from the challenge alone a client finds the issuer and comes back with a token",
          "[transport][authorization]") {
  std::string issuer_url;
  ScriptedServer issuer{[&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    if (request.path == "/.well-known/oauth-authorization-server")
      return reply->send(json_response(200, {{"issuer", issuer_url},
                                             {"authorization_endpoint", issuer_url + "/authorize"},
                                             {"token_endpoint", issuer_url + "/token"},
                                             {"code_challenge_methods_supported", {"S256"}}}));
    if (request.path == "/token") {
      const auto fields = query_params("?" + request.body);
      const bool right = fields.at("scope") == "read" && fields.contains("resource");
      return reply->send(right ? json_response(200, {{"access_token", "ann"}, {"token_type", "Bearer"}})
                               : json_response(400, {{"error", "invalid_scope"}}));
    }
    reply->send(json_response(404, json::object()));
  }};
  issuer_url = issuer.url("");
  Protected g{issuer_url};
  OAuthOptions options;
  options.server_url = g.address;
  options.grant = Grant::client_credentials;
  options.identity = ClientIdentity{"me", "secret"};
  options.fetch.reach = Reach::anywhere;
  const SystemClock clock;
  OAuthClient client{options, clock};
  const auto refused = g.post("", modern_call(1, "fail"));
  CHECK(client.answer({refused.status, {refused.header("WWW-Authenticate")}, ""}, {}).ok());
  const auto headers = client.headers("POST", g.address);
  REQUIRE(headers.ok());
  REQUIRE(headers->size() == 1);
  CHECK(g.post((*headers)[0].second, modern_call(1, "fail")).status == 200);
}

}  // namespace
}  // namespace carillon::transport
