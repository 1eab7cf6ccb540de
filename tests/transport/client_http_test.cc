#include "transport/client_http.h"

#include "tests/transport/client_fixture.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {

// The stand-in over HTTP, and a client of it.
class HttpPair {
 public:
  explicit HttpPair(std::vector<std::string> flags, std::vector<Header> headers = {}) {
    process::Command command;
    command.arguments = {kStandInServer, "--http", "0", "--journal", folder.file("journal")};
    command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
    command.errors = process::Stream::inherit;
    auto child = process::Child::start(command);
    REQUIRE(child.ok());
    child_.emplace(*std::move(child));
    for (char letter = 0; ::read(child_->output().get(), &letter, 1) == 1 && letter != '\n';) port_.push_back(letter);
    REQUIRE_FALSE(port_.empty());
    ClientOptions options;
    options.header_marks = HeaderMarks::checked;
    options.handshake_timeout = 5s;
    const auto address = parse_http_address("http://127.0.0.1:" + port_ + "/mcp");
    REQUIRE(address);
    client = std::make_unique<Downstream>(
        [this, address, headers] {
          HttpOptions http;
          http.address = *address;
          http.headers = headers;
          return make_http_wire(client->loop(), {pool_}, http);
        },
        options);
  }
  void kill_server() { child_->stop(0s); }

  TestFolder folder;
  std::unique_ptr<Downstream> client;

 private:
  std::shared_ptr<BlockingPool> pool_ = std::make_shared<BlockingPool>(16, 100);
  std::optional<process::Child> child_;
  std::string port_;
};

}  // namespace

TEST_CASE("either era is found and used over HTTP", "[transport][client_http]") {
  const std::string era = GENERATE("both", "modern", "legacy");
  const bool streams = GENERATE(false, true);
  CAPTURE(era, streams);
  std::vector<std::string> flags{"--era", era};
  if (streams) flags.push_back("--sse");
  HttpPair pair{flags};
  REQUIRE_FALSE(pair.client->open());
  CHECK(pair.client->facts().era == (era == "legacy" ? Era::legacy : Era::modern));
  CHECK(pair.client->text("echo", {{"message", "hé"}}) == "Echo: hé");
  CHECK(std::get<ToolListing>(pair.client->list()).tools.size() > 10);
}

TEST_CASE("marked arguments travel as headers and broken marks drop the tool", "[transport][client_http]") {
  HttpPair pair{{"--era", "modern"}};
  REQUIRE_FALSE(pair.client->open());
  const auto listing = std::get<ToolListing>(pair.client->list());
  REQUIRE(listing.dropped.size() == 1);
  CHECK(listing.dropped.front().find("bad_header") == 0);
  for (const auto& tool : listing.tools) {
    if (tool.name != "region") continue;
    const json arguments{{"region", "Zürich"}};
    auto request = Downstream::request_for("region", arguments, 5s);
    CHECK(std::holds_alternative<RpcRefusal>(pair.client->start_call(request).get()));  // -32020 without the header
    request.headers = param_headers(tool.header_params, arguments);
    CHECK(request.headers == std::vector<Header>{{"Mcp-Param-Region", "=?base64?WsO8cmljaA==?="}});
    CHECK(std::holds_alternative<json>(pair.client->start_call(request).get()));
  }
}

TEST_CASE("a missing or wrong token is a sign-in and no verdict about the era", "[transport][client_http]") {
  HttpPair pair{{"--token", "open sesame"}};
  const auto failure = pair.client->open();
  REQUIRE(failure);
  CHECK(failure->kind == ClientFailureKind::sign_in);
  CHECK(failure->reached == Reached::no);

  HttpPair known{{"--token", "open sesame"}, {{"Authorization", "Bearer open sesame"}}};
  CHECK_FALSE(known.client->open());
}

TEST_CASE("each refusing status has its own meaning", "[transport][client_http]") {
  HttpPair pair{{}};
  REQUIRE_FALSE(pair.client->open());
  const auto status = [&](int number, const std::string& retry_after = "") {
    return failure_of(pair.client->call("http_status", {{"status", number}, {"retry_after", retry_after}}));
  };
  const auto limited = status(429, "7");
  CHECK(limited.kind == ClientFailureKind::rate_limited);
  CHECK(limited.retry_after == Duration{7s});
  CHECK(limited.reached == Reached::no);
  CHECK(status(401).kind == ClientFailureKind::sign_in);
  CHECK(status(503, "soon").kind == ClientFailureKind::unreachable);
  CHECK(status(503).reached == Reached::maybe);
  CHECK(status(418).kind == ClientFailureKind::refused);
  CHECK(status(302).kind == ClientFailureKind::protocol);
}

