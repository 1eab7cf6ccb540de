// What keeps one caller from holding up the others, and any input from growing memory: each limit that no other test of
// this room meets. The rest: http_server_test, http_endpoint_test, http_session_test, line_connection_test,
// server_test.
#include <nlohmann/json.hpp>

#include "tests/transport/http_fixture.h"
#include "tests/transport/pipe_client.h"
#include "transport/base64.h"

namespace carillon::transport {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

// 300,000 blanks, compressed by gzip.
constexpr const char* kBomb =
    "H4sIAAAAAAACA+3BAQ0AAADCoCrvn9IeDigAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAPgx3yofVOCTBAA=";

std::vector<HttpRoute> echo() {
  return {{"POST", "/echo", Access::open, [](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
             reply->send(json_response(200, {{"size", request.body.size()}}));
           }}};
}

TEST_CASE("a small body that unpacks to a large one is refused", "[transport][limits]") {
  HttpLimits limits;
  limits.body_bytes_max = 100'000;
  const Web web{limits, echo()};
  const int bomb = web.ask(request_text("POST /echo", {{"Content-Encoding", "gzip"}}, *from_base64(kBomb))).status;
  CHECK((bomb == 413 || bomb == 415));
  CHECK(web.ask(request_text("POST /echo", {{"Content-Encoding", "gzip"}}, "no gzip at all")).status >= 400);
  CHECK(web.ask(request_text("POST /echo", {}, "{}")).status == 200);
}

// The first part of a body may be a request by itself, and none at all the default.
TEST_CASE("a body of which only a part comes is never handed over", "[transport][limits]") {
  HttpLimits limits;
  limits.body_time = 30ms;
  std::atomic<int> handled{0};
  const Web web{limits, {{"POST", "/count", Access::open, [&](const HttpRequest&, const auto& reply) {
                            ++handled;
                            reply->send(json_response(200, {}));
                          }}}};
  const std::string head = "POST /count HTTP/1.1\r\nHost: localhost\r\n";
  const auto rest = GENERATE(as<std::string>{}, "Content-Length: 100\r\n\r\n{}", "Content-Length: 100\r\n\r\n",
                             "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "Transfer-Encoding: chunked\r\n\r\n",
                             "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n");
  CAPTURE(rest);
  auto slow = web.client();
  slow.send(head + rest);
  const int late = slow.read_reply().status;
  CHECK((late == 0 || late >= 400));
  {
    auto gone = web.client();
    gone.send(head + rest);
  }
  CHECK(web.ask(request_text("POST /count", {}, "{}")).status == 200);
  CHECK(handled == 1);
}

TEST_CASE("a server whose executor is full says so and answers what it has", "[transport][limits]") {
  class Refusing final : public Executor {
   public:
    bool run(std::function<void()>) override { return false; }
  } executor;
  Tools tools;
  SystemClock clock;
  McpServer mcp{Server::default_options(), {&tools}, clock, executor};
  const auto sink = std::make_shared<Collected>();
  const auto peer = mcp.connect(Peer::Kind::stream, {}, sink);
  for (int id = 0; id < 3; ++id) mcp.receive_text({peer, sink}, modern_call(id, "fail").dump());
  mcp.receive_text({peer, sink}, modern_request("d", "server/discover").dump());
  const auto heard = sink->take();
  REQUIRE(heard.size() == 4);
  for (int id = 0; id < 3; ++id) CHECK(json::parse(heard[static_cast<std::size_t>(id)])["error"]["code"] == -32603);
  CHECK(json::parse(heard[3])["result"].contains("supportedVersions"));
  CHECK(peer->in_flight() == 0);
}

TEST_CASE("a legacy peer watches only so many resources", "[transport][limits]") {
  auto options = Server::default_options();
  options.peer.watches_max = 1;
  class Anything final : public ResourceService {
   public:
    void list_resources(const RequestContext&, const Cursor&, PageDone done) override { done(Page{}); }
    void list_templates(const RequestContext&, const Cursor&, PageDone done) override { done(Page{}); }
    void read_resource(const RequestContext&, const std::string&, ReadDone done) override { done(Contents{}); }
    bool may_watch(const RequestContext&, const std::string&) override { return true; }
  } resources;
  SystemClock clock;
  InlineExecutor executor;
  Services services;
  services.resources = &resources;
  McpServer mcp{options, services, clock, executor};
  const auto sink = std::make_shared<Collected>();
  const auto peer = mcp.connect(Peer::Kind::stream, {}, sink);
  mcp.receive_text({peer, sink}, hello("2025-06-18").dump());
  for (const char* uri : {"test://a", "test://b", "test://a"})
    mcp.receive_text({peer, sink}, legacy(uri, "resources/subscribe", {{"uri", uri}}).dump());
  const auto heard = sink->take();
  REQUIRE(heard.size() == 4);
  CHECK(json::parse(heard[1]).contains("result"));
  CHECK(json::parse(heard[2])["error"]["code"] == -32603);
  CHECK(json::parse(heard[3]).contains("result"));
}

TEST_CASE("a listener hears of only so many resources", "[transport][limits]") {
  Server server;
  const auto sink = std::make_shared<Collected>();
  const auto peer = server.mcp.connect(Peer::Kind::stream, {}, sink);
  const json many(5000, "test://a");
  server.mcp.receive_text(
      {peer, sink},
      modern_request(1, "subscriptions/listen", {{"notifications", {{"resourceSubscriptions", many}}}}).dump());
  CHECK(json::parse(sink->take().at(0))["params"]["notifications"]["resourceSubscriptions"].size() <= 1000);
  server.mcp.disconnect(peer);
}

TEST_CASE("a client that answers nonsense is not asked for ever", "[transport][limits]") {
  Server server;
  const auto sink = std::make_shared<Collected>();
  const auto peer = server.mcp.connect(Peer::Kind::stream, {}, sink);
  const auto say = [&](const json& message) { server.mcp.receive_text({peer, sink}, message.dump()); };
  say(hello("2025-06-18", {{"elicitation", json::object()}}));
  say(legacy(1, "tools/call", {{"name", "ask"}}));
  sink->take();
  json last;
  for (int round = 1; round <= 30 && !last.contains("error"); ++round) {
    say({{"jsonrpc", "2.0"}, {"id", "carillon-" + std::to_string(round)}, {"result", round}});
    const auto heard = sink->take();
    REQUIRE(heard.size() == 1);
    last = json::parse(heard[0]);
  }
  CHECK(last["error"]["code"] == -32603);
  CHECK(peer->in_flight() == 0);
}

TEST_CASE("many clients that connect and vanish leave nothing behind", "[transport][limits]") {
  Server server;
  for (int i = 0; i < 300; ++i) {
    PipeClient client{server.mcp};
    client.say(modern_call(1, "park").dump());
    REQUIRE(server.tools.parking.wait_parked(static_cast<std::size_t>(i) + 1));
  }
  CHECK(server.tools.parking.wait_cancelled(300));
}

}  // namespace
}  // namespace carillon::transport
