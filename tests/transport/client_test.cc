#include "transport/client.h"

#include <signal.h>

#include "tests/transport/client_fixture.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {
std::vector<std::string> flags(std::initializer_list<std::string> given) { return given; }
}  // namespace

TEST_CASE("the probe finds each server's era", "[transport][client]") {
  const TestFolder folder;
  struct Row {
    std::string era;
    Era found;
    int discovers, initializes;
  };
  const auto row =
      GENERATE(Row{"both", Era::modern, 1, 0}, Row{"modern", Era::modern, 1, 0}, Row{"legacy", Era::legacy, 0, 1});
  CAPTURE(row.era);
  Downstream server{flags({"--era", row.era, "--journal", folder.file("journal")})};
  REQUIRE_FALSE(server.open());
  CHECK(server.facts().era == row.found);
  CHECK(server.facts().name == "stand-in");
  CHECK(server.text("echo", {{"message", "hello"}}) == "Echo: hello");
  CHECK(folder.count("journal", "discover") == row.discovers);
  CHECK(folder.count("journal", "initialize") == row.initializes);
  CHECK(folder.count("journal", "start") == 1);
}

TEST_CASE("a server that dies of the probe is started afresh and initialized", "[transport][client]") {
  const TestFolder folder;
  Downstream server{flags({"--era", "legacy", "--die-on-probe", "--journal", folder.file("journal")})};
  REQUIRE_FALSE(server.open());
  CHECK(server.facts().era == Era::legacy);
  CHECK(folder.count("journal", "start") == 2);
}

TEST_CASE("a known era is not probed again", "[transport][client]") {
  const TestFolder folder;
  ClientOptions options;
  options.known_era = Era::legacy;
  Downstream server{flags({"--die-on-probe", "--journal", folder.file("journal")}), options};
  REQUIRE_FALSE(server.open());
  CHECK(folder.count("journal", "start") == 1);
  CHECK(folder.count("journal", "initialize") == 1);
}

TEST_CASE("a slow server gets both greetings and the better answer decides", "[transport][client]") {
  ClientOptions options;
  options.probe_timeout = 10ms;
  Downstream server{flags({"--slow-start", "300"}), options};
  REQUIRE_FALSE(server.open());
  CHECK(server.facts().era == Era::modern);
  CHECK(server.text("echo", {{"message", "late"}}) == "Echo: late");
}

TEST_CASE("a mute server ends the handshake in time", "[transport][client]") {
  ClientOptions options;
  options.probe_timeout = 20ms;
  options.handshake_timeout = 200ms;
  Downstream server{flags({"--mute"}), options};
  const auto failure = server.open();
  REQUIRE(failure);
  CHECK(failure->kind == ClientFailureKind::timed_out);
  CHECK(failure->reached == Reached::no);
}

TEST_CASE("a program that does not exist cannot be started", "[transport][client]") {
  StdioOptions stdio;
  stdio.command.arguments = {"/no/such/server"};
  ClientLoop loop;
  Downstream server{[&] { return make_stdio_wire(loop, stdio, std::make_shared<ErrorTail>(process::TailBuffer{10})); }};
  const auto failure = server.open();
  REQUIRE(failure);
  CHECK(failure->kind == ClientFailureKind::cannot_start);
}

TEST_CASE("a tool list is read through all its pages", "[transport][client]") {
  Downstream all{flags({})};
  Downstream paged{flags({"--page-size", "7", "--ttl", "60000"})};
  REQUIRE_FALSE(all.open());
  REQUIRE_FALSE(paged.open());
  const auto whole = std::get<ToolListing>(all.list());
  const auto pages = std::get<ToolListing>(paged.list());
  CHECK(pages.tools.size() == whole.tools.size());
  CHECK(pages.fresh_for == 60s);
  CHECK(pages.dropped.empty());
  const auto& echo = whole.tools.front();
  CHECK(echo.name == "echo");
  CHECK(echo.read_only == true);
  CHECK(echo.input_schema["required"] == ordered_json{"message"});
  CHECK(echo.output_schema.is_null());
}

TEST_CASE("many calls are in flight at once on one process", "[transport][client]") {
  Downstream server{flags({})};
  REQUIRE_FALSE(server.open());
  std::vector<std::future<ClientReply>> calls;
  for (int i = 0; i < 200; ++i)
    calls.push_back(server.start_call(Downstream::request_for("echo", {{"message", std::to_string(i)}}, 20s)));
  for (int i = 199; i >= 0; --i)
    CHECK(std::get<json>(calls[static_cast<std::size_t>(i)].get())["content"][0]["text"] ==
          "Echo: " + std::to_string(i));
}

