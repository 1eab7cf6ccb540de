#include "server/cli/front_session.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/base/json.h"

namespace carillon::cli {
namespace {

constexpr auto kInitialize = R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"id":"nested"}})";
constexpr auto kInitialized = R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"}})";

TEST_CASE("a front replays the handshake of a legacy host and hides its second answer", "[cli][front_session]") {
  FrontSession session;
  session.on_host_line(kInitialize);
  CHECK(session.on_daemon_line(kInitialized) == Pass::forward);
  const auto resume = session.resume();
  REQUIRE(resume.to_daemon.size() == 2);
  CHECK(resume.to_daemon[0] == kInitialize);
  CHECK(resume.to_host.empty());
  CHECK(session.on_daemon_line(kInitialized) == Pass::swallow);
  CHECK(session.on_daemon_line(R"({"jsonrpc":"2.0","id":1,"result":{}})") == Pass::forward);
}

TEST_CASE("requests that died with a daemon are answered as retryable errors", "[cli][front_session]") {
  FrontSession session;
  session.on_host_line(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}})");
  session.on_host_line(R"({"jsonrpc":"2.0","id":"a","method":"tools/list"})");
  CHECK(session.on_daemon_line(R"({"jsonrpc":"2.0","id":"a","result":{"tools":[]}})") == Pass::forward);
  CHECK_FALSE(session.idle());
  const auto resume = session.resume();
  CHECK(resume.to_daemon.empty());
  REQUIRE(resume.to_host.size() == 1);
  const json answer = json::parse(resume.to_host[0]);
  CHECK(answer["id"] == 7);
  CHECK(answer["error"]["data"]["retryable"] == true);
  CHECK(session.idle());
}

TEST_CASE("an initialize that was not answered yet is asked again and answered once", "[cli][front_session]") {
  FrontSession session;
  session.on_host_line(kInitialize);
  const auto resume = session.resume();
  CHECK(resume.to_daemon == std::vector<std::string>{kInitialize});
  CHECK(resume.to_host.empty());
  CHECK(session.on_daemon_line(kInitialized) == Pass::forward);
  CHECK(session.idle());
}

TEST_CASE("lines that are no single message pass untouched", "[cli][front_session]") {
  FrontSession session;
  session.on_host_line("not json");
  session.on_host_line(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])");
  session.on_host_line(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  CHECK(session.idle());
  CHECK(session.on_daemon_line(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{}})") == Pass::forward);
  CHECK(session.on_daemon_line("") == Pass::forward);
}

}  // namespace
}  // namespace carillon::cli