TEST_CASE("a server that forgot our session says so before it does anything", "[transport][client_http]") {
  HttpPair pair{{"--era", "legacy"}};
  REQUIRE_FALSE(pair.client->open());
  REQUIRE(pair.client->text("forget_sessions") == "forgotten");
  const auto failure = failure_of(pair.client->call("record", {{"message", "x"}}));
  CHECK(failure.kind == ClientFailureKind::session_lost);
  CHECK(failure.reached == Reached::no);
}

TEST_CASE("a timeout over HTTP closes the stream and the server stops", "[transport][client_http]") {
  const std::string era = GENERATE("modern", "legacy");
  HttpPair pair{{"--era", era}};
  REQUIRE_FALSE(pair.client->open());
  const auto failure = failure_of(pair.client->call("hang", json::object(), 200ms));
  CHECK(failure.kind == ClientFailureKind::timed_out);
  CHECK(failure.reached == Reached::maybe);
  CHECK(eventually([&] { return pair.folder.count("journal", "cancelled") == 1; }));
  CHECK(pair.client->text("echo", {{"message", "on"}}) == "Echo: on");
}

TEST_CASE("a stream that ends without an answer is a protocol failure", "[transport][client_http]") {
  HttpPair pair{{"--sse"}};
  REQUIRE_FALSE(pair.client->open());
  const auto failure = failure_of(pair.client->call("http_status"));
  CHECK(failure.kind == ClientFailureKind::protocol);
  CHECK(failure.reached == Reached::maybe);
  const auto text = failure_of(pair.client->call("garbage", {{"kind", "text"}}));
  CHECK(text.kind == ClientFailureKind::protocol);
}

TEST_CASE("a refused connection was certainly not a request", "[transport][client_http]") {
  HttpPair pair{{}};
  REQUIRE_FALSE(pair.client->open());
  REQUIRE(pair.client->text("echo", {{"message", "1"}}) == "Echo: 1");
  pair.kill_server();
  // The first may meet the kept connection, whose end it then sees; a new connection is refused.
  pair.client->call("echo", {{"message", "2"}});
  const auto failure = failure_of(pair.client->call("echo", {{"message", "3"}}));
  CHECK(failure.kind == ClientFailureKind::unreachable);
  CHECK(failure.reached == Reached::no);
}

TEST_CASE("a server that dies in the middle of an exchange may have done the work", "[transport][client_http]") {
  HttpPair pair{{}};
  REQUIRE_FALSE(pair.client->open());
  const auto failure = failure_of(pair.client->call("die"));
  CHECK(failure.kind == ClientFailureKind::died);
  CHECK(failure.reached == Reached::maybe);
}

TEST_CASE("addresses are taken apart and bad ones refused", "[transport][client_http]") {
  const auto address = parse_http_address("https://example.com:8443/a/b?c=d#e");
  REQUIRE(address);
  CHECK(address->origin == "https://example.com:8443");
  CHECK(address->host == "example.com");
  CHECK(address->path == "/a/b?c=d");
  CHECK(parse_http_address("http://[::1]:80")->host == "::1");
  CHECK(parse_http_address("http://host")->path == "/");
  for (const char* bad :
       {"", "ftp://x", "http://", "http://:80/", "http://u@h/", "http://h:0/", "http://h:x/", "http://h/a b"})
    CHECK_FALSE(parse_http_address(bad));
}

TEST_CASE("a pool's queue has an end and its jobs all run", "[transport][client_http]") {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<int> ran{0};
  {
    BlockingPool pool{2, 3};
    int taken = 0;
    std::promise<void> first;
    REQUIRE(pool.run([&] {
      first.set_value();
      opened.wait();
      ++ran;
    }));
    first.get_future().wait();
    for (int i = 0; i < 20; ++i)
      taken += pool.run([&] {
        opened.wait();
        ++ran;
      });
    CHECK(taken >= 3);
    CHECK(taken <= 4);  // one may have found the second thread
    gate.set_value();
    CHECK(eventually([&] { return ran == taken + 1; }));
  }
}
