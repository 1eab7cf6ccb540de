#include "catalog/http_tools.h"

#include <catch2/catch.hpp>

#include "catalog/builtin_calls.h"
#include "catalog/secrets.h"
#include "tests/catalog/catalog_fixture.h"
#include "tests/support/web_receiver.h"
#include "transport/webhook_signature.h"

using namespace carillon;
using namespace carillon::catalog;
using test::WebAnswer;
using test::WebReceiver;

namespace {

// A catalog that may reach the web server.
struct Outside {
  explicit Outside(std::vector<WebAnswer> answers = {{}}) : web(std::move(answers)) {
    bench.options.http_hosts = {web.host()};
  }
  ToolReply call(const std::string& method, json arguments = json::object(), Duration timeout = 20s) {
    if (!arguments.contains("url")) arguments["url"] = web.url("/x");
    return bench.call("carillon.http_" + method, std::move(arguments), timeout);
  }
  WebReceiver web;
  Bench bench;
};

// A server that answers only when the test has what it wants; 20 s are for a broken program.
class Silence {
 public:
  WebAnswer answer() const {
    return {.meanwhile = [over = over_] { over.wait_for(20s); }};
  }
  void end() { end_.set_value(); }

 private:
  std::promise<void> end_;
  std::shared_future<void> over_ = end_.get_future().share();
};

}  // namespace

TEST_CASE("each method is a tool whose effect says whether it may be repeated", "[catalog][http_tools]") {
  const auto [method, effect] = GENERATE(table<std::string, Effect>({{"get", Effect::read},
                                                                     {"head", Effect::read},
                                                                     {"put", Effect::idempotent},
                                                                     {"delete", Effect::idempotent},
                                                                     {"post", Effect::destructive},
                                                                     {"patch", Effect::destructive}}));
  Outside outside;
  CHECK(outside.bench.describe("carillon.http_" + method)->effect == effect);
  const auto reply = outside.call(method);
  CHECK_FALSE(reply.failure);
  CHECK(reply.structured["status"] == 200);
  REQUIRE(outside.web.posted().size() == 1);
  auto sent = outside.web.posted()[0];
  std::transform(sent.method.begin(), sent.method.end(), sent.method.begin(), ::tolower);
  CHECK(sent.method == method);
  CHECK(sent.headers["traceparent"].starts_with("00-0af7"));
  CHECK(sent.headers["idempotency-key"] == (effect == Effect::read ? "" : "key-of-carillon.http_" + method));
}

TEST_CASE("what is sent is as the arguments say", "[catalog][http_tools]") {
  Outside outside;
  CHECK_FALSE(outside.call("post", {{"body", {{"n", 1}}}, {"headers", {{"X-Number", 5}}}}).failure);
  CHECK_FALSE(outside.call("post", {{"body", "plain"}}).failure);
  CHECK_FALSE(outside.call("put", {{"body", "<a/>"}, {"headers", {{"Content-Type", "text/xml"}}}}).failure);
  CHECK_FALSE(outside.call("delete").failure);
  auto sent = outside.web.posted();
  REQUIRE(sent.size() == 4);
  CHECK(sent[0].body == R"({"n":1})");
  CHECK(sent[0].headers["content-type"] == "application/json");
  CHECK(sent[0].headers["x-number"] == "5");
  CHECK(sent[1].body == "plain");
  CHECK(sent[1].headers["content-type"] == "text/plain; charset=utf-8");
  CHECK(sent[2].headers["content-type"] == "text/xml");
  CHECK(sent[3].headers.count("content-type") == 0);
}

TEST_CASE("an answer is read as its type says", "[catalog][http_tools]") {
  const std::string kLong(3000, 'x');
  Outside outside{{{.headers = {{"X-Two", "a"}}, .body = R"({"a":[1]})", .content_type = "application/problem+json"},
                   {.body = "{no json", .content_type = "application/json"},
                   {.body = R"({"a":1})"},
                   {.body = "\xff\xfe"},
                   {.body = std::string(200, '[') + std::string(200, ']'), .content_type = "application/json"},
                   {.body = kLong}}};
  outside.bench.options.http_get_bytes_max = 2000;
  const auto first = outside.call("get");
  CHECK(first.structured["body"] == json{{"a", {1}}});
  CHECK(first.structured["headers"]["x-two"] == "a");
  CHECK(first.content[0]["text"] == R"({"a":[1]})");
  CHECK(outside.call("get").structured["body"] == "{no json");
  CHECK(outside.call("get").structured["body"] == R"({"a":1})");
  CHECK(outside.call("get").structured["body"] == "(2 bytes that are no text)");
  CHECK(outside.call("get").structured["body"].is_string());
  const auto last = outside.call("get");
  CHECK(last.structured["cut"] == true);
  CHECK(last.structured["body"] == kLong.substr(0, 2000));
}

