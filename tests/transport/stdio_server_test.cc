// What arrives on a stream, however it is cut and whatever it is: answered or refused, and the conversation goes on.
// The official suite has no scenario over stdio.
#include "transport/stdio_server.h"

#include <nlohmann/json.hpp>

#include "tests/transport/pipe_client.h"
#include "tests/transport/server_fixture.h"
#include "transport/worker_pool.h"

namespace carillon::transport {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

const std::string kPing = R"({"jsonrpc":"2.0","id":"still here","method":"ping"})";

int code_in(const std::string& line) { return json::parse(line)["error"].value("code", 0); }

// Whether the server still answers; what it said before is given back.
std::vector<std::string> said_before_ping(PipeClient& client) {
  client.say(kPing);
  std::vector<std::string> before;
  while (true) {
    for (auto& line : client.hear(1)) {
      if (json::parse(line).value("id", json()) == "still here") return before;
      before.push_back(std::move(line));
    }
  }
}

TEST_CASE("a message that comes byte by byte is one message", "[transport][stdio_server]") {
  Server server;
  PipeClient client{server.mcp};
  const std::string line = modern_call("Zürich \xF0\x9F\x94\x94", "fail").dump() + "\r\n";
  for (const char byte : line) REQUIRE(client.send({&byte, 1}));
  CHECK(json::parse(client.hear(1).at(0))["id"] == "Zürich \xF0\x9F\x94\x94");
}

TEST_CASE("messages that come together are answered each", "[transport][stdio_server]") {
  Server server;
  PipeClient client{server.mcp};
  std::string all;
  for (int id = 0; id < 1000; ++id) all += modern_call(id, "fail").dump() + (id % 3 == 0 ? "\r\n" : "\n\n \t\n");
  REQUIRE(client.send(all));
  const auto heard = client.hear(1000);
  REQUIRE(heard.size() == 1000);
  std::set<int> ids;
  for (const auto& line : heard) ids.insert(json::parse(line)["id"].get<int>());
  CHECK(ids.size() == 1000);
}

TEST_CASE("lines that are no message are refused and the next is answered", "[transport][stdio_server]") {
  Server server;
  PipeClient client{server.mcp};
  const std::string start = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":)";
  const auto [line, code] = GENERATE_COPY(table<std::string, int>({
      {start + "\"\xff\"}}", -32700},                // no UTF-8
      {start + "\"\xc3\x28\"}}", -32700},            // a sequence cut short
      {start + "\"\xc0\xaf\"}}", -32700},            // longer than need be
      {start + "\"\xed\xa0\x80\"}}", -32700},        // half a pair, as bytes
      {start + "\"\xf4\x90\x80\x80\"}}", -32700},    // beyond Unicode
      {start + R"("\ud800"}})", -32700},             // half a pair, escaped
      {start + R"("\udc00\ud800"}})", -32700},       // the wrong way round
      {start + std::string("\"\0\"}}", 5), -32700},  // NUL
      {start + "\"\x01\"}}", -32700},                // a bare control character
      {start + "1e9999}}", -32700},                  // no number that can be held
      {start + "NaN}}", -32700},
      {start + "01}}", -32700},
      {start + "1}} trailing", -32700},
      {start + "1,}}", -32700},
      {start + std::string(1000, '[') + std::string(1000, ']') + "}}", -32600},
      {std::string(100'000, '{'), -32600},
      {std::string("\0", 1), -32700},
      {"\xEF\xBB\xBF", -32700},
      {"\xFF\xFE{\x00", -32700},  // UTF-16
      {R"("just text")", -32600},
      {"null", -32600},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", -32600},
      {R"({"jsonrpc":2.0,"id":1,"method":"ping"})", -32600},
      {R"({})", -32600},
  }));
  CAPTURE(line.substr(0, 200));
  client.say(line);
  const auto before = said_before_ping(client);
  REQUIRE(before.size() == 1);
  CHECK(code_in(before[0]) == code);
}

TEST_CASE("a byte order mark before a message is passed over", "[transport][stdio_server]") {
  Server server;
  PipeClient client{server.mcp};
  client.say("\xEF\xBB\xBF" + modern_call(1, "fail").dump());
  CHECK(json::parse(client.hear(1).at(0))["result"]["isError"] == true);
}

TEST_CASE("a message written over several lines is refused line by line", "[transport][stdio_server]") {
  Server server;
  PipeClient client{server.mcp};
  client.say(modern_call(1, "fail").dump(2));
  const auto before = said_before_ping(client);
  CHECK(before.size() > 3);
  for (const auto& line : before) CHECK(code_in(line) != 0);
}

TEST_CASE("a line may be as long as the limit and not longer", "[transport][stdio_server]") {
  Server server;
  StreamOptions options;
  options.lines.line_bytes_max = 100'000;
  PipeClient client{server.mcp, options};
  std::string call = modern_call(1, "echo", {{"filler", "@"}}).dump();
  call.replace(call.find('@'), 1, std::string(100'000 - call.size() + 1, 'x'));
  REQUIRE(call.size() == 100'000);
  client.say(call);
  CHECK(json::parse(client.hear(1).at(0)).contains("result"));
  client.say(call + " ");
  client.say(std::string(5'000'000, 'x'));
  const auto before = said_before_ping(client);
  REQUIRE(before.size() == 2);
  for (const auto& line : before) CHECK(code_in(line) == -32600);
}

TEST_CASE("the end of input in the middle of a message refuses it and ends the conversation",
          "[transport][stdio_server]") {
  Server server;
  PipeClient client{server.mcp};
  REQUIRE(client.send(modern_call(1, "fail").dump() + "\n" + R"({"jsonrpc":"2.0","id":2,)"));
  const auto heard = client.hear_to_the_end();
  REQUIRE(heard.size() == 2);
  CHECK(json::parse(heard[0])["id"] == 1);
  CHECK(code_in(heard[1]) == -32700);
}

TEST_CASE("a last message without a line end is answered", "[transport][stdio_server]") {
  Server server;
  PipeClient client{server.mcp};
  REQUIRE(client.send(modern_call(1, "fail").dump()));
  const auto heard = client.hear_to_the_end();
  REQUIRE(heard.size() == 1);
  CHECK(json::parse(heard[0])["id"] == 1);
}

TEST_CASE("after the end of input what is under way is waited for and then taken back", "[transport][stdio_server]") {
  Server server;
  StreamOptions options;
  const bool patient = GENERATE(true, false);
  options.drain = patient ? 20s : 1ms;
  PipeClient client{server.mcp, options};
  client.say(modern_call(1, "park").dump());
  REQUIRE(server.tools.parking.wait_parked(1));
  client.hang_up();
  if (!patient) CHECK(server.tools.parking.wait_cancelled(1));
  server.tools.parking.answer_all({});
  CHECK(client.hear_to_the_end().size() == (patient ? 1U : 0U));
}

TEST_CASE("a client that does not read is given up and costs no more than its limit", "[transport][stdio_server]") {
  Server server;
  StreamOptions options;
  options.lines.unsent_bytes_max = 1'000'000;
  PipeClient deaf{server.mcp, options};
  const std::string call = modern_call(1, "echo", {{"filler", std::string(100'000, 'x')}}).dump() + "\n";
  int sent = 0;
  while (sent < 1000 && deaf.send(call)) ++sent;
  CHECK(sent < 1000);
  PipeClient other{server.mcp};
  CHECK(said_before_ping(other).empty());
}

struct Pooled {
  Tools tools;
  SystemClock clock;
  WorkerPool pool{{.threads_max = 4}};
  McpServer mcp{Server::default_options(), {&tools}, clock, pool};
};

std::string cancel_line(const json& id) {
  return json{{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}}.dump();
}

TEST_CASE("a cancel that comes before its request changes nothing", "[transport][stdio_server]") {
  Pooled p;
  PipeClient client{p.mcp};
  client.say(cancel_line(1) + "\n" + modern_call(1, "fail").dump());
  CHECK(json::parse(client.hear(1).at(0))["id"] == 1);
  client.say(cancel_line(1));  // nor does one that comes after the answer
  CHECK(said_before_ping(client).empty());
}

TEST_CASE("cancel and answer race over a pipe and there is one end at most", "[transport][stdio_server]") {
  Pooled p;
  PipeClient client{p.mcp};
  for (int id = 0; id < 500; ++id) {
    const json name = id % 2 == 0 ? "steps" : "fail";
    auto call = modern_call(id, name);
    call["params"]["_meta"]["progressToken"] = id;
    client.say(call.dump() + "\n" + cancel_line(id));
  }
  std::map<int, int> answers;
  for (const auto& line : said_before_ping(client)) {
    const json message = json::parse(line);
    if (message.contains("id")) {
      ++answers[message["id"].get<int>()];
    } else {
      CHECK_FALSE(answers.contains(message["params"]["progressToken"].get<int>()));  // nothing after the answer
    }
  }
  for (const auto& [id, count] : answers) CHECK(count == 1);
}

TEST_CASE("parked calls that are cancelled fall silent and the others are answered", "[transport][stdio_server]") {
  Pooled p;
  PipeClient client{p.mcp};
  for (int id = 0; id < 40; ++id) client.say(modern_call(id, "park").dump());
  REQUIRE(p.tools.parking.wait_parked(40));
  for (int id = 0; id < 40; id += 2) client.say(cancel_line(id));
  REQUIRE(p.tools.parking.wait_cancelled(20));
  p.tools.parking.answer_all({});
  std::set<int> answered;
  for (const auto& line : client.hear(20)) answered.insert(json::parse(line)["id"].get<int>());
  CHECK(answered.size() == 20);
  for (const int id : answered) CHECK(id % 2 == 1);
  CHECK(said_before_ping(client).empty());
}

TEST_CASE("both eras side by side on one pipe each get their own answers", "[transport][stdio_server]") {
  Pooled p;
  PipeClient client{p.mcp};
  client.say(json{{"jsonrpc", "2.0"},
                  {"id", "hello"},
                  {"method", "initialize"},
                  {"params", {{"protocolVersion", "2025-03-26"}, {"capabilities", json::object()}}}}
                 .dump());
  client.hear(1);
  std::string all;
  for (int id = 0; id < 600; ++id) {
    const json old{{"jsonrpc", "2.0"}, {"id", id}, {"method", "tools/call"}, {"params", {{"name", "echo"}}}};
    if (id % 3 == 0) all += modern_call(id, "echo").dump() + "\n";
    if (id % 3 == 1) all += old.dump() + "\n";
    if (id % 3 == 2) all += json::array({old}).dump() + "\n";
  }
  REQUIRE(client.send(all));
  std::set<int> seen;
  for (const auto& line : client.hear(600)) {
    const json heard = json::parse(line);
    const json& answer = heard.is_array() ? heard.at(0) : heard;
    const int id = answer["id"].get<int>();
    seen.insert(id);
    CHECK(heard.is_array() == (id % 3 == 2));
    CHECK(answer["result"].contains("resultType") == (id % 3 == 0));
    CHECK(answer["result"].contains("structuredContent") == (id % 3 == 0));  // 2025-03-26 knew none
  }
  CHECK(seen.size() == 600);
}

}  // namespace
}  // namespace carillon::transport
