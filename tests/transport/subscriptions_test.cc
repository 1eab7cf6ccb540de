// Who hears of a change: only who watches, under the URI that it watches, and only within the audience.
#include "transport/subscriptions.h"

#include <catch2/catch.hpp>

#include "tests/transport/server_fixture.h"

namespace carillon::transport {
namespace {

using namespace fixture;

// A client of some tenant, over a stream.
struct StreamClient {
  StreamClient(Server& given, const std::string& tenant)
      : server(given), peer(server.mcp.connect(Peer::Kind::stream, {tenant, "agent", {}}, sink)) {}

  void say(const json& message) { server.mcp.receive_text({peer, sink, nullptr}, message.dump()); }
  void shake_hands() {
    say({{"jsonrpc", "2.0"},
         {"id", "hello"},
         {"method", "initialize"},
         {"params", {{"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}}}});
    sink->take();
  }
  void watch_as_legacy(const std::string& uri) {
    say({{"jsonrpc", "2.0"}, {"id", uri}, {"method", "resources/subscribe"}, {"params", {{"uri", uri}}}});
    sink->take();
  }
  void listen(const json& notifications) {
    say(modern_request("listening", "subscriptions/listen", {{"notifications", notifications}}));
    sink->take();
  }
  // The methods of what it was sent since the last look.
  std::vector<std::string> heard() {
    std::vector<std::string> methods;
    for (const auto& text : sink->take()) methods.push_back(json::parse(text).value("method", ""));
    return methods;
  }

  Server& server;
  std::shared_ptr<Collected> sink = std::make_shared<Collected>();
  std::shared_ptr<Peer> peer;
};

Audience tenant(const std::string& name) {
  return [name](const Principal& principal) { return principal.tenant == name; };
}

const std::vector<std::string> kNothing{};
const std::vector<std::string> kUpdated{"notifications/resources/updated"};
const std::vector<std::string> kListChanged{"notifications/resources/list_changed"};

TEST_CASE("a change of a resource is told within its audience in both eras", "[transport][subscriptions]") {
  Server server;
  StreamClient legacy{server, "red"};
  legacy.shake_hands();
  legacy.watch_as_legacy("test://a");
  StreamClient modern{server, "red"};
  modern.listen({{"resourceSubscriptions", {"test://a"}}});
  StreamClient stranger{server, "blue"};
  stranger.listen({{"resourceSubscriptions", {"test://a"}}});

  server.mcp.resource_updated("test://a", tenant("red"));
  CHECK(legacy.heard() == kUpdated);
  CHECK(modern.heard() == kUpdated);
  CHECK(stranger.heard() == kNothing);
  server.mcp.resource_updated("test://b", tenant("red"));
  CHECK(legacy.heard() == kNothing);
  server.mcp.resource_updated("test://a");
  CHECK(stranger.heard() == kUpdated);
}

TEST_CASE("a change of the list of resources stays within its audience", "[transport][subscriptions]") {
  Server server;
  StreamClient red{server, "red"};
  CHECK_FALSE(server.mcp.anyone_hears_resources_changed());
  red.shake_hands();
  CHECK(server.mcp.anyone_hears_resources_changed());
  StreamClient blue{server, "blue"};
  blue.listen({{"resourcesListChanged", true}});
  server.mcp.resources_changed(tenant("blue"));
  CHECK(red.heard() == kNothing);
  CHECK(blue.heard() == kListChanged);
}

TEST_CASE("the server knows what is watched and by whom until nobody watches it", "[transport][subscriptions]") {
  Server server;
  StreamClient legacy{server, "red"};
  legacy.shake_hands();
  legacy.watch_as_legacy("test://a");
  legacy.watch_as_legacy("test://hidden");  // may not be watched
  StreamClient modern{server, "blue"};
  modern.listen({{"resourceSubscriptions", {"test://a"}}});
  const auto watched = server.mcp.watched_resources();
  REQUIRE(watched.size() == 2);
  CHECK(watched[0].uri == "test://a");
  CHECK(watched[0].principal.tenant == "blue");
  CHECK(watched[1].principal.tenant == "red");

  modern.say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "listening"}}}});
  CHECK(server.mcp.watched_resources().size() == 1);
  legacy.say({{"jsonrpc", "2.0"}, {"id", 9}, {"method", "resources/unsubscribe"}, {"params", {{"uri", "test://a"}}}});
  CHECK(server.mcp.watched_resources().empty());
}

TEST_CASE("a notification of our own reaches the session that connected last", "[transport][subscriptions]") {
  Server server;
  StreamClient first{server, "red"};
  first.shake_hands();
  StreamClient second{server, "red"};
  CHECK(server.mcp.sessions().size() == 1);  // the second has not shaken hands
  CHECK(server.mcp.notify_session(tenant("red"), "notifications/test", {{"n", 1}}));
  CHECK(first.heard() == std::vector<std::string>{"notifications/test"});
  second.shake_hands();
  StreamClient modern{server, "red"};
  modern.listen({{"resourcesListChanged", true}});
  CHECK(server.mcp.notify_session(tenant("red"), "notifications/test", {{"n", 2}}));
  CHECK(first.heard() == kNothing);
  CHECK(second.heard() == std::vector<std::string>{"notifications/test"});
  CHECK(modern.heard() == kNothing);
  CHECK_FALSE(server.mcp.notify_session(tenant("blue"), "notifications/test", {}));
  server.mcp.disconnect(second.peer);
  CHECK(server.mcp.notify_session(tenant("red"), "notifications/test", {{"n", 3}}));
  CHECK(first.heard() == std::vector<std::string>{"notifications/test"});
}

TEST_CASE("a service says how long what it tells stays fresh", "[transport][resources]") {
  Server server;
  StreamClient client{server, "red"};
  const auto ttl = [&](const std::string& method, const json& params) {
    client.say(modern_request("q", method, params));
    return json::parse(client.sink->take().at(0))["result"]["ttlMs"].get<std::int64_t>();
  };
  const auto usual = server.mcp.options().list_ttl.count();
  CHECK(ttl("resources/read", {{"uri", "test://a"}}) == usual);
  CHECK(ttl("resources/list", json::object()) == usual);
  server.resources.fresh_for = std::chrono::milliseconds{0};
  CHECK(ttl("resources/read", {{"uri", "test://a"}}) == 0);
  server.resources.fresh_for = std::chrono::milliseconds{1'500};
  CHECK(ttl("resources/list", json::object()) == 1'500);
}

}  // namespace
}  // namespace carillon::transport