TEST_CASE("a call that takes too long is cancelled on the server", "[transport][client]") {
  const TestFolder folder;
  const auto era = GENERATE("modern", "legacy");
  Downstream server{flags({"--era", era, "--journal", folder.file("journal")})};
  REQUIRE_FALSE(server.open());
  const auto failure = failure_of(server.call("hang", json::object(), 100ms));
  CHECK(failure.kind == ClientFailureKind::timed_out);
  CHECK(failure.reached == Reached::maybe);
  CHECK(eventually([&] { return folder.count("journal", "cancelled") == 1; }));
  CHECK(server.text("echo", {{"message", "still here"}}) == "Echo: still here");
}

TEST_CASE("a cancelled call ends at once and the server hears of it", "[transport][client]") {
  const TestFolder folder;
  Downstream server{flags({"--journal", folder.file("journal")})};
  REQUIRE_FALSE(server.open());
  ClientRequestId id = 0;
  auto call = server.start_call(Downstream::request_for("hang", json::object(), 60s), &id);
  REQUIRE(eventually([&] { return folder.count("journal", "call") == 1; }));
  server.cancel(id);
  CHECK(failure_of(call.get()).kind == ClientFailureKind::cancelled);
  CHECK(eventually([&] { return folder.count("journal", "cancelled") == 1; }));
  server.cancel(id);  // it has ended: nothing happens
  CHECK(server.text("echo", {{"message", "on"}}) == "Echo: on");
}

TEST_CASE("a server that dies fails what is in flight and says how it ended", "[transport][client]") {
  Downstream server{flags({"--stderr", "I do not feel well"})};
  REQUIRE_FALSE(server.open());
  auto waiting = server.start_call(Downstream::request_for("hang", json::object(), 60s));
  const auto failure = failure_of(server.call("die", {{"status", 9}}));
  CHECK(failure.kind == ClientFailureKind::died);
  CHECK(failure.reached == Reached::maybe);
  CHECK(failure.message.find("status 9") != std::string::npos);
  CHECK(failure_of(waiting.get()).kind == ClientFailureKind::died);
  CHECK(server.closed().kind == ClientFailureKind::died);
  CHECK(server.errors() == "I do not feel well\n");
  const auto after = failure_of(server.call("echo", {{"message", "?"}}));
  CHECK(after.reached == Reached::no);
}

TEST_CASE("a flood of stderr stops nobody and its end is kept", "[transport][client]") {
  Downstream server{flags({})};
  REQUIRE_FALSE(server.open());
  CHECK(server.text("flood", {{"bytes", 3'000'000}}) == "flooded");
  CHECK(eventually([&] { return server.errors().ends_with("last words\n"); }));
  CHECK(server.errors().size() <= process::kErrorTailBytes);
}

TEST_CASE("answers that make no sense fail the one call they were for", "[transport][client]") {
  Downstream server{flags({})};
  REQUIRE_FALSE(server.open());
  for (const std::string kind : {"half", "shape", "result"}) {
    CAPTURE(kind);
    const auto failure = failure_of(server.call("garbage", {{"kind", kind}}));
    CHECK(failure.kind == ClientFailureKind::protocol);
    CHECK(failure.reached == Reached::maybe);
  }
  for (const std::string kind : {"text", "deep", "other"}) {
    CAPTURE(kind);
    CHECK(failure_of(server.call("garbage", {{"kind", kind}}, 200ms)).kind == ClientFailureKind::timed_out);
  }
  CHECK(failure_of(server.call("unknown_kind")).kind == ClientFailureKind::protocol);
  CHECK(server.garbage() >= 3);
  CHECK(server.text("echo", {{"message", "unharmed"}}) == "Echo: unharmed");
}

TEST_CASE("a server that talks nothing but nonsense is given up", "[transport][client]") {
  Downstream server{flags({})};
  REQUIRE_FALSE(server.open());
  CHECK(failure_of(server.call("garbage", {{"kind", "endless"}})).kind == ClientFailureKind::protocol);
  CHECK(server.closed().kind == ClientFailureKind::protocol);
}

TEST_CASE("lines that are no JSON between the answers are passed over", "[transport][client]") {
  Downstream server{flags({"--noise"})};
  REQUIRE_FALSE(server.open());
  CHECK(server.text("echo", {{"message", "clear"}}) == "Echo: clear");
  CHECK(server.garbage() >= 2);
}

