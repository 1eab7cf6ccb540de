// Requests that a legacy server refuses until somebody has opened an address.
#include <mutex>

#include "tests/transport/client_fixture.h"
#include "tests/transport/scripted_server.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {

json address(const std::string& id) {
  return {{"mode", "url"}, {"elicitationId", id}, {"url", "https://pay.example/" + id}, {"message", "please pay"}};
}

// A server of 2025-11-25 that wants what `wanted` names before it does anything.
class Shop {
 public:
  explicit Shop(InputHandler asked, Duration pause = 1h, std::string revision = "2025-11-25")
      : server_([this, revision](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
          const std::lock_guard lock{mutex_};
          if (request.method == "GET") return open(reply);
          const json message = json::parse(request.body.empty() ? "{}" : request.body);
          const std::string method = message.value("method", "");
          if (method != "initialize" && method != "tools/call") return reply->send({202, "application/json", ""});
          json answer{{"jsonrpc", "2.0"}, {"id", message["id"]}};
          answer.update(method == "initialize" ? hello(revision) : serve());
          reply->send(json_response(200, answer));
        }),
        client_(
            [this] {
              HttpOptions http;
              http.address = *parse_http_address(server_.url("/mcp"));
              return make_http_wire(client_.loop(), {pool_}, http);
            },
            options(pause), std::move(asked)) {
    REQUIRE_FALSE(client_.open());
  }

  void want(json elicitations) {
    const std::lock_guard lock{mutex_};
    wanted_ = std::move(elicitations);
  }
  // What is wanted no longer is; whether the client is told.
  void pay(const std::string& id, bool tells) {
    const std::lock_guard lock{mutex_};
    std::erase_if(wanted_.get_ref<json::array_t&>(), [&](const json& each) { return each["elicitationId"] == id; });
    const json done{
        {"jsonrpc", "2.0"}, {"method", "notifications/elicitation/complete"}, {"params", {{"elicitationId", id}}}};
    if (tells) stream_->write("data: " + done.dump() + "\n\n");
  }
  bool is_listened_to() {
    return eventually([this] {
      const std::lock_guard lock{mutex_};
      return stream_ != nullptr;
    });
  }
  std::future<ClientReply> buy(ClientRequestId* id = nullptr) {
    auto request = Downstream::request_for("buy", json::object(), 20s);
    request.answer_time = 20s;
    return client_.start_call(std::move(request), id);
  }
  int calls() {
    const std::lock_guard lock{mutex_};
    return calls_;
  }
  Downstream& client() { return client_; }

 private:
  static ClientOptions options(Duration pause) {
    ClientOptions options;
    options.capabilities = {{"elicitation", {{"url", json::object()}}}};
    options.known_era = Era::legacy;
    options.url_pause = pause;
    return options;
  }
  static json hello(const std::string& revision) {
    return {
        {"result", {{"protocolVersion", revision}, {"capabilities", json::object()}, {"serverInfo", json::object()}}}};
  }
  json serve() {
    ++calls_;
    if (wanted_.empty()) return {{"result", {{"content", {{{"type", "text"}, {"text", "sold"}}}}}}};
    return {{"error", {{"code", -32042}, {"message", "pay first"}, {"data", {{"elicitations", wanted_}}}}}};
  }
  void open(const std::shared_ptr<HttpReply>& reply) {
    stream_ = reply;
    stream_->begin_stream({200, "text/event-stream", ": open\n\n"});
  }

  std::mutex mutex_;
  json wanted_ = json::array();
  int calls_ = 0;
  std::shared_ptr<HttpReply> stream_;
  ScriptedServer server_;
  Downstream client_;
  std::shared_ptr<BlockingPool> pool_ = std::make_shared<BlockingPool>(8, 100);  // ends before the loop of the client
};

// Says the same to every question, and counts them.
struct Person {
  json says;
  std::atomic<int> asked{0};
  InputHandler handler() {
    return [this](const InputRequest& question, const std::function<void(InputAnswer)>& answer) {
      if (question.params["message"] == "please pay" && question.method == "elicitation/create") ++asked;
      answer(says);
    };
  }
};

}  // namespace

TEST_CASE("a request is repeated when the address that it needs is done with", "[transport][client_urls]") {
  Person person{{{"action", "accept"}}};
  Shop shop{person.handler()};
  REQUIRE(shop.is_listened_to());
  shop.want({address("a"), address("b"), address("a")});
  auto bought = shop.buy();
  REQUIRE(eventually([&] { return person.asked == 2; }));
  shop.pay("a", true);
  shop.pay("b", true);
  const auto reply = bought.get();
  REQUIRE(std::holds_alternative<json>(reply));
  CHECK(std::get<json>(reply)["content"][0]["text"] == "sold");
  CHECK(shop.calls() == 2);
  CHECK(person.asked == 2);
}

TEST_CASE("a server that tells nothing is asked again and the person is not", "[transport][client_urls]") {
  Person person{{{"action", "accept"}}};
  Shop shop{person.handler(), 1ms};
  shop.want({address("a")});
  auto bought = shop.buy();
  REQUIRE(eventually([&] { return shop.calls() >= 4; }));
  CHECK(person.asked == 1);
  shop.pay("a", false);
  const auto reply = bought.get();
  REQUIRE(std::holds_alternative<json>(reply));
  CHECK(std::get<json>(reply)["content"][0]["text"] == "sold");
}

TEST_CASE("an address that nobody opens ends the request", "[transport][client_urls]") {
  SECTION("as the server refused it when the person declines") {
    Person person{{{"action", "decline"}}};
    Shop shop{person.handler()};
    shop.want({address("a"), address("b")});
    CHECK(shop.client().text("buy") == "refused: pay first");
    CHECK(person.asked == 1);
  }
  SECTION("as the server refused it when there is nobody") {
    Shop shop{nullptr};
    shop.want({address("a")});
    CHECK(shop.client().text("buy") == "refused: pay first");
  }
  SECTION("in words when nobody can be asked any more") {
    Shop shop{[](const InputRequest&, const std::function<void(InputAnswer)>& answer) {
      answer(ProtocolError{rpc_code::kInvalidParams, "nobody is here", nullptr});
    }};
    shop.want({address("a")});
    CHECK(failure_of(shop.client().call("buy")).message == "nobody is here");
  }
  SECTION("when it is cancelled meanwhile") {
    std::promise<void> asked;
    Shop shop{[&](const InputRequest&, const auto&) { asked.set_value(); }};
    shop.want({address("a")});
    ClientRequestId id = 0;
    auto bought = shop.buy(&id);
    asked.get_future().wait();
    shop.client().cancel(id);
    CHECK(failure_of(bought.get()).kind == ClientFailureKind::cancelled);
  }
}

TEST_CASE("a refusal that names no proper address is a refusal", "[transport][client_urls]") {
  Person person{{{"action", "accept"}}};
  Shop shop{person.handler()};
  json without_url = address("a");
  without_url.erase("url");
  json form = address("a");
  form["mode"] = "form";
  for (const json& wrong : {json::array({7}), json::array({without_url}), json::array({address("b"), form})}) {
    shop.want(wrong);
    CHECK(shop.client().text("buy") == "refused: pay first");
  }
  CHECK(person.asked == 0);
}
