#include "catalog/catalog.h"

#include <signal.h>

#include "server/base/mask.h"
#include "tests/catalog/catalog_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

TEST_CASE("a call starts the server and carries key and trace", "[catalog]") {
  Bench bench;
  bench.with({"--era", GENERATE("modern", "legacy")});
  CHECK(bench.report().state == ServerState::stopped);
  const auto reply = bench.call("s.echo", {{"message", "hello"}});
  CHECK_FALSE(reply.failure);
  CHECK(reply.content[0]["text"] == "Echo: hello");
  CHECK(reply.arrived == Arrived::maybe);
  CHECK(reply.took > 0us);
  REQUIRE(bench.journal("call").size() == 1);
  CHECK(bench.journal("call")[0]["key"] == "key-of-s.echo");
  CHECK(bench.journal("call")[0]["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(bench.report().state == ServerState::ready);
  CHECK(bench.report().latency);
}

TEST_CASE("all callers share one process", "[catalog]") {
  Bench bench;
  bench.with({});
  std::vector<std::future<ToolReply>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(bench.start("s.process_id"));
  std::set<std::string> processes;
  for (auto& call : calls) processes.insert(call.get().content[0]["text"].get<std::string>());
  CHECK(processes.size() == 1);
  CHECK(bench.journal("start").size() == 1);
  CHECK(bench.journal("list").size() == 1);
}

TEST_CASE("structured content comes with the text and is judged by the tool's own schema", "[catalog]") {
  Bench bench;
  bench.with({});
  CHECK(bench.call("s.add", {{"a", 1}, {"b", 2}}).structured == json{{"sum", 3.0}});
  const auto wrong = bench.call("s.wrong_output");
  CHECK(wrong.failure == ErrorClass::output_invalid);
  CHECK(wrong.message.find("/sum") != std::string::npos);
}

TEST_CASE("arguments are judged before anything is sent", "[catalog]") {
  Bench bench;
  bench.with({});
  for (const json& bad : {json::object(), json{{"message", 7}}, json{{"message", "x"}, {"more", 1}}}) {
    const auto reply = bench.call("s.echo", bad);
    CHECK(reply.failure == ErrorClass::invalid_arguments);
    CHECK(reply.arrived == Arrived::no);
    CHECK_FALSE(reply.message.empty());
  }
  CHECK(bench.journal("call").empty());
}

TEST_CASE("an unknown tool or server is answered with the nearest name", "[catalog]") {
  Bench bench;
  bench.with({});
  const auto tool = bench.call("s.ecko");
  CHECK(tool.failure == ErrorClass::not_found);
  CHECK(tool.arrived == Arrived::no);
  CHECK(tool.message.find("s.echo") != std::string::npos);
  CHECK(bench.call("carillom.echo").message.find("carillon") != std::string::npos);
  CHECK(bench.call("nonsense").failure == ErrorClass::not_found);
  const auto described = bench.describe("s.ecko");
  REQUIRE_FALSE(described.ok());
  CHECK(described.error().code == ErrorCode::unknown_tool);
  CHECK(described.error().details["nearest"][0] == "s.echo");
}

TEST_CASE("effects come from hints and from the entry's own word", "[catalog]") {
  Bench bench;
  bench.with({}, {{"carillon",
                   {{"timeout", "7s"},
                    {"tools", {{"echo", {{"effect", "destructive"}, {"timeout", 3}, {"sensitive", {"/message"}}}}}}}}});
  CHECK(bench.describe("s.add")->effect == Effect::read);
  CHECK(bench.describe("s.record_again")->effect == Effect::idempotent);
  CHECK(bench.describe("s.record")->effect == Effect::destructive);
  CHECK(bench.describe("s.add")->timeout == Duration{7s});
  const auto echo = bench.describe("s.echo");
  CHECK(echo->effect == Effect::destructive);
  CHECK(echo->timeout == Duration{3s});
  CHECK(echo->sensitive == std::vector<std::string>{"/message"});
  CHECK(echo->tool == "s.echo");
  CHECK(echo->input_schema["properties"].begin().key() == "message");
}

TEST_CASE("each way to go wrong has its class and tells whether the call can have arrived", "[catalog]") {
  Bench bench;
  bench.with({});
  struct Row {
    std::string tool;
    json arguments;
    ErrorClass failure;
    Arrived arrived;
  };
  const std::vector<Row> rows{
      {"s.fail", {{"message", "out of paper"}}, ErrorClass::tool_error, Arrived::maybe},
      {"s.fail_protocol", {{"code", -32603}}, ErrorClass::tool_error, Arrived::maybe},
      {"s.fail_protocol", {{"code", -32602}}, ErrorClass::invalid_arguments, Arrived::maybe},
      {"s.fail_protocol", {{"code", -32601}}, ErrorClass::protocol, Arrived::maybe},
      {"s.garbage", {{"kind", "shape"}}, ErrorClass::protocol, Arrived::maybe},
      {"s.unknown_kind", json::object(), ErrorClass::protocol, Arrived::maybe},
      {"s.garbage", {{"kind", "endless"}}, ErrorClass::protocol, Arrived::maybe},
      {"s.die", {{"status", 4}}, ErrorClass::unavailable, Arrived::maybe},
  };
  for (const auto& row : rows) {
    CAPTURE(row.tool, row.arguments);
    const auto reply = bench.call(row.tool, row.arguments);
    CHECK(reply.failure == row.failure);
    CHECK(reply.arrived == row.arrived);
    CHECK_FALSE(reply.message.empty());
  }
  CHECK(bench.call("s.fail", {{"message", "out of paper"}}).message == "out of paper");
  CHECK(bench.text("s.echo", {{"message", "unharmed"}}) == "Echo: unharmed");
}

TEST_CASE("a call that takes too long is cancelled downstream and may have arrived", "[catalog]") {
  Bench bench;
  bench.with({});
  REQUIRE(bench.text("s.echo", {{"message", "warm"}}) == "Echo: warm");
  const auto reply = bench.call("s.hang", json::object(), 100ms);
  CHECK(reply.failure == ErrorClass::timeout);
  CHECK(reply.arrived == Arrived::maybe);
  CHECK(eventually([&] { return bench.journal("cancelled").size() == 1; }));
}

TEST_CASE("a cancelled call ends and unknown calls are left alone", "[catalog]") {
  Bench bench;
  bench.with({});
  CallId id = 0;
  auto call = bench.start("s.hang", json::object(), 60s, &id);
  REQUIRE(eventually([&] { return bench.journal("call").size() == 1; }));
  bench.catalog().cancel(id, "the person changed their mind");
  CHECK(call.get().failure == ErrorClass::cancelled);
  bench.catalog().cancel(id, "again");
  bench.catalog().cancel(4711, "never was");
  CHECK(bench.text("s.echo", {{"message", "on"}}) == "Echo: on");
}

TEST_CASE("a server that cannot be started is unavailable and certainly not called", "[catalog]") {
  Bench bench;
  bench.write({{"gone", {{"command", "/no/such/server"}}},
               {"mute", bench.stand_in({"--mute"})},
               {"loud", {{"command", "sh"}, {"args", {"-c", "echo 'no licence found' >&2; exit 5"}}}}});
  bench.options.probe_timeout = 10ms;
  bench.options.handshake_timeout = 100ms;
  const auto gone = bench.call("gone.tool");
  CHECK(gone.failure == ErrorClass::unavailable);
  CHECK(gone.arrived == Arrived::no);
  CHECK(gone.message.find("/no/such/server") != std::string::npos);
  CHECK(bench.call("mute.tool").failure == ErrorClass::unavailable);
  const auto loud = bench.call("loud.tool");
  CHECK(loud.failure == ErrorClass::unavailable);
  CHECK(loud.message.find("status 5") != std::string::npos);
  CHECK(loud.message.find("no licence found") != std::string::npos);
  CHECK(bench.report("loud").state == ServerState::backing_off);
  CHECK(bench.report("loud").error_tail.find("no licence found") != std::string::npos);
  const auto described = bench.describe("gone.tool");
  REQUIRE_FALSE(described.ok());
  CHECK(described.error().code == ErrorCode::server_unavailable);
}

TEST_CASE("a server that dies is started again for the next call", "[catalog]") {
  Bench bench;
  bench.with({});
  REQUIRE(bench.text("s.echo", {{"message", "1"}}) == "Echo: 1");
  const auto died = bench.call("s.die");
  CHECK(died.failure == ErrorClass::unavailable);
  CHECK(died.message.find("status 1") != std::string::npos);
  CHECK(bench.text("s.echo", {{"message", "2"}}) == "Echo: 2");
  CHECK(bench.journal("start").size() == 2);
  CHECK(bench.journal("call").size() == 3);  // nothing was sent twice
}

TEST_CASE("a server that keeps failing is left alone for longer and longer", "[catalog]") {
  Bench bench;
  bench.write({{"bad", {{"command", "sh"}, {"args", {"-c", "echo x >> " + bench.file("starts") + "; exit 1"}}}}});
  bench.options.restart_delay = 1h;
  bench.options.restart_delay_max = 24h;
  CHECK(bench.call("bad.tool").failure == ErrorClass::unavailable);
  const auto size = std::filesystem::file_size(bench.file("starts"));
  const auto reply = bench.call("bad.tool");  // not even tried
  CHECK(reply.failure == ErrorClass::unavailable);
  CHECK(reply.arrived == Arrived::no);
  REQUIRE(reply.retry_after);
  CHECK(*reply.retry_after > 20min);
  CHECK(std::filesystem::file_size(bench.file("starts")) == size);
  CHECK(bench.report("bad").next_try_in);
}

TEST_CASE("calls beyond the limit wait their turn and the queue has an end", "[catalog]") {
  Bench bench;
  bench.options.waiting_max = 2;
  bench.with({}, {{"carillon", {{"max_parallel", 1}}}});
  const json gate{{"path", bench.file("gate")}};
  auto first = bench.start("s.wait_for_file", gate);
  REQUIRE(eventually([&] { return bench.journal("call").size() == 1; }));
  auto second = bench.start("s.echo", {{"message", "2"}});
  auto third = bench.start("s.echo", {{"message", "3"}}, 50ms);
  const auto fourth = bench.call("s.echo", {{"message", "4"}});
  CHECK(fourth.failure == ErrorClass::rate_limited);
  CHECK(fourth.arrived == Arrived::no);
  const auto late = third.get();
  CHECK(late.failure == ErrorClass::timeout);
  CHECK(late.arrived == Arrived::no);
  CHECK(bench.journal("call").size() == 1);
  std::ofstream{bench.file("gate")} << "open";
  CHECK_FALSE(first.get().failure);
  CHECK(second.get().content[0]["text"] == "Echo: 2");
}

TEST_CASE("a server that nobody calls is ended and comes back", "[catalog]") {
  Bench bench;
  bench.options.idle_stop = 50ms;
  bench.with({});
  REQUIRE(bench.text("s.echo", {{"message", "1"}}) == "Echo: 1");
  const pid_t pid = bench.journal("start")[0]["pid"];
  CHECK(eventually([&] { return ::kill(pid, 0) == -1; }));
  CHECK(bench.report().state == ServerState::stopped);
  CHECK(bench.report().tool_count > 10);
  CHECK(bench.text("s.echo", {{"message", "2"}}) == "Echo: 2");
}

TEST_CASE("a hanging call keeps its server from being ended as idle", "[catalog]") {
  Bench bench;
  bench.options.idle_stop = 10ms;
  bench.with({});
  auto call = bench.start("s.sleep", {{"ms", 200}});
  CHECK(call.get().content[0]["text"] == "slept");
}

TEST_CASE("ending the catalog ends servers and answers everybody", "[catalog]") {
  Bench bench;
  bench.with({}, {{"carillon", {{"max_parallel", 1}}}});
  auto sent = bench.start("s.hang", json::object(), 60s);
  REQUIRE(eventually([&] { return bench.journal("call").size() == 1; }));
  auto waiting = bench.start("s.echo", {{"message", "x"}}, 60s);
  const pid_t pid = bench.journal("start")[0]["pid"];
  bench.stop();
  const auto cut = sent.get();
  CHECK(cut.failure == ErrorClass::unavailable);
  CHECK(cut.arrived == Arrived::maybe);
  CHECK(waiting.get().arrived == Arrived::no);
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("a new tool list is noticed", "[catalog]") {
  Bench bench;
  bench.with({"--era", GENERATE("modern", "legacy")});
  CHECK(bench.call("s.extra").failure == ErrorClass::not_found);
  REQUIRE_FALSE(bench.call("s.change_tools").failure);
  CHECK(eventually([&] { return !bench.call("s.extra").failure; }));
}

TEST_CASE("a changed servers.json takes effect and unchanged servers live on", "[catalog]") {
  Bench bench;
  bench.write({{"a", bench.stand_in({})}, {"b", bench.stand_in({})}});
  const auto a = bench.text("a.process_id"), b = bench.text("b.process_id");
  bench.write({{"a", bench.stand_in({})}, {"c", bench.stand_in({})}});
  CHECK(bench.text("a.process_id") == a);
  CHECK(bench.call("b.echo", {{"message", "x"}}).failure == ErrorClass::not_found);
  CHECK_FALSE(bench.call("c.process_id").failure);
  CHECK(eventually([&] { return ::kill(std::stoi(b), 0) == -1; }));

  std::ofstream{bench.options.servers_file} << "{ broken";
  CHECK(bench.text("a.process_id") == a);  // the last good entries stay in use
  REQUIRE(bench.catalog().problems().size() == 1);
  CHECK(bench.catalog().problems()[0].message.find("no JSON") != std::string::npos);
}

TEST_CASE("a server gets its secret from the vault and starts anew when that changes", "[catalog]") {
  Bench bench;
  const Vault vault{bench.options.vault_directory};
  bench.write({{"s", bench.stand_in({}, {{"env", {{"API_KEY", "secret:api"}}}})}});
  const auto missing = bench.call("s.environment", {{"name", "API_KEY"}});
  CHECK(missing.failure == ErrorClass::unavailable);
  CHECK(missing.message.find("carillon secret set api") != std::string::npos);

  REQUIRE(vault.write(Shelf::secrets, "api", "first-api-key"));
  CHECK(bench.text("s.environment", {{"name", "API_KEY"}}) == "[masked]");
  const auto before = bench.text("s.process_id");
  REQUIRE(vault.write(Shelf::grants, "other", "a sign-in is no secret of an entry"));
  CHECK(bench.text("s.process_id") == before);
  REQUIRE(vault.write(Shelf::secrets, "api", "second-api-key"));
  CHECK(bench.text("s.process_id") != before);
  CHECK(bench.text("s.environment", {{"name", "API_KEY"}}) == "[masked]");
}

TEST_CASE("a server whose entry changed finishes what it has in flight", "[catalog]") {
  Bench bench;
  bench.with({});
  auto call = bench.start("s.wait_for_file", {{"path", bench.file("gate")}});
  REQUIRE(eventually([&] { return bench.journal("call").size() == 1; }));
  bench.write({{"s", bench.stand_in({"--era", "legacy"})}});
  CHECK_FALSE(bench.call("s.echo", {{"message", "new"}}).failure);
  std::ofstream{bench.file("gate")} << "open";
  CHECK_FALSE(call.get().failure);
}

TEST_CASE("an entry that is wrong says so to callers and in the listing", "[catalog]") {
  Bench bench;
  bench.write({{"s", {{"args", {1}}}}});
  const auto reply = bench.call("s.echo");
  CHECK(reply.failure == ErrorClass::unavailable);
  CHECK(reply.message.find("/mcpServers/s") != std::string::npos);
  CHECK(bench.report().state == ServerState::misconfigured);
}

TEST_CASE("environment and directory reach the server and secrets leave it masked", "[catalog]") {
  Bench bench;
  ::setenv("HOST_API_KEY", "not-for-servers", 1);
  bench.with({"--stderr", "key is tops3cret-value"},
             {{"env", {{"API_KEY", "tops3cret-value"}, {"COUNT", 7}}}, {"cwd", bench.file("")}});
  CHECK(bench.text("s.environment", {{"name", "API_KEY"}}) == "[masked]");
  CHECK(bench.text("s.environment", {{"name", "COUNT"}}) == "7");
  CHECK(bench.text("s.environment", {{"name", "HOST_API_KEY"}}) == "(unset)");
  CHECK(bench.text("s.environment", {{"name", "PATH"}}) != "(unset)");
  CHECK(bench.text("s.directory") + "/" == bench.file(""));
  CHECK(bench.text("s.fail", {{"message", "bad key tops3cret-value"}}) == "tool_error: bad key [masked]");
  CHECK(eventually([&] { return bench.report().error_tail == "key is [masked]\n"; }));
}

TEST_CASE("looking around lists every server and search finds tools by words", "[catalog]") {
  Bench bench;
  bench.write({{"one", bench.stand_in({})}, {"two", bench.stand_in({})}, {"bad", {{"command", "/no/such"}}}});
  CHECK(bench.catalog().search({"", "one", 5})->empty());  // nothing is started by searching alone
  bench.catalog().look_around("", 20s);
  CHECK(bench.report("one").tool_count == bench.report("two").tool_count);
  CHECK(bench.report("bad").state == ServerState::backing_off);
  CHECK(bench.report("carillon").tool_count == 2u);  // those that are on

  const auto found = bench.catalog().search({"add numbers", "", 10});
  REQUIRE(found.ok());
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].tool->facts().tool == "one.add");
  CHECK(bench.catalog().search({"add numbers", "two", 10})->size() == 1);
  CHECK(bench.catalog().search({"", "", 7})->size() == 7);
  const auto unknown = bench.catalog().search({"", "onne", 7});
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::unknown_name);
}

