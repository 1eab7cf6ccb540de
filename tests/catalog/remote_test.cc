#include <catch2/catch.hpp>

#include "server/base/mask.h"
#include "server/process/child.h"
#include "tests/catalog/catalog_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

// The stand-in over HTTP as the server "s".
class Remote {
 public:
  explicit Remote(std::vector<std::string> flags, const json& more = json::object()) {
    process::Command command;
    command.arguments = {kStandInServer, "--http", "0", "--journal", bench.file("journal")};
    command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
    command.errors = process::Stream::inherit;
    auto child = process::Child::start(command);
    REQUIRE(child.ok());
    child_.emplace(*std::move(child));
    std::string port;
    for (char letter = 0; ::read(child_->output().get(), &letter, 1) == 1 && letter != '\n';) port.push_back(letter);
    json entry{{"url", "http://127.0.0.1:" + port + "/mcp"}};
    entry.update(more);
    bench.write({{"s", entry}});
  }
  void kill_server() { child_->stop(0s); }

  Bench bench;

 private:
  std::optional<process::Child> child_;
};

}  // namespace

TEST_CASE("a remote server is called in either era", "[catalog][remote]") {
  Remote remote{{"--era", GENERATE("modern", "legacy")}};
  CHECK(remote.bench.text("s.echo", {{"message", "far"}}) == "Echo: far");
  CHECK(remote.bench.text("s.region", {{"region", "Zürich"}}) == "Echo: ");
  CHECK(remote.bench.report().transport == "http");
  CHECK(remote.bench.journal("call")[0]["key"] == "key-of-s.echo");
}

TEST_CASE("a lost session is replaced and the call repeated because it was not carried out", "[catalog][remote]") {
  Remote remote{{"--era", "legacy"}};
  REQUIRE(remote.bench.text("s.forget_sessions") == "forgotten");
  CHECK(remote.bench.text("s.record", {{"message", "x"}}) == "Echo: x");
  CHECK(remote.bench.journal("initialize").size() == 2);
  int records = 0;
  for (const auto& call : remote.bench.journal("call")) records += call["tool"] == "record";
  CHECK(records == 1);
}

TEST_CASE("a missing sign-in is its own class and the token is masked", "[catalog][remote]") {
  Remote refused{{"--token", "sesame-sesame"}};
  const auto reply = refused.bench.call("s.echo", {{"message", "x"}});
  CHECK(reply.failure == ErrorClass::needs_sign_in);
  CHECK(reply.arrived == Arrived::no);
  CHECK(refused.bench.report().state == ServerState::needs_sign_in);
  CHECK(refused.bench.describe("s.echo").error().code == ErrorCode::needs_sign_in);

  Remote allowed{{"--token", "sesame-sesame"}, {{"headers", {{"Authorization", "Bearer sesame-sesame"}}}}};
  CHECK(allowed.bench.text("s.echo", {{"message", "open sesame-sesame"}}) == "Echo: open [masked]");
}

TEST_CASE("statuses become error classes", "[catalog][remote]") {
  Remote remote{{}};
  const auto status = [&](int number, const std::string& retry_after = "") {
    return remote.bench.call("s.http_status", {{"status", number}, {"retry_after", retry_after}});
  };
  const auto limited = status(429, "7");
  CHECK(limited.failure == ErrorClass::rate_limited);
  CHECK(limited.retry_after == Duration{7s});
  CHECK(limited.arrived == Arrived::no);
  CHECK(status(401).failure == ErrorClass::needs_sign_in);
  CHECK(status(500).failure == ErrorClass::unavailable);
  CHECK(status(500).arrived == Arrived::maybe);
  CHECK(status(418).failure == ErrorClass::protocol);
}

TEST_CASE("a remote server that is not there is unavailable and comes back", "[catalog][remote]") {
  Bench bench;
  bench.write({{"s", {{"url", "http://127.0.0.1:1/mcp"}}}});
  const auto reply = bench.call("s.echo", {{"message", "x"}});
  CHECK(reply.failure == ErrorClass::unavailable);
  CHECK(reply.arrived == Arrived::no);
}

TEST_CASE("a timeout reaches the remote server", "[catalog][remote]") {
  Remote remote{{}};
  REQUIRE(remote.bench.text("s.echo", {{"message", "warm"}}) == "Echo: warm");
  const auto reply = remote.bench.call("s.hang", json::object(), 200ms);
  CHECK(reply.failure == ErrorClass::timeout);
  CHECK(reply.arrived == Arrived::maybe);
  CHECK(eventually([&] { return remote.bench.journal("cancelled").size() == 1; }));
}
