#include "transport/server.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "tests/transport/server_fixture.h"
#include "transport/worker_pool.h"

namespace carillon::transport {
namespace {

using namespace fixture;

struct Connected : Server {
  std::shared_ptr<Collected> sink = std::make_shared<Collected>();
  std::shared_ptr<Peer> peer = mcp.connect(Peer::Kind::stream, {"tenant", "agent", {"run"}}, sink);

  void say(const json& message) { mcp.receive_text({peer, sink, nullptr}, message.dump()); }
  std::vector<json> heard() {
    std::vector<json> all;
    for (const auto& text : sink->take()) all.push_back(json::parse(text));
    return all;
  }
  void shake_hands(const char* version) {
    say({{"jsonrpc", "2.0"},
         {"id", "hello"},
         {"method", "initialize"},
         {"params", {{"protocolVersion", version}, {"capabilities", json::object()}}}});
    sink->take();
  }
};

TEST_CASE("a service is told who asks and how", "[transport][server]") {
  Connected c;
  auto call = modern_call(1, "fail");
  call["params"]["_meta"]["traceparent"] = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  c.say(call);
  const auto& context = c.tools.last_context;
  CHECK(context.era == Era::modern);
  CHECK(context.protocol_version == "2026-07-28");
  CHECK(context.client.name == "test");
  CHECK(context.principal == Principal{"tenant", "agent", {"run"}});
  CHECK(context.correlation_id == "0123456789abcdef0123456789abcdef");
  CHECK(context.client_can("elicitation"));
  CHECK_FALSE(context.client_can("sampling"));
  CHECK_FALSE(context.client_has_extension(kTasksExtension));
}

TEST_CASE("a parked call is answered from another thread", "[transport][server]") {
  Connected c;
  c.say(modern_call("p", "park"));
  CHECK(c.heard().empty());
  std::jthread{[&] { c.tools.parking.answer_all(Answer{json::array({text_block("late")})}); }}.join();
  const auto heard = c.heard();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0]["id"] == "p");
  CHECK(c.peer->in_flight() == 0);
}

TEST_CASE("a cancelled call is told so and its late answer is dropped", "[transport][server]") {
  Connected c;
  c.say(modern_call(7, "park"));
  c.say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 7}}}});
  CHECK(c.tools.parking.wait_cancelled(1));
  c.tools.parking.answer_all({});
  CHECK(c.heard().empty());
  CHECK(c.sink->status() == -1);
}

TEST_CASE("answer and cancellation may race and only one wins", "[transport][server]") {
  for (int round = 0; round < 200; ++round) {
    Connected c;
    c.say(modern_call(1, "park"));
    std::jthread cancels{[&] {
      c.say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}});
    }};
    c.tools.parking.answer_all({});
    cancels.join();
    CHECK(c.heard().size() == (c.sink->status() == -1 ? 0U : 1U));
    CHECK(c.peer->in_flight() == 0);
  }
}

TEST_CASE("when a peer goes everything it waits for is cancelled", "[transport][server]") {
  Connected c;
  for (int id = 0; id < 5; ++id) c.say(modern_call(id, "park"));
  c.mcp.disconnect(c.peer);
  CHECK(c.tools.parking.wait_cancelled(5));
  c.say(modern_call(9, "fail"));
  CHECK(c.heard().at(0)["error"]["code"] == rpc_code::kInternal);
}

TEST_CASE("a peer may only have so many requests in flight", "[transport][server]") {
  auto options = Server::default_options();
  options.peer.requests_max = 2;
  Server server{options};
  const auto sink = std::make_shared<Collected>();
  const auto peer = server.mcp.connect(Peer::Kind::stream, {}, sink);
  for (int id = 0; id < 3; ++id) server.mcp.receive_text({peer, sink, nullptr}, modern_call(id, "park").dump());
  const auto texts = sink->take();
  REQUIRE(texts.size() == 1);
  CHECK(json::parse(texts[0])["id"] == 2);
  CHECK(json::parse(texts[0])["error"]["code"] == rpc_code::kInternal);
  server.mcp.disconnect(peer);
}