TEST_CASE("a describe that would wait too long says how the server is doing", "[catalog]") {
  Bench bench;
  bench.with({"--slow-start", "60000"});
  const auto facts = bench.describe("s.echo", 20ms);
  REQUIRE_FALSE(facts.ok());
  CHECK(facts.error().code == ErrorCode::server_unavailable);
  CHECK(facts.error().message.find("starting") != std::string::npos);
}

TEST_CASE("a flood of stderr and a long answer disturb nobody", "[catalog]") {
  Bench bench;
  bench.with({});
  auto flood = bench.start("s.flood", {{"bytes", 2'000'000}});
  auto big = bench.start("s.big", {{"bytes", 5'000'000}});
  CHECK_FALSE(bench.call("s.echo", {{"message", "x"}}).failure);
  CHECK_FALSE(flood.get().failure);
  CHECK(big.get().content[0]["text"].get<std::string>().size() == 5'000'000);
  CHECK(eventually([&] { return bench.report().error_tail.ends_with("last words\n"); }));
}

TEST_CASE("a thousand waiting calls cost no thousand threads", "[catalog]") {
  Bench bench;
  bench.with({}, {{"carillon", {{"max_parallel", 1000}}}});
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, std::filesystem::directory_iterator{});
  };
  const auto before = threads();
  std::vector<std::future<ToolReply>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(bench.start("s.wait_for_file", {{"path", bench.file("gate")}}, 60s));
  REQUIRE(eventually([&] { return bench.journal("call").size() == 1000; }));
  CHECK(threads() <= before);
  std::ofstream{bench.file("gate")} << "open";
  for (auto& call : calls) CHECK_FALSE(call.get().failure);
}