TEST_CASE("what a server answers decides what comes next", "[catalog][http_tools]") {
  struct Row {
    int status;
    std::optional<ErrorClass> failure;
    Arrived arrived;
  };
  const auto row = GENERATE(values<Row>({{200, std::nullopt, Arrived::maybe},
                                         {204, std::nullopt, Arrived::maybe},
                                         {302, ErrorClass::tool_error, Arrived::maybe},
                                         {400, ErrorClass::tool_error, Arrived::maybe},
                                         {401, ErrorClass::needs_sign_in, Arrived::maybe},
                                         {403, ErrorClass::tool_error, Arrived::maybe},
                                         {429, ErrorClass::rate_limited, Arrived::no},
                                         {500, ErrorClass::unavailable, Arrived::maybe},
                                         {502, ErrorClass::unavailable, Arrived::maybe},
                                         {503, ErrorClass::unavailable, Arrived::no}}));
  const WebReceiver other;
  Outside outside{
      {{.status = row.status, .headers = {{"Location", other.url()}, {"Retry-After", "90"}}, .body = "why"}}};
  outside.bench.options.http_hosts.push_back(other.host());
  const auto reply = outside.call("post", {{"body", "x"}});
  INFO(row.status << " " << reply.message);
  CHECK(reply.failure == row.failure);
  CHECK(reply.arrived == row.arrived);
  CHECK(reply.structured["status"] == row.status);
  if (row.failure) CHECK(reply.retry_after == Duration{90s});
  if (row.failure) CHECK(reply.message.find(std::to_string(row.status)) != std::string::npos);
  CHECK(other.posted().empty());
}

TEST_CASE("which status is a success can be said", "[catalog][http_tools]") {
  const auto [wanted, status, good] = GENERATE(table<json, int, bool>({{json(404), 404, true},
                                                                       {json(404), 200, false},
                                                                       {json("3xx"), 301, true},
                                                                       {json{"2xx", 409}, 409, true},
                                                                       {json{"2xx", 409}, 201, true},
                                                                       {json{"2xx", 409}, 404, false}}));
  Outside outside{{{.status = status}}};
  CHECK(outside.call("put", {{"expect_status", wanted}}).failure.has_value() != good);
}

TEST_CASE("hosts that nobody allowed are not reached", "[catalog][http_tools]") {
  const WebReceiver web;
  const std::string port = web.host().substr(web.host().find(':'));
  struct Row {
    std::vector<std::string> hosts;
    std::string url;
    ErrorClass failure;
    const char* why;
  };
  const auto row = GENERATE_REF(values<Row>({
      {{}, web.url(), ErrorClass::not_allowed, "is off"},
      {{"example.com"}, web.url(), ErrorClass::not_allowed, "catalog.http_hosts"},
      {{"127.0.0.1"}, web.url(), ErrorClass::not_allowed, "https"},
      {{"127.0.0.1"}, "https://127.0.0.1" + port, ErrorClass::not_allowed, "private"},
      {{"localhost"}, "https://localhost" + port, ErrorClass::not_allowed, "private"},
      {{"127.0.0.1:1"}, web.url(), ErrorClass::not_allowed, "catalog.http_hosts"},
      {{web.host()}, "http://127.0.0.1" + port + "@example.com/", ErrorClass::invalid_arguments, "/url"},
      {{web.host()}, "ftp://127.0.0.1" + port, ErrorClass::invalid_arguments, "/url"},
      {{web.host()}, "http://127.0.0.1" + port + "/a\r\nX-Y: z", ErrorClass::invalid_arguments, "/url"},
  }));
  Bench bench;
  bench.options.http_hosts = row.hosts;
  const auto reply = bench.call("carillon.http_post", {{"url", row.url}});
  INFO(row.url << ": " << reply.message);
  CHECK(reply.failure == row.failure);
  CHECK(reply.arrived == Arrived::no);
  CHECK(reply.message.find(row.why) != std::string::npos);
  CHECK(web.posted().empty());
}

