#include "transport/client_input.h"

#include <atomic>

#include "tests/transport/client_fixture.h"
#include "tests/transport/scripted_server.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {

const json kForm{{"method", "elicitation/create"}, {"params", {{"message", "sure?"}, {"requestedSchema", {}}}}};

// A server that answers initialize and discover, and plays `call` for every tools/call.
class Pair {
 public:
  using Call = std::function<json(const json& params)>;

  explicit Pair(Call call, InputHandler asked = nullptr)
      : server_([call = std::move(call)](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
          const json message = json::parse(request.body);
          json result{
              {"resultType", "complete"}, {"supportedVersions", {"2026-07-28"}}, {"capabilities", json::object()}};
          if (message["method"] == "tools/call") result = call(message["params"]);
          reply->send(json_response(200, {{"jsonrpc", "2.0"}, {"id", message["id"]}, {"result", result}}));
        }),
        client_(
            [this] {
              HttpOptions http;
              http.address = *parse_http_address(server_.url("/mcp"));
              return make_http_wire(client_.loop(), {pool_}, http);
            },
            options(), std::move(asked)) {
    REQUIRE_FALSE(client_.open());
  }
  Downstream& client() { return client_; }

 private:
  static ClientOptions options() {
    ClientOptions options;
    options.capabilities = {{"elicitation", json::object()}};
    options.known_era = Era::modern;
    return options;
  }
  ScriptedServer server_;
  Downstream client_;
  std::shared_ptr<BlockingPool> pool_ = std::make_shared<BlockingPool>(8, 100);  // ends before the loop of the client
};

InputHandler accepting() {
  return [](const InputRequest& question, const std::function<void(InputAnswer)>& answer) {
    CHECK(question.params["message"] == "sure?");
    answer(json{{"action", "accept"}, {"content", {{"ok", true}}}});
  };
}

}  // namespace

TEST_CASE("the form's defaults are its content", "[transport][client_input]") {
  CHECK(default_content({{"properties",
                          {{"a", {{"type", "string"}, {"default", "x"}}}, {"b", {{"type", "integer"}}}, {"c", 7}}}}) ==
        json{{"a", "x"}});
  for (const json& nonsense : {json(), json(7), json::object(), json{{"properties", 7}}})
    CHECK(default_content(nonsense) == json::object());
}

TEST_CASE("answers go back under their keys with the server's exact state and only then", "[transport][client_input]") {
  std::mutex mutex;
  std::vector<json> calls;
  Pair pair{[&](const json& params) {
              const std::lock_guard lock{mutex};
              calls.push_back(params);
              if (calls.size() == 1)
                return json{{"resultType", "input_required"},
                            {"inputRequests", {{"one", kForm}, {"two", kForm}}},
                            {"requestState", "{ \"as is\" }"}};
              if (calls.size() == 2)
                return json{{"resultType", "input_required"}, {"inputRequests", {{"three", kForm}}}};
              return json{{"resultType", "complete"}, {"content", {{{"type", "text"}, {"text", "done"}}}}};
            },
            accepting()};
  CHECK(pair.client().text("ask", {{"x", 1}}) == "done");
  REQUIRE(calls.size() == 3);
  CHECK_FALSE(calls[0].contains("inputResponses"));
  CHECK(calls[1]["inputResponses"].size() == 2);
  CHECK(calls[1]["inputResponses"]["one"]["content"]["ok"] == true);
  CHECK(calls[1]["requestState"] == "{ \"as is\" }");
  CHECK(calls[1]["arguments"] == json{{"x", 1}});
  CHECK(calls[2]["inputResponses"].size() == 1);
  CHECK_FALSE(calls[2].contains("requestState"));
}

TEST_CASE("questions that nobody answers or that make no sense end the call", "[transport][client_input]") {
  const json asked =
      GENERATE_COPY(json{{"one", kForm}}, json{{"one", {{"method", "tools/call"}}}}, json{{"one", 7}},
                    json{{"one", {{"method", "elicitation/create"}, {"params", 7}}}}, json::object(), json::array({1}));
  const bool has_person = asked != json{{"one", kForm}};
  Pair pair{[&](const json&) {
              return json{{"resultType", "input_required"}, {"inputRequests", asked}};
            },
            has_person ? accepting() : InputHandler{}};
  CHECK(failure_of(pair.client().call("ask")).kind ==
        (has_person ? ClientFailureKind::protocol : ClientFailureKind::needs_input));
}

TEST_CASE("a server that never stops asking is given up", "[transport][client_input]") {
  Pair pair{[&](const json&) {
              return json{{"resultType", "input_required"}, {"inputRequests", {{"one", kForm}}}};
            },
            accepting()};
  CHECK(failure_of(pair.client().call("ask")).message.find("does not stop") != std::string::npos);
}

