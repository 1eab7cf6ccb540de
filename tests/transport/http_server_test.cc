#include "transport/http_server.h"

#include <sys/resource.h>

#include <future>
#include <thread>

#include "tests/transport/http_fixture.h"
#include "transport/http_handler.h"

namespace carillon::transport {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

HttpRoute route(const char* method, const char* path, HttpHandler handle, Access access = Access::open) {
  return {method, path, access, std::move(handle)};
}
// Says what it was asked.
void tell(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  reply->send(json_response(200, {{"path", request.path},
                                  {"values", request.path_values},
                                  {"query", request.query},
                                  {"agent", request.principal ? request.principal->agent : ""},
                                  {"size", request.body.size()}}));
}

TEST_CASE("routes take literal paths and values and rests", "[transport][http_server]") {
  Web web{{},
          {route("GET", "/health", tell), route("GET", "/v1/{kind}/{name}", tell), route("GET", "/files/*", tell),
           route("POST", "/v1/{kind}/{name}", tell, Access::credential)}};
  CHECK(web.ask(request_text("GET /health?deep=1", {})).body.find(R"("deep":"1")") != std::string::npos);
  const json valued = json::parse(web.ask(request_text("GET /v1/tools/a%20b", {})).body);
  CHECK(valued["values"] == json{{"kind", "tools"}, {"name", "a b"}});
  CHECK(json::parse(web.ask(request_text("GET /files/a/b", {})).body)["values"]["*"] == "a/b");
  CHECK(json::parse(web.ask(request_text("POST /v1/a/b", {}, "{}")).body)["agent"] == "ann");
  CHECK(web.ask(request_text("GET /v1/tools", {})).status == 404);
  CHECK(web.ask(request_text("GET /nothing", {})).status == 404);
  const auto wrong = web.ask(request_text("DELETE /v1/a/b", {}));
  CHECK(wrong.status == 405);
  CHECK(wrong.header("Allow") == "GET, POST");
  auto client = web.client();
  client.send(request_text("HEAD /health", {}) + request_text("GET /health", {}));
  CHECK(client.read_head().status == 200);
  CHECK(client.read_reply().status == 200);  // nothing stood between the two
}

TEST_CASE("a connection is kept for many requests and takes them ahead", "[transport][http_server]") {
  Web web{{}, {route("GET", "/health", tell), route("POST", "/echo", tell)}};
  auto client = web.client();
  for (int i = 0; i < 50; ++i) {
    client.send(request_text("GET /health", {}));
    CHECK(client.read_reply().status == 200);
  }
  client.send(request_text("POST /echo", {}, "12345") + request_text("GET /health", {}) +
              request_text("POST /echo", {}, "1"));
  CHECK(json::parse(client.read_reply().body)["size"] == 5);
  CHECK(client.read_reply().status == 200);
  CHECK(json::parse(client.read_reply().body)["size"] == 1);
}

TEST_CASE("only allowed names may stand in Host and Origin", "[transport][http_server]") {
  Web web{{}, {route("GET", "/health", tell)}};
  const auto [host, origin, status] = GENERATE(table<std::string, std::string, int>({
      {"127.0.0.1:80", "", 200},
      {"localhost", "http://localhost:3000", 200},
      {"[::1]:8930", "http://[::1]", 200},
      {"carillon.example", "https://Carillon.Example", 200},
      {"evil.example.com", "", 403},
      {"127.0.0.1.evil.example.com", "", 403},
      {"127.0.0.1", "http://evil.example.com", 403},
      {"127.0.0.1", "null", 403},
      {"127.0.0.1", "http://localhost.evil.example.com", 403},
  }));
  CAPTURE(host, origin);
  const std::string line = origin.empty() ? "" : "Origin: " + origin + "\r\n";
  CHECK(web.ask("GET /health HTTP/1.1\r\nHost: " + host + "\r\n" + line + "\r\n").status == status);
}

TEST_CASE("a request needs exactly one Host", "[transport][http_server]") {
  Web web{{}, {route("GET", "/health", tell)}};
  CHECK(web.ask("GET /health HTTP/1.1\r\n\r\n").status == 400);
  CHECK(web.ask("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").status == 400);
}

TEST_CASE("pages of an allowed origin may read answers and ask first", "[transport][http_server]") {
  Web web{{}, {route("GET", "/health", tell)}};
  const auto answer = web.ask(request_text("GET /health", {{"Origin", "http://localhost:3000"}}));
  CHECK(answer.header("Access-Control-Allow-Origin") == "http://localhost:3000");
  CHECK(web.ask(request_text("GET /health", {})).header("Access-Control-Allow-Origin").empty());
  const auto asked = web.ask(request_text("OPTIONS /mcp", {{"Origin", "http://localhost:3000"}}));
  CHECK(asked.status == 204);
  CHECK(asked.header("Access-Control-Allow-Methods") == "POST, GET, DELETE");
}

TEST_CASE("without a credential a route with one answers 401 and a challenge", "[transport][http_server]") {
  Web web;
  const auto refused = web.ask("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(refused.status == 401);
  CHECK(refused.header("WWW-Authenticate") == "Bearer resource_metadata=\"http://127.0.0.1/x\"");
}

TEST_CASE("floods of headers are refused and the server lives", "[transport][http_server]") {
  Web web{{}, {route("GET", "/health", tell)}};
  std::string many = "GET /health HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 200; ++i) many += "X: 1\r\n";
  CHECK(web.ask(many + "\r\n").status == 431);
  CHECK(web.ask("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n").status ==
        431);
  auto endless = web.client();
  endless.send("GET /health HTTP/1.1\r\n");
  const std::string lines(60'000, 'x');
  endless.send(lines);
  CHECK(endless.read_reply().status == 431);
  CHECK(web.ask(request_text("GET /health", {})).status == 200);
}

TEST_CASE("heads that could be read in two ways are refused", "[transport][http_server]") {
  Web web{{}, {route("POST", "/echo", tell)}};
  const auto headers = GENERATE(as<std::string>{}, "Content-Length: 5\r\nContent-Length: 6\r\n",
                                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: -1\r\n",
                                "Content-Length: 5x\r\n", "Content-Length : 5\r\n", "Transfer-Encoding: gzip\r\n",
                                "Transfer-Encoding: chunked, chunked\r\n", "no colon here\r\n");
  CAPTURE(headers);
  CHECK(web.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\nhello").status == 400);
}

TEST_CASE("bodies beyond the limit are refused whether announced or not", "[transport][http_server]") {
  HttpLimits limits;
  limits.body_bytes_max = 100'000;
  Web web{limits, {route("POST", "/echo", tell)}};
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  CHECK(web.ask(head + "Content-Length: 99999999999\r\n\r\n").status == 413);
  CHECK(web.ask(request_text("POST /echo", {}, std::string(100'001, 'x'))).status == 413);
  CHECK(json::parse(web.ask(request_text("POST /echo", {}, std::string(100'000, 'x'))).body)["size"] == 100'000);
  auto chunked = web.client();
  chunked.send(head + "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  for (int i = 0; i < 20 && chunked.send(chunk); ++i) continue;
  CHECK(chunked.read_reply().status == 413);
  auto fine = web.client();
  fine.send(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n" + request_text("POST /echo", {}, "1"));
  CHECK(json::parse(fine.read_reply().body)["size"] == 0x8000);
  CHECK(json::parse(fine.read_reply().body)["size"] == 1);
}

TEST_CASE("a path as long as a head may be is answered", "[transport][http_server]") {
  Web web{{}, {route("POST", "/echo", tell)}};
  CHECK(web.ask(request_text("POST /" + std::string(8'000, 'a'), {}, "{}")).status == 404);
  CHECK(web.ask(request_text("POST /" + std::string(30'000, 'a'), {}, "{}")).status == 414);
  CHECK(web.ask(request_text("POST /echo", {}, "{}")).status == 200);
}

TEST_CASE("a client that waits for leave to send its body gets it", "[transport][http_server]") {
  Web web{{}, {route("POST", "/echo", tell)}};
  auto client = web.client();
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  CHECK(client.read_head().status == 100);
  client.send("hello");
  CHECK(json::parse(client.read_reply().body)["size"] == 5);
}

TEST_CASE("a slow head is ended", "[transport][http_server]") {
  HttpLimits limits;
  limits.header_time = 30ms;
  limits.idle_time = 30ms;
  Web web{limits, {route("GET", "/health", tell)}};
  CHECK(web.ask("GET /health HTTP/1.1\r\nHost:").status == 408);
  auto silent = web.client();
  CHECK(silent.at_end());
}

TEST_CASE("an answer may come later from any thread", "[transport][http_server]") {
  std::shared_ptr<HttpReply> kept;
  std::promise<void> arrived;
  Web web{{}, {route("GET", "/later", [&](const HttpRequest&, std::shared_ptr<HttpReply> reply) {
            kept = std::move(reply);
            arrived.set_value();
          })}};
  auto client = web.client();
  client.send(request_text("GET /later", {}));
  REQUIRE(arrived.get_future().wait_for(kPatience) == std::future_status::ready);
  kept->send(json_response(201, {{"done", true}}));
  kept->send(json_response(500, {}));
  CHECK(client.read_reply().status == 201);
}

TEST_CASE("a reply that nobody keeps becomes a 500 and so does a throwing handler", "[transport][http_server]") {
  Web web{{},
          {route("GET", "/dropped", [](const HttpRequest&, const std::shared_ptr<HttpReply>&) {}),
           route("GET", "/thrown", [](const HttpRequest&, const std::shared_ptr<HttpReply>&) {
             throw std::runtime_error{"secret detail"};
           })}};
  CHECK(web.ask(request_text("GET /dropped", {})).status == 500);
  const auto thrown = web.ask(request_text("GET /thrown", {}));
  CHECK(thrown.status == 500);
  for (const auto& [name, value] : thrown.headers) CHECK(value.find("secret") == std::string::npos);
}

TEST_CASE("a handler is told that its client has gone", "[transport][http_server]") {
  std::promise<std::stop_token> token;
  std::shared_ptr<HttpReply> kept;
  Web web{{}, {route("GET", "/later", [&](const HttpRequest& request, std::shared_ptr<HttpReply> reply) {
            kept = std::move(reply);
            token.set_value(request.gone);
          })}};
  auto client = web.client();
  client.send(request_text("GET /later", {}));
  const auto gone = token.get_future().get();
  std::promise<void> told;
  const std::stop_callback callback{gone, [&] { told.set_value(); }};
  client.hang_up();
  CHECK(told.get_future().wait_for(kPatience) == std::future_status::ready);
  kept->send(json_response(200, {}));
}

TEST_CASE("a stream gets silence comments and ends with its client or its handler", "[transport][http_server]") {
  HttpLimits limits;
  limits.event_silence = 5ms;
  std::shared_ptr<HttpReply> kept;
  Web web{limits, {route("GET", "/events", [&](const HttpRequest&, std::shared_ptr<HttpReply> reply) {
            reply->begin_stream({200, "text/event-stream", "first", {}});
            kept = std::move(reply);
          })}};
  auto client = web.client();
  client.send(request_text("GET /events", {}));
  CHECK(client.read_head().header("Content-Type") == "text/event-stream");
  CHECK(client.read_chunk() == "first");
  CHECK(client.read_chunk() == ":\n\n");
  kept->finish();
  while (client.read_chunk() == ":\n\n") continue;
  client.send(request_text("GET /events", {}));
  CHECK(client.read_head().status == 200);
}

TEST_CASE("a stream whose client does not read is given up", "[transport][http_server]") {
  HttpLimits limits;
  limits.stream_unsent_bytes_max = 1'000'000;
  std::shared_ptr<HttpReply> kept;
  std::promise<void> arrived;
  Web web{limits, {route("GET", "/events", [&](const HttpRequest&, std::shared_ptr<HttpReply> reply) {
            reply->begin_stream({200, "text/plain", "", {}});
            kept = std::move(reply);
            arrived.set_value();
          })}};
  auto client = web.client();
  client.send(request_text("GET /events", {}));
  arrived.get_future().wait();
  const std::string piece(100'000, 'x');
  int written = 0;
  while (written < 10'000 && kept->write(piece)) ++written;
  CHECK(written < 10'000);
}

TEST_CASE("idle connections do not keep new ones out", "[transport][http_server]") {
  HttpLimits limits;
  limits.connections_max = 4;
  Web web{limits, {route("GET", "/health", tell)}};
  std::vector<RawClient> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(web.client());
    idle.back().send(request_text("GET /health", {}));
    REQUIRE(idle.back().read_reply().status == 200);
  }
  CHECK(web.ask(request_text("GET /health", {})).status == 200);
  CHECK(web.http->connections() <= 4);
}

TEST_CASE("of idle connections those that were idle longest make room", "[transport][http_server]") {
  HttpLimits limits;
  limits.connections_max = 12;  // as many for each loop, however many there are
  Web web{limits, {route("GET", "/health", tell)}};
  std::vector<RawClient> clients;
  for (int i = 0; i < 18; ++i) {
    clients.push_back(web.client());
    clients.back().send(request_text("GET /health", {}));
    REQUIRE(clients.back().read_reply().status == 200);
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    INFO(i);
    clients[i].send(request_text("GET /health", {}));
    CHECK(clients[i].read_reply().status == (i < 6 ? 0 : 200));
  }
}

TEST_CASE("a server that may open no more files takes connections again when it may", "[transport][http_server]") {
  Web web{{}, {route("GET", "/health", tell)}};
  auto known = web.client();  // of the loop that accepts
  known.send(request_text("GET /health", {}));
  REQUIRE(known.read_reply().status == 200);
  auto socket = RawClient::new_socket();
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const rlimit none{0, usual.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  RawClient late{std::move(socket), web.http->port()};
  known.send(request_text("GET /health", {}));
  const int meanwhile = known.read_reply().status;  // by now it has tried to accept the other one
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK(meanwhile == 200);
  late.send(request_text("GET /health", {}));
  CHECK(late.read_reply().status == 200);
}

TEST_CASE("two servers cannot have the same port", "[transport][http_server]") {
  Web web;
  BearerTokens tokens;
  HttpServerOptions options;
  options.port = web.http->port();
  HttpServer second{options, tokens};
  CHECK_THROWS_AS(second.start(), std::system_error);
}

TEST_CASE("a server stops while requests wait and streams run", "[transport][http_server]") {
  std::vector<std::shared_ptr<HttpReply>> kept;
  std::promise<void> arrived;
  auto web = std::make_unique<Web>(
      HttpLimits{}, std::vector{route("GET", "/later", [&](const HttpRequest&, std::shared_ptr<HttpReply> reply) {
        kept.push_back(std::move(reply));
        arrived.set_value();
      })});
  auto waits = web->client();
  auto idle = web->client();
  waits.send(request_text("GET /later", {}));
  REQUIRE(arrived.get_future().wait_for(kPatience) == std::future_status::ready);
  web.reset();
  CHECK(waits.read_reply().status == 503);
  kept.clear();
}

}  // namespace
}  // namespace carillon::transport