TEST_CASE("what is wrong with a request is known before its templates are filled in", "[catalog][http_tools]") {
  Bench bench;
  bench.options.http_hosts = {"api.example.com"};
  bench.options.http_secrets = {"token@api.example.com"};
  const auto facts = bench.describe("carillon.http_post");
  REQUIRE(facts.ok());
  const json secret{{"Authorization", {{"secret", "token"}, {"before", "Bearer "}}}};
  const json other{{"Authorization", {{"secret", "other"}}}};
  const auto [arguments, pointer] = GENERATE_REF(table<json, std::string>({
      {{{"url", "https://api.example.com/a"}, {"body", "${input}"}, {"secret_headers", secret}}, ""},
      {{{"url", "${input.url}"}, {"secret_headers", other}}, ""},
      {{{"url", "https://${input.host}/"}}, ""},
      {{{"url", "https://other.example.com/a"}, {"body", "${input}"}}, "/url"},
      {{{"url", "http://api.example.com/a"}, {"body", "${input}"}}, "/url"},
      {{{"url", "no address"}, {"body", "${input}"}}, "/url"},
      {{{"url", "https://api.example.com/a"}, {"secret_headers", other}}, "/headers"},
      {{{"url", "${input.url}"}, {"headers", {{"Host", "x"}}}}, "/headers/Host"},
      {{{"url", "${input.url}"}, {"headers", {{"X-A", "${input.a}"}}}}, ""},
      {{{"url", 5}, {"headers", "x"}, {"secret_headers", {1, {{"secret", 2}}}}}, ""},  // for the schema to say
      {{{"url", "https://api.example.com/a"}, {"headers", 1}, {"secret_headers", {{"X", 5}}}}, ""},
      {json::object(), ""},
  }));
  CAPTURE(arguments.dump());
  const Status fits = facts->check(arguments);
  CHECK(fits.ok() == pointer.empty());
  if (!fits.ok()) CHECK(fits.error().pointer == pointer);
}

TEST_CASE("a host that may be read from may not be written to", "[catalog][http_tools]") {
  const WebReceiver web;
  Bench bench;
  bench.options.http_get_hosts = {web.host()};
  CHECK_FALSE(bench.call("carillon.http_get", {{"url", web.url()}}).failure);
  CHECK(bench.call("carillon.http_post", {{"url", web.url()}}).failure == ErrorClass::not_allowed);
  CHECK(bench.describe("carillon.http_post").error().code == ErrorCode::not_allowed);
}

TEST_CASE("a header cannot become two and ours cannot be replaced", "[catalog][http_tools]") {
  const auto headers = GENERATE(values<json>({{{"X-A", "a\r\nX-B: c"}},
                                              {{"X-A", std::string("a\0b", 3)}},
                                              {{"X A", "a"}},
                                              {{"X-A:", "a"}},
                                              {{"Host", "other"}},
                                              {{"content-LENGTH", "5"}},
                                              {{"Webhook-Signature", "v1,x"}},
                                              {{"X-A", {{"secret", "github"}}}},
                                              {{"X-A", nullptr}}}));
  Outside outside;
  const auto reply = outside.call("post", {{"headers", headers}});
  INFO(reply.message);
  CHECK(reply.failure == ErrorClass::invalid_arguments);
  CHECK(outside.web.posted().empty());
}

TEST_CASE("a request is signed as a webhook is whatever stands behind the address", "[catalog][http_tools]") {
  Outside outside;
  outside.bench.signing_key = std::string(32, 'k');
  CHECK_FALSE(outside.call("post", {{"url", outside.web.url("/hook?run=1")}, {"body", {{"a", 1}}}}).failure);
  auto sent = outside.web.posted().at(0);
  const std::string secret = transport::webhook_secret(std::string(32, 'k'), "default\n" + outside.web.url("/hook"));
  const transport::WebhookDelivery delivery{sent.headers["webhook-id"], sent.headers["webhook-timestamp"], sent.body};
  const Instant now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  CHECK(sent.headers["webhook-id"] == "key-of-carillon.http_post");
  CHECK(transport::check_webhook(secret, delivery, sent.headers["webhook-signature"], now) ==
        transport::SignatureVerdict::good);
}

