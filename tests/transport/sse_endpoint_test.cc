#include "transport/sse_endpoint.h"

#include "tests/transport/http_fixture.h"

namespace carillon::transport {
namespace {

using namespace fixture;

struct Old : Server {
  explicit Old(std::size_t streams_max = 10) : sse(mcp, {"/sse", "/messages", streams_max}) {
    http.add(sse.routes());
    http.start();
  }
  ~Old() { http.stop(); }

  RawClient client() const { return RawClient{http.port()}; }
  Reply ask(const std::string& text) const {
    auto one = client();
    one.send(text);
    return one.read_reply();
  }
  // Opens a stream and gives where to post.
  std::string open(RawClient& client) const {
    client.send(request_text("GET /sse", {{"Accept", "text/event-stream"}}));
    REQUIRE(client.read_head().header("Content-Type") == "text/event-stream");
    const std::string first = client.read_chunk();
    REQUIRE(first.starts_with("event: endpoint\ndata: /messages?sessionId="));
    return first.substr(22, first.size() - 24);
  }
  static std::string post(const std::string& address, const json& message) {
    return request_text("POST " + address, {{"Content-Type", "application/json"}}, message.dump());
  }

  BearerTokens tokens;
  SseEndpoint sse;
  HttpServer http{{}, tokens};
};

TEST_CASE("a client of the first revision posts beside its stream and reads answers from it",
          "[transport][sse_endpoint]") {
  Old old;
  auto stream = old.client();
  const std::string address = old.open(stream);
  CHECK(old.ask(Old::post(address, hello("2024-11-05"))).status == 202);
  const json shaken = stream.read_event();
  CHECK(shaken["result"]["protocolVersion"] == "2024-11-05");
  CHECK(old.ask(Old::post(address, {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}})).status == 202);
  CHECK(old.ask(Old::post(address, legacy(1, "tools/call", {{"name", "echo"}, {"arguments", {{"a", 1}}}}))).status ==
        202);
  CHECK(stream.read_event()["result"]["content"][0]["text"] == R"({"a":1})");
  old.mcp.tools_changed();
  CHECK(stream.read_event()["method"] == "notifications/tools/list_changed");
}

TEST_CASE("what cannot be posted is refused where it was posted", "[transport][sse_endpoint]") {
  Old old;
  auto stream = old.client();
  const std::string address = old.open(stream);
  CHECK(old.ask(Old::post("/messages", hello("2024-11-05"))).status == 404);
  CHECK(old.ask(Old::post("/messages?sessionId=other", hello("2024-11-05"))).status == 404);
  CHECK(old.ask(as_bob(Old::post(address, hello("2024-11-05")))).status == 404);
  CHECK(old.ask(request_text("POST " + address, {{"Content-Type", "text/plain"}}, "{}")).status == 415);
  CHECK(old.ask(request_text("POST " + address, {{"Content-Type", "application/json"}}, "{")).status == 400);
  CHECK(old.ask("GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 401);
  CHECK(old.ask(Old::post(address, hello("2024-11-05"))).status == 202);
  CHECK(stream.read_event()["id"] == 0);
}

TEST_CASE("a stream ends with its client and takes its calls with it", "[transport][sse_endpoint]") {
  Old old;
  auto stream = old.client();
  const std::string address = old.open(stream);
  old.ask(Old::post(address, hello("2024-11-05")));
  old.ask(Old::post(address, legacy(1, "tools/call", {{"name", "park"}})));
  REQUIRE(old.tools.parking.wait_parked(1));
  CHECK(old.sse.streams() == 1);
  stream.hang_up();
  CHECK(old.tools.parking.wait_cancelled(1));
  CHECK(old.ask(Old::post(address, legacy(2, "ping"))).status == 404);
  CHECK(old.sse.streams() == 0);
}

TEST_CASE("only so many streams are open at once", "[transport][sse_endpoint]") {
  Old old{2};
  auto first = old.client();
  auto second = old.client();
  old.open(first);
  old.open(second);
  CHECK(old.ask(request_text("GET /sse", {})).status == 503);
}

}  // namespace
}  // namespace carillon::transport