TEST_CASE("the texts of what a peer has in flight are limited together", "[transport][server]") {
  auto options = Server::default_options();
  options.peer.request_bytes_max = 3000;
  Server server{options};
  const auto sink = std::make_shared<Collected>();
  const auto peer = server.mcp.connect(Peer::Kind::stream, {}, sink);
  const auto say = [&](int id) {
    server.mcp.receive_text({peer, sink}, modern_call(id, "park", {{"filler", std::string(1000, 'x')}}).dump());
  };
  for (int id = 0; id < 3; ++id) say(id);
  const auto refused = sink->take();
  REQUIRE(refused.size() == 1);
  CHECK(json::parse(refused[0])["id"] == 2);
  CHECK(json::parse(refused[0])["error"]["code"] == rpc_code::kInternal);
  server.tools.parking.answer_all({});
  sink->take();
  say(3);
  say(4);
  CHECK(sink->take().empty());
  server.mcp.disconnect(peer);
}

TEST_CASE("an id may be used again as soon as its answer was read", "[transport][server]") {
  Tools tools;
  SystemClock clock;
  WorkerPool pool{{.threads_max = 4}};
  McpServer mcp{Server::default_options(), {&tools}, clock, pool};
  const auto sink = std::make_shared<Collected>();
  const auto peer = mcp.connect(Peer::Kind::stream, {}, sink);
  for (int round = 0; round < 3000; ++round) {
    mcp.receive_text({peer, sink}, modern_call(1, "fail").dump());
    const auto heard = sink->wait_for(1);
    REQUIRE(heard.size() == 1);
    REQUIRE(json::parse(heard[0]).contains("result"));
  }
  mcp.disconnect(peer);
  pool.stop();
}

TEST_CASE("one peer's pile of calls does not hold up another peer", "[transport][server]") {
  // A tool that keeps its thread until the test lets it go.
  class Blocking final : public ToolService {
   public:
    std::shared_ptr<const ToolList> list_tools(const RequestContext&) override { return std::make_shared<ToolList>(); }
    void call_tool(const RequestContext&, const std::string& name, json, ToolDone done) override {
      if (name == "wait") gate.get_future().wait();
      done(Answer{json::array({text_block("done")})});
    }
    struct Gate {
      std::shared_future<void> get_future() { return future; }
      std::promise<void> promise;
      std::shared_future<void> future = promise.get_future().share();
    } gate;
  } tools;
  SystemClock clock;
  WorkerPool pool{{.threads_max = 4}};
  auto options = Server::default_options();
  options.peer.running_max = 2;
  McpServer mcp{options, {&tools}, clock, pool};
  const auto greedy_sink = std::make_shared<Collected>();
  const auto greedy = mcp.connect(Peer::Kind::stream, {}, greedy_sink);
  for (int id = 0; id < 100; ++id) mcp.receive_text({greedy, greedy_sink}, modern_call(id, "wait").dump());
  const auto sink = std::make_shared<Collected>();
  const auto other = mcp.connect(Peer::Kind::stream, {}, sink);
  mcp.receive_text({other, sink}, modern_call(1, "quick").dump());
  CHECK(sink->wait_for(1).size() == 1);
  tools.gate.promise.set_value();
  CHECK(greedy_sink->wait_for(100).size() == 100);
  mcp.disconnect(greedy);
  mcp.disconnect(other);
  pool.stop();
}

TEST_CASE("input is asked again with the answers and the state that was sealed", "[transport][server]") {
  Connected c;
  c.say(modern_call(1, "ask"));
  const json first = c.heard().at(0)["result"];
  REQUIRE(first["resultType"] == "input_required");
  auto again = modern_call(2, "ask");
  again["params"]["requestState"] = first["requestState"];
  again["params"]["inputResponses"] = {{"name", {{"action", "accept"}, {"content", {{"name", "Ada"}}}}}};
  c.say(again);
  CHECK(c.heard().at(0)["result"]["content"][0]["text"] == "Hello, Ada, asked 1");
  again["id"] = 3;
  again["params"]["arguments"] = {{"changed", true}};
  c.say(again);
  CHECK(c.heard().at(0)["error"]["code"] == rpc_code::kInvalidParams);
}

TEST_CASE("listeners hear what they asked for until they stop", "[transport][server]") {
  Connected c;
  c.say(modern_request("all", "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}));
  c.say(modern_request("one", "subscriptions/listen", {{"notifications", {{"resourceSubscriptions", {"test://a"}}}}}));
  CHECK(c.heard().size() == 2);
  c.mcp.tools_changed();
  c.mcp.resource_updated("test://a");
  c.mcp.resource_updated("test://b");
  c.mcp.prompts_changed();
  auto heard = c.heard();
  REQUIRE(heard.size() == 2);
  CHECK(heard[0]["method"] == "notifications/tools/list_changed");
  CHECK(heard[0]["params"]["_meta"][meta_key::kSubscriptionId] == "all");
  CHECK(heard[1]["params"]["uri"] == "test://a");
  c.say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "all"}}}});
  c.mcp.tools_changed();
  CHECK(c.heard().empty());
}