// Calls `ask` with these times; the question's answer is the caller's to give.
struct OpenQuestion {
  explicit OpenQuestion(CallTimes times)
      : pair(
            [this](const json&) {
              if (answered) return json{{"content", {{{"type", "text"}, {"text", "done"}}}}};
              return json{{"resultType", "input_required"}, {"inputRequests", {{"one", kForm}}}};
            },
            [this](const InputRequest&, std::function<void(InputAnswer)> given) {
              question.set_value(std::move(given));
            }) {
    auto request = Downstream::request_for("ask", json::object(), times.own);
    request.answer_time = times.answering;
    reply = pair.client().start_call(std::move(request), &id);
    answer = question.get_future().get();
  }
  std::atomic<bool> answered{false};
  std::promise<std::function<void(InputAnswer)>> question;
  Pair pair;
  ClientRequestId id = 0;
  std::future<ClientReply> reply;
  std::function<void(InputAnswer)> answer;
};

TEST_CASE("the time of a call stands still while somebody is asked", "[transport][client_input]") {
  OpenQuestion open{{2s, 1h}};
  open.pair.client().loop().post([&] {
    open.pair.client().loop().after(2200ms, [&] {  // longer than the call may take
      open.answered = true;
      open.answer(json{{"action", "decline"}});
    });
  });
  CHECK(std::holds_alternative<json>(open.reply.get()));
}

TEST_CASE("a call that waits for an answer can be cancelled and ends when none is given", "[transport][client_input]") {
  const bool cancels = GENERATE(true, false);
  OpenQuestion open{{20s, cancels ? Duration{1h} : Duration{50ms}}};
  if (cancels) open.pair.client().cancel(open.id);
  CHECK(failure_of(open.reply.get()).kind == (cancels ? ClientFailureKind::cancelled : ClientFailureKind::needs_input));
  open.pair.client().loop().post([&] { open.answer(json::object()); });  // too late: nobody minds
  open.answered = true;
  CHECK(open.pair.client().text("other") == "done");
}

namespace {

// A legacy stand-in over stdio: its questions name no call.
class Legacy {
 public:
  Legacy() : server({"--era", "legacy", "--journal", folder.file("journal")}, options()) {
    REQUIRE_FALSE(server.open());
  }

  // A call of `elicit` with who answers it.
  std::future<ClientReply> start(InputHandler on_input, json arguments = json::object(), Duration own = 20s) {
    auto request = Downstream::request_for("elicit", std::move(arguments), own);
    request.on_input = std::move(on_input);
    return server.start_call(std::move(request), &id);
  }
  static std::string text(std::future<ClientReply>& reply) {
    return std::get<json>(reply.get())["content"][0]["text"].get<std::string>();
  }

  TestFolder folder;
  Downstream server;
  ClientRequestId id = 0;

 private:
  static ClientOptions options() {
    ClientOptions options;
    options.capabilities = {{"elicitation", json::object()}};
    return options;
  }
};

InputHandler saying(const std::string& action) {
  return [action](const InputRequest&, const std::function<void(InputAnswer)>& answer) {
    answer(json{{"action", action}});
  };
}

}  // namespace

TEST_CASE("a legacy server's question reaches the only call that it can be about", "[transport][client_input]") {
  Legacy legacy;
  auto reply = legacy.start(saying("accept"));
  CHECK(Legacy::text(reply) == R"({"action":"accept"})");
}

TEST_CASE("a question that may be about another's call reaches nobody", "[transport][client_input]") {
  const bool was_taken_back = GENERATE(true, false);
  Legacy legacy;
  std::promise<std::function<void(InputAnswer)>> question;
  auto first = legacy.start(
      [&](const InputRequest&, std::function<void(InputAnswer)> answer) { question.set_value(std::move(answer)); });
  const auto answer = question.get_future().get();
  if (was_taken_back) {
    legacy.server.cancel(legacy.id);
    CHECK(failure_of(first.get()).kind == ClientFailureKind::cancelled);
  }
  auto second = legacy.start(saying("accept"));
  CHECK(Legacy::text(second).find("error") != std::string::npos);
  legacy.server.loop().post([answer] { answer(json{{"action", "accept"}}); });
  if (!was_taken_back) CHECK(Legacy::text(first) == R"({"action":"accept"})");
}

TEST_CASE("a refused question ends the call that it is about", "[transport][client_input]") {
  Legacy legacy;
  auto reply = legacy.start([](const InputRequest&, const std::function<void(InputAnswer)>& answer) {
    answer(ProtocolError{rpc_code::kInvalidParams, "nobody is here", nullptr});
  });
  const auto failure = failure_of(reply.get());
  CHECK(failure.kind == ClientFailureKind::needs_input);
  CHECK(failure.message == "nobody is here");
}

