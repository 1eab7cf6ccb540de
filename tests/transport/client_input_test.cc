#include "transport/client_input.h"

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
              return make_http_wire(client_.loop(), pool_, http);
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
  std::shared_ptr<BlockingPool> pool_ = std::make_shared<BlockingPool>(8, 100);
  ScriptedServer server_;
  Downstream client_;
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
  const json asked = GENERATE_COPY(json{{"one", kForm}}, json{{"one", {{"method", "tools/call"}}}}, json{{"one", 7}},
                                   json::object(), json::array({1}));
  const bool has_person = asked != json{{"one", kForm}};
  Pair pair{[&](const json&) {
              return json{{"resultType", "input_required"}, {"inputRequests", asked}};
            },
            has_person ? accepting() : InputHandler{}};
  CHECK(failure_of(pair.client().call("ask")).kind == ClientFailureKind::protocol);
}

TEST_CASE("a server that never stops asking is given up", "[transport][client_input]") {
  Pair pair{[&](const json&) {
              return json{{"resultType", "input_required"}, {"inputRequests", {{"one", kForm}}}};
            },
            accepting()};
  CHECK(failure_of(pair.client().call("ask")).message.find("does not stop") != std::string::npos);
}

TEST_CASE("a call that waits for an answer can be cancelled and times out", "[transport][client_input]") {
  const bool cancels = GENERATE(true, false);
  std::promise<std::function<void(InputAnswer)>> question;
  Pair pair{
      [&](const json&) {
        return json{{"resultType", "input_required"}, {"inputRequests", {{"one", kForm}}}};
      },
      [&](const InputRequest&, std::function<void(InputAnswer)> answer) { question.set_value(std::move(answer)); }};
  ClientRequestId id = 0;
  auto reply = pair.client().start_call(
      Downstream::request_for("ask", json::object(), cancels ? Duration{20s} : Duration{500ms}), &id);
  const auto answer = question.get_future().get();
  if (cancels) pair.client().cancel(id);
  CHECK(failure_of(reply.get()).kind == (cancels ? ClientFailureKind::cancelled : ClientFailureKind::timed_out));
  pair.client().loop().post([answer] { answer(json::object()); });  // too late: nobody minds
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
  auto pool = std::make_shared<BlockingPool>(8, 100);
  std::unique_ptr<Downstream> client;
  client = std::make_unique<Downstream>(
      [&] {
        HttpOptions http;
        http.address = *parse_http_address(server.url("/mcp"));
        return make_http_wire(client->loop(), pool, http);
      },
      options);
  REQUIRE_FALSE(client->open());
  CHECK(client->text("slow") == "ok");
  const std::lock_guard lock{mutex};
  CHECK(resumed_from == std::vector<std::string>{"e1", "e2"});
}