TEST_CASE("a secret goes into a header of a host that may have it and comes back from nowhere",
          "[catalog][http_tools]") {
  Outside outside{{{.body = "you said Bearer s3cr3t-of-github"}}};
  REQUIRE(Vault{outside.bench.options.vault_directory}.write(Shelf::secrets, "github", "s3cr3t-of-github").ok());
  const json arguments{{"secret_headers", {{"Authorization", {{"secret", "github"}, {"before", "Bearer "}}}}}};
  {
    Bench bench;
    bench.options.http_hosts = {outside.web.host()};
    bench.options.vault_directory = outside.bench.options.vault_directory;
    bench.options.http_secrets = {"github@api.github.com", "other@" + outside.web.host()};
    json there = arguments;
    there["url"] = outside.web.url();
    const auto refused = bench.call("carillon.http_get", there);
    CHECK(refused.failure == ErrorClass::not_allowed);
    CHECK(refused.message.find("catalog.http_secrets") != std::string::npos);
    CHECK(outside.web.posted().empty());
  }
  outside.bench.options.http_secrets = {"github@" + outside.web.host(), "gone@" + outside.web.host()};
  const auto reply = outside.call("get", arguments);
  CHECK(outside.web.posted().at(0).headers["authorization"] == "Bearer s3cr3t-of-github");
  CHECK(reply.structured["body"] == "you said Bearer [masked]");
  CHECK(reply.content[0]["text"] == "you said Bearer [masked]");
  CHECK(outside.call("get", {{"secret_headers", {{"X", {{"secret", "gone"}}}}}}).failure == ErrorClass::not_found);
}

TEST_CASE("a request ends with its time and when it is cancelled", "[catalog][http_tools]") {
  Silence silence;
  Outside outside{{silence.answer()}};
  const auto late = outside.call("post", {{"body", "x"}}, 200ms);
  CHECK(late.failure == ErrorClass::timeout);
  CHECK(late.arrived == Arrived::maybe);
  CallId id = 0;
  auto cancelled = outside.bench.start("carillon.http_get", {{"url", outside.web.url()}}, 20s, &id);
  REQUIRE(eventually([&] { return outside.web.posted().size() == 2; }));
  outside.bench.catalog().cancel(id, "nobody wants it");
  CHECK(cancelled.get().failure == ErrorClass::cancelled);
  auto closing = outside.bench.start("carillon.http_post", {{"url", outside.web.url()}});
  REQUIRE(eventually([&] { return outside.web.posted().size() == 3; }));
  outside.bench.stop();
  const auto closed = closing.get();
  silence.end();
  CHECK(closed.failure == ErrorClass::unavailable);
  CHECK(closed.arrived == Arrived::maybe);
}

TEST_CASE("one host holds only its share of the threads and those that wait keep their time", "[catalog][http_tools]") {
  Silence silence;
  Outside outside{{silence.answer()}};
  outside.bench.options.http_threads = 2;  // of which one host gets one
  outside.bench.options.waiting_max = 2;
  const json there{{"url", outside.web.url()}};
  auto first = outside.bench.start("carillon.http_get", there);
  REQUIRE(eventually([&] { return outside.web.posted().size() == 1; }));
  auto late = outside.bench.start("carillon.http_post", there, 100ms);
  CallId id = 0;
  auto cancelled = outside.bench.start("carillon.http_get", there, 20s, &id);
  CHECK(outside.bench.call("carillon.http_get", there).failure == ErrorClass::rate_limited);
  const auto timed_out = late.get();
  CHECK(timed_out.failure == ErrorClass::timeout);
  CHECK(timed_out.arrived == Arrived::no);
  outside.bench.catalog().cancel(id, "nobody wants it");
  const auto never = cancelled.get();
  CHECK(never.failure == ErrorClass::cancelled);
  CHECK(never.arrived == Arrived::no);
  auto third = outside.bench.start("carillon.http_get", there);
  CHECK(outside.web.posted().size() == 1);
  silence.end();
  CHECK_FALSE(first.get().failure);
  CHECK_FALSE(third.get().failure);
  CHECK(outside.web.posted().size() == 2);
}

TEST_CASE("a host that does not answer is not asked for a while and another is", "[catalog][http_tools]") {
  Outside outside{{{.status = 503}}};
  const WebReceiver other;
  outside.bench.options.http_hosts.push_back(other.host());
  outside.bench.options.breaker.requests_min = 3;
  for (int i = 0; i < 3; ++i) CHECK(outside.call("get").structured["status"] == 503);
  const auto refused = outside.call("post");
  CHECK(refused.failure == ErrorClass::unavailable);
  CHECK(refused.arrived == Arrived::no);
  CHECK(refused.retry_after);
  CHECK(outside.web.posted().size() == 3);
  CHECK_FALSE(outside.call("get", {{"url", other.url()}}).failure);
}
