#include "server/cli/conversation.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon::cli {
namespace {

TEST_CASE("a conversation passes over what is no response to it", "[cli][conversation]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Conversation conversation{process::UniqueFd{ends[0]}};
  process::UniqueFd daemon{ends[1]};
  // What the daemon says is there before it is asked.
  REQUIRE(send_text(daemon.get(),
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\nno JSON\n"
                    "{\"id\":1,\"result\":{\"a\":1}}\n{\"id\":2,\"error\":{\"message\":\"no\"}}\n"));
  CHECK(conversation.ask("tools/list", json::object())->at("result") == json{{"a", 1}});
  CHECK(conversation.ask("tools/call", {{"name", "x"}})->at("error")["message"] == "no");
  char asked[4096];
  const auto got = ::recv(daemon.get(), asked, sizeof asked, 0);
  REQUIRE(got > 0);
  const std::string text{asked, static_cast<std::size_t>(got)};
  CHECK(text.find("\"method\":\"tools/call\"") != std::string::npos);
  CHECK(text.find("io.modelcontextprotocol/protocolVersion") != std::string::npos);
  ::shutdown(daemon.get(), SHUT_WR);
  CHECK_FALSE(conversation.ask("tools/list", json::object()));
}

}  // namespace
}  // namespace carillon::cli
