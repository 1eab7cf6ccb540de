#include <catch2/catch.hpp>

#include "server/base/mask.h"
#include "tests/catalog/remote_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

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

TEST_CASE("a call whose headers were made by an old listing is sent once more after a new one", "[catalog][remote]") {
  Remote remote{{"--era", "modern", "--late-header"}};
  CHECK(remote.bench.text("s.region", {{"region", "Zürich"}}) == "Echo: ");
  CHECK(remote.bench.journal("list").size() == 2);
  CHECK(remote.bench.journal("call").size() == 1);  // the first did not get so far
}

TEST_CASE("a server that always finds fault with the headers is believed the second time", "[catalog][remote]") {
  Remote remote{{"--era", "modern"}};
  const auto reply = remote.bench.call("s.fail_protocol", {{"code", -32020}});
  CHECK(reply.failure == ErrorClass::protocol);
  CHECK(remote.bench.journal("call").size() == 2);
}

TEST_CASE("a server at a loopback address and our own tools certainly need no network", "[catalog][remote]") {
  Bench bench;
  bench.write({{"near", {{"url", "http://127.0.0.1:1/mcp"}}},
               {"six", {{"url", "http://[::1]:1/mcp"}}},
               {"far", {{"url", "https://mcp.example.com/mcp"}}},
               {"process", bench.stand_in({})}});
  const auto [tool, stays] = GENERATE(table<std::string, bool>({
      {"near.echo", true},
      {"six.echo", true},
      {"far.echo", false},
      {"process.echo", false},  // nobody can say
      {"nowhere.echo", false},
      {"no address", false},
      {"carillon.echo", true},
      {"carillon.http_get", false},
  }));
  CHECK(bench.catalog().stays_here(tool) == stays);
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