TEST_CASE("a stopping server ends listening streams and takes no more requests", "[transport][server]") {
  Connected c;
  c.say(modern_request(1, "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}));
  c.sink->take();
  c.mcp.stop();
  auto heard = c.heard();
  REQUIRE(heard.size() == 2);
  CHECK(heard[0]["method"] == "notifications/cancelled");
  CHECK(heard[1]["result"]["_meta"][meta_key::kSubscriptionId] == 1);
  c.say(modern_call(2, "fail"));
  CHECK(c.heard().at(0).contains("error"));
}

TEST_CASE("a legacy peer hears of changes without asking and of watched resources only", "[transport][server]") {
  Connected c;
  c.mcp.tools_changed();
  CHECK(c.heard().empty());
  c.shake_hands("2025-06-18");
  c.say({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "resources/subscribe"}, {"params", {{"uri", "test://a"}}}});
  c.sink->take();
  c.mcp.tools_changed();
  c.mcp.resource_updated("test://a");
  c.mcp.resource_updated("test://b");
  CHECK(c.heard().size() == 2);
  c.say({{"jsonrpc", "2.0"}, {"id", 2}, {"method", "resources/unsubscribe"}, {"params", {{"uri", "test://a"}}}});
  c.sink->take();
  c.mcp.resource_updated("test://a");
  CHECK(c.heard().empty());
}

TEST_CASE("an announcement reaches legacy peers that want its level and nobody else", "[transport][server]") {
  Connected c;
  c.mcp.announce(LogLevel::critical, "x");
  CHECK(c.heard().empty());  // before the handshake nobody knows what the client can read
  c.say(modern_request(1, "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}));
  c.sink->take();
  c.mcp.announce(LogLevel::critical, "x");
  CHECK(c.heard().empty());
  c.shake_hands("2025-11-25");
  c.mcp.announce(LogLevel::debug, "too quiet");
  c.mcp.announce(LogLevel::notice, {{"message", "moving"}});
  const auto heard = c.heard();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0] == json{{"jsonrpc", "2.0"},
                         {"method", "notifications/message"},
                         {"params", {{"level", "notice"}, {"data", {{"message", "moving"}}}}}});
}

TEST_CASE("a long listing comes in pages", "[transport][server]") {
  auto options = Server::default_options();
  options.page_size = 3;
  Server server{options};
  const auto sink = std::make_shared<Collected>();
  const auto peer = server.mcp.connect(Peer::Kind::stream, {}, sink);
  std::vector<std::string> names;
  json cursor;
  do {
    json params = json::object();
    if (!cursor.is_null()) params["cursor"] = cursor;
    server.mcp.receive_text({peer, sink, nullptr}, modern_request(1, "tools/list", params).dump());
    const json result = json::parse(sink->take().at(0))["result"];
    CHECK(result["tools"].size() <= 3);
    for (const auto& tool : result["tools"]) names.push_back(tool["name"]);
    cursor = result.value("nextCursor", json());
  } while (!cursor.is_null());
  CHECK(names == std::vector<std::string>{"echo", "fail", "ask", "park", "boom", "steps", "log", "region"});
}

TEST_CASE("a changed list is listed anew", "[transport][server]") {
  Connected c;
  c.say(modern_request(1, "tools/list"));
  CHECK(c.heard().at(0)["result"]["tools"].size() == 8);
  c.tools.set_names({"echo"});
  c.say(modern_request(2, "tools/list"));
  CHECK(c.heard().at(0)["result"]["tools"].size() == 1);
}

TEST_CASE("requests of one stream are handled at the same time", "[transport][server]") {
  Tools tools;
  SystemClock clock;
  WorkerPool pool{{}};
  McpServer mcp{Server::default_options(), {&tools}, clock, pool};
  const auto sink = std::make_shared<Collected>();
  const auto peer = mcp.connect(Peer::Kind::stream, {}, sink);
  for (int id = 0; id < 8; ++id) mcp.receive_text({peer, sink, nullptr}, modern_call(id, "park").dump());
  REQUIRE(tools.parking.wait_parked(8));
  tools.parking.answer_all({});
  CHECK(sink->wait_for(8).size() == 8);
  mcp.disconnect(peer);
  pool.stop();
}

}  // namespace
}  // namespace carillon::transport
