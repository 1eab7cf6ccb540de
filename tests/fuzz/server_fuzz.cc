// Lines of a client, in any era and order, against a whole server: every request is answered once at most, every word
// of the server is one JSON-RPC message, and nothing is left over.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "tests/conformance/fixture.h"
#include "tests/fuzz/target.h"
#include "tests/transport/server_fixture.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

// Judges what the server says.
class Judge final : public MessageSink {
 public:
  void send(std::string text) override { take(text); }
  void reply(int, std::string text) override {
    ++replies;
    take(text);
  }
  void abandon() override {}
  std::size_t replies = 0;

 private:
  static void take(const std::string& text) {
    CARILLON_CHECK(text.find('\n') == std::string::npos);
    const json said = json::parse(text, nullptr, false);
    CARILLON_CHECK(said.is_object() || said.is_array());
    for (const auto& message : said.is_array() ? said : json::array({said})) {
      CARILLON_CHECK(message.is_object() && message.value("jsonrpc", "") == "2.0");
      CARILLON_CHECK(message.contains("method") || message.contains("result") != message.contains("error"));
    }
  }
};

struct Everything {
  fixture::Tools tools;
  conformance::FixtureContent content;
  conformance::FixtureTasks tasks;
  SystemClock clock;
  fixture::InlineExecutor executor;
  McpServer mcp{fixture::Server::default_options(), {&tools, &content, &content, &content, &tasks}, clock, executor};
};

void server(std::string_view input) {
  Everything everything;
  const auto judge = std::make_shared<Judge>();
  const auto peer = everything.mcp.connect(Peer::Kind::stream, {"t", "a", {}}, judge);
  std::size_t lines = 0;
  while (!input.empty()) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    everything.mcp.receive_text({peer, judge}, line);
    ++lines;
  }
  everything.mcp.tools_changed();
  everything.mcp.resource_updated("test://watched-resource");
  everything.tools.parking.answer_all({});
  everything.mcp.stop();
  everything.mcp.disconnect(peer);
  CARILLON_CHECK(peer->in_flight() == 0);
  CARILLON_CHECK(judge->replies <= lines);
}

const Target kServerTarget{"server", server};

}  // namespace
}  // namespace carillon::fuzz
