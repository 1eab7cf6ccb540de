// A request that asks its client of an older revision, and goes on before the client has answered.
#include <catch2/catch.hpp>

#include "tests/transport/server_fixture.h"

namespace carillon::transport {
namespace {

using fixture::Collected;
using fixture::InlineExecutor;

json message_of(const std::string& method, const json& params, const json& id) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
}

// Asks two forms of a call, and lets the test say when it waits no longer.
class Patient final : public ToolService {
 public:
  std::shared_ptr<const ToolList> list_tools(const RequestContext&) override { return std::make_shared<ToolList>(); }
  void call_tool(const RequestContext& context, const std::string&, json, ToolDone done) override {
    if (!context.input.state.is_null())
      return done(Answer{json::array({text_block(context.input.responses.dump())}), std::nullopt});
    const InputRequest form{"elicitation/create", {{"message", "Go on?"}, {"requestedSchema", json::object()}}};
    NeedInput need{{{"first", form}, {"second", form}}, {{"asked", 1}}};
    need.meanwhile = [this](std::function<void()> go_on, std::stop_token stops) {
      stop_waiting = std::move(go_on);
      answered = std::move(stops);
    };
    if (takes_late)
      need.late = [this](const std::string& key, const json& said) {
        late.emplace_back(key, said.value("action", ""));
      };
    done(std::move(need));
  }

  bool takes_late = true;
  std::function<void()> stop_waiting{};
  std::stop_token answered{};
  std::vector<std::pair<std::string, std::string>> late{};
};

// A client of 2025-06-18 whose call has asked: the ids of the two questions, and what else it hears.
struct AskedClient {
  explicit AskedClient(std::size_t late_max = 64, bool takes_late = true) {
    tools.takes_late = takes_late;
    ServerOptions options = fixture::Server::default_options();
    options.peer.late_max = late_max;
    mcp = std::make_unique<McpServer>(options, Services{&tools}, clock, executor);
    peer = mcp->connect(Peer::Kind::stream, {}, sink);
    say(message_of("initialize",
                   {{"protocolVersion", "2025-06-18"},
                    {"capabilities", {{"elicitation", json::object()}}},
                    {"clientInfo", {{"name", "test"}, {"version", "1"}}}},
                   0));
    say({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
    sink->take();
    say(message_of("tools/call", {{"name", "ask"}, {"arguments", json::object()}}, 1));
    for (const auto& text : sink->take()) ids.push_back(json::parse(text).at("id"));
    REQUIRE(ids.size() == 2);
  }
  void say(const json& message) { mcp->receive_text({peer, sink}, message.dump()); }
  void answer(std::size_t which, const char* action) {
    say({{"jsonrpc", "2.0"}, {"id", ids.at(which)}, {"result", {{"action", action}}}});
  }
  // What the call was answered with.
  std::string told() {
    const auto heard = sink->take();
    return heard.empty() ? "" : json::parse(heard.back()).at("result").at("content").at(0).at("text");
  }

  Patient tools;
  SystemClock clock;
  InlineExecutor executor;
  std::unique_ptr<McpServer> mcp;
  std::shared_ptr<Collected> sink = std::make_shared<Collected>();
  std::shared_ptr<Peer> peer;
  std::vector<json> ids{};
};

TEST_CASE("a call goes on without a form that nobody fills and takes it afterwards", "[transport][rounds]") {
  AskedClient client;
  client.answer(0, "accept");
  CHECK(client.told().empty());
  client.tools.stop_waiting();
  CHECK(client.told() == R"({"first":{"action":"accept"}})");
  CHECK(client.peer->in_flight() == 0);
  client.answer(1, "decline");
  CHECK(client.tools.late == std::vector<std::pair<std::string, std::string>>{{"second", "decline"}});
  client.answer(1, "accept");  // a question is answered once
  client.tools.stop_waiting();
  CHECK(client.tools.late.size() == 1);
  CHECK(client.sink->take().empty());
}

TEST_CASE("a call whose forms are all filled waits for nothing else", "[transport][rounds]") {
  AskedClient client;
  client.answer(0, "accept");
  CHECK_FALSE(client.tools.answered.stop_requested());
  client.answer(1, "accept");
  CHECK(client.tools.answered.stop_requested());
  CHECK(client.told() == R"({"first":{"action":"accept"},"second":{"action":"accept"}})");
  client.tools.stop_waiting();
  CHECK(client.sink->take().empty());
  CHECK(client.tools.late.empty());
}

TEST_CASE("a late answer is lost to a service that takes none and to one that has gone", "[transport][rounds]") {
  SECTION("it takes none") {
    AskedClient client(64, false);
    client.tools.stop_waiting();
    CHECK(client.told() == "{}");
    client.answer(0, "accept");
  }
  SECTION("only so many are kept") {
    AskedClient client(1);
    client.tools.stop_waiting();
    client.answer(0, "accept");
    client.answer(1, "accept");
    CHECK(client.tools.late == std::vector<std::pair<std::string, std::string>>{{"first", "accept"}});
  }
  SECTION("the request was taken back") {
    AskedClient client;
    client.say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}});
    client.answer(0, "accept");
    CHECK(client.tools.late.empty());
  }
  SECTION("the client has gone") {
    AskedClient client;
    client.tools.stop_waiting();
    client.mcp->disconnect(client.peer);
    client.answer(0, "accept");
    CHECK(client.tools.late.empty());
  }
}

}  // namespace
}  // namespace carillon::transport