TEST_CASE("questions find their caller again once the server has ended a refused call", "[transport][client_input]") {
  Legacy legacy;
  auto refused = legacy.start([](const InputRequest&, const std::function<void(InputAnswer)>& answer) {
    answer(ProtocolError{rpc_code::kInvalidParams, "nobody is here", nullptr});
  });
  CHECK(failure_of(refused.get()).kind == ClientFailureKind::needs_input);
  CHECK(eventually([&] {
    auto later = legacy.start(saying("accept"));
    return Legacy::text(later) == R"({"action":"accept"})";
  }));
}

TEST_CASE("a question that the server takes back no longer stops the clock", "[transport][client_input]") {
  Legacy legacy;
  auto reply = legacy.start([](const InputRequest&, const auto&) {}, {{"withdraw", true}}, 300ms);
  CHECK(failure_of(reply.get()).kind == ClientFailureKind::timed_out);
}

TEST_CASE("the stream on which a legacy server asks takes no thread from calls", "[transport][client_http]") {
  std::mutex mutex;
  std::shared_ptr<HttpReply> stream, call;
  std::string call_id;
  ScriptedServer server{[&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    const std::lock_guard lock{mutex};
    if (request.method == "GET") {
      stream = reply;
      return stream->begin_stream({200, "text/event-stream", ": open\n\n"});
    }
    const json message = json::parse(request.body.empty() ? "{}" : request.body);
    const std::string method = message.value("method", "");
    if (method == "initialize") {
      const json result{
          {"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}, {"serverInfo", json::object()}};
      return reply->send(json_response(200, {{"jsonrpc", "2.0"}, {"id", message["id"]}, {"result", result}}));
    }
    if (method != "tools/call") return reply->send({202, "application/json", ""});
    reply->send(json_response(
        200, {{"jsonrpc", "2.0"}, {"id", message["id"]}, {"result", {{"content", {{{"text", "called"}}}}}}}));
  }};
  ClientOptions options;
  options.known_era = Era::legacy;
  options.capabilities = {{"elicitation", json::object()}};
  std::unique_ptr<Downstream> client;
  // They end before the loop of the client.
  auto calls = std::make_shared<BlockingPool>(1, 100), listening = std::make_shared<BlockingPool>(1, 100);
  client = std::make_unique<Downstream>(
      [&] {
        HttpOptions http;
        http.address = *parse_http_address(server.url("/mcp"));
        return make_http_wire(client->loop(), {calls, listening}, http);
      },
      options, accepting());
  REQUIRE_FALSE(client->open());
  CHECK(client->text("one") == "called");
  // Ours and the wire's. If what runs on it held the pool too, the pool could end on a thread of its own.
  CHECK(eventually([&] {
    const std::lock_guard lock{mutex};
    return stream != nullptr;
  }));
  CHECK(listening.use_count() == 2);
}

TEST_CASE("a legacy stream that ends before its answer is resumed where it ended", "[transport][client_http]") {
  std::mutex mutex;
  std::vector<std::string> resumed_from;
  ScriptedServer server{[&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    if (request.method == "GET") {
      const std::lock_guard lock{mutex};
      resumed_from.push_back(std::string{request.header("Last-Event-ID").value_or("none")});
      reply->begin_stream(
          {200, "text/event-stream", "id: e" + std::to_string(resumed_from.size() + 1) + "\ndata:\n\n"});
      if (resumed_from.size() == 1) return reply->finish();
      // The answer; the stream stays open, and nobody waits for its end.
      reply->write(
          "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"ok\"}]}}\n\n");
      return;
    }
    const json message = json::parse(request.body.empty() ? "{}" : request.body);
    const std::string method = message.value("method", "");
    if (method == "tools/call") {
      reply->begin_stream({200, "text/event-stream", "id: e1\nretry: 60\ndata:\n\n"});
      return reply->finish();
    }
    if (method != "initialize") return reply->send({202, "application/json", ""});
    const json result{
        {"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}, {"serverInfo", json::object()}};
    reply->send(json_response(200, {{"jsonrpc", "2.0"}, {"id", message["id"]}, {"result", result}}));
  }};
  ClientOptions options;
  options.known_era = Era::legacy;
  std::unique_ptr<Downstream> client;
  auto pool = std::make_shared<BlockingPool>(8, 100);  // ends before the loop of the client
  client = std::make_unique<Downstream>(
      [&] {
        HttpOptions http;
        http.address = *parse_http_address(server.url("/mcp"));
        return make_http_wire(client->loop(), {pool}, http);
      },
      options);
  REQUIRE_FALSE(client->open());
  CHECK(client->text("slow") == "ok");
  const std::lock_guard lock{mutex};
  CHECK(resumed_from == std::vector<std::string>{"e1", "e2"});
}
