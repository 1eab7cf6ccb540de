#include "catalog/builtin.h"

#include <catch2/catch.hpp>

#include "server/process/child.h"
#include "tests/catalog/catalog_fixture.h"
#include "transport/client_fetch.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

// The stand-in over HTTP answers GET /mcp with 405: enough of a web server.
struct WebServer {
  WebServer() {
    process::Command command;
    command.arguments = {kStandInServer, "--http", "0"};
    command.errors = process::Stream::inherit;
    auto started = process::Child::start(command);
    REQUIRE(started.ok());
    child.emplace(*std::move(started));
    for (char letter = 0; ::read(child->output().get(), &letter, 1) == 1 && letter != '\n';) port.push_back(letter);
  }
  std::optional<process::Child> child;
  std::string port;
};

}  // namespace

TEST_CASE("the built-in tools answer without a process", "[catalog][builtin]") {
  Bench bench;
  CHECK(bench.text("carillon.echo", {{"message", "hello"}}) == "hello");
  CHECK(bench.text("carillon.notify_log", {{"message", "from a test"}}) == "logged");
  CHECK(bench.call("carillon.echo").failure == ErrorClass::invalid_arguments);
  CHECK(bench.call("carillon.ecko").message.find("echo") != std::string::npos);
  CHECK(bench.describe("carillon.echo")->effect == Effect::read);
  CHECK(bench.describe("carillon.notify_log")->effect == Effect::idempotent);
  CHECK(bench.describe("carillon.nothing").error().code == ErrorCode::unknown_tool);
}

TEST_CASE("only global addresses count as public", "[transport][client_fetch]") {
  using transport::is_public_address;
  for (const char* open : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111"}) CHECK(is_public_address(open));
  for (const char* closed : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
                             "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1",
                             "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "nonsense", ""})
    CHECK_FALSE(is_public_address(closed));
}

TEST_CASE("a fetch is bounded in size and refuses what is no address", "[transport][client_fetch]") {
  const WebServer web;
  transport::FetchOptions options;
  options.reach = transport::Reach::anywhere;
  CHECK(transport::fetch("file:///etc/passwd", options).error().code == ErrorCode::arguments_invalid);
  CHECK(transport::fetch("http://127.0.0.1:1/", options).error().code == ErrorCode::unavailable);
  options.reach = transport::Reach::public_only;
  CHECK(transport::fetch("http://localhost:" + web.port, options).error().code == ErrorCode::not_allowed);
}