TEST_CASE("a server's questions are answered or refused", "[transport][client]") {
  Downstream server{flags({"--era", "legacy"})};
  REQUIRE_FALSE(server.open());
  CHECK(json::parse(server.text("ask", {{"method", "ping"}}))["result"] == json::object());
  for (const std::string method : {"roots/list", "sampling/createMessage", "elicitation/create"})
    CHECK(json::parse(server.text("ask", {{"method", method}}))["error"]["code"] == -32601);
}

TEST_CASE("a server that only wants to be asked again is asked again", "[transport][client]") {
  Downstream server{flags({})};
  REQUIRE_FALSE(server.open());
  CHECK(server.text("ask_for_input") == "thank you");
}

TEST_CASE("progress reaches the caller who asked for it", "[transport][client]") {
  Downstream server{flags({})};
  REQUIRE_FALSE(server.open());
  auto request = Downstream::request_for("progress", {{"steps", 3}}, 20s);
  std::vector<double> seen;
  request.on_progress = [&](const ProgressReport& report) { seen.push_back(report.progress); };
  REQUIRE(std::holds_alternative<json>(server.start_call(std::move(request)).get()));
  CHECK(seen == std::vector<double>{1, 2, 3});
}

TEST_CASE("a changed tool list is told in both eras", "[transport][client]") {
  const TestFolder folder;
  const std::string era = GENERATE("modern", "legacy");
  Downstream server{flags({"--era", era, "--journal", folder.file("journal")})};
  REQUIRE_FALSE(server.open());
  if (era == "modern") REQUIRE(eventually([&] { return folder.count("journal", "subscribed") == 1; }));
  const auto before = std::get<ToolListing>(server.list()).tools.size();
  REQUIRE(server.text("change_tools") == "there is one more tool now");
  server.wait_for_change();
  CHECK(std::get<ToolListing>(server.list()).tools.size() == before + 1);
}

TEST_CASE("a JSON-RPC error is a refusal with its code", "[transport][client]") {
  Downstream server{flags({})};
  REQUIRE_FALSE(server.open());
  const auto reply = server.call("fail_protocol", {{"code", -32602}});
  REQUIRE(std::holds_alternative<RpcRefusal>(reply));
  CHECK(std::get<RpcRefusal>(reply).code == -32602);
  CHECK(std::get<RpcRefusal>(reply).message == "as you wished");
}

TEST_CASE("closing ends the process and what is in flight", "[transport][client]") {
  const TestFolder folder;
  Downstream server{flags({"--journal", folder.file("journal")})};
  REQUIRE_FALSE(server.open());
  auto waiting = server.start_call(Downstream::request_for("hang", json::object(), 60s));
  REQUIRE(eventually([&] { return folder.count("journal", "call") == 1; }));
  const pid_t pid = folder.lines("journal").front()["pid"];
  server.close();
  CHECK(failure_of(waiting.get()).kind == ClientFailureKind::died);
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("what a server does not read was certainly not sent", "[transport][client]") {
  StdioOptions stdio;
  stdio.command.arguments = {"/bin/sh", "-c", "sleep 600"};
  stdio.command.environment = {{"PATH", "/usr/bin:/bin"}};
  ClientOptions options;
  options.known_era = Era::legacy;
  options.handshake_timeout = 300ms;
  stdio.queue_bytes_max = 10;
  std::unique_ptr<Downstream> server;
  server = std::make_unique<Downstream>(
      [&server, stdio] {
        return make_stdio_wire(server->loop(), stdio, std::make_shared<ErrorTail>(process::TailBuffer{10}));
      },
      options);
  const auto failure = server->open();
  REQUIRE(failure);
  CHECK(failure->kind == ClientFailureKind::unreachable);
  CHECK(failure->reached == Reached::no);
}

TEST_CASE("what a task's captured objects post while they die is not left lying", "[transport][client_loop]") {
  ClientLoop loop;
  struct PostsAtTheEnd {
    ClientLoop& loop;
    std::promise<void>& done;
    ~PostsAtTheEnd() {
      loop.post([] {});
      std::thread{[this] { loop.post([&done = done] { done.set_value(); }); }}.join();
    }
  };
  std::promise<void> done;
  auto arrived = done.get_future();
  loop.post([last = std::shared_ptr<PostsAtTheEnd>(new PostsAtTheEnd{loop, done})] {});
  CHECK(arrived.wait_for(5s) == std::future_status::ready);
}
