// Deliveries to the addresses of tasks, as they come over HTTP, against a real engine and database.
#include "server/web/webhooks.h"

#include <catch2/catch.hpp>

#include "tests/support/installation.h"
#include "tests/web/kept_reply.h"
#include "tools/webhook_door.h"
#include "transport/webhook_signature.h"

namespace carillon::web {
namespace {

using carillon::test::Installation;
using namespace std::chrono_literals;

constexpr char kKey[] = "the key of this installation";

struct Delivery {
  std::string id = "msg_1";
  std::string body = R"({"issue":12})";
  Duration ago{0};
  std::string secret{};  // other than the address's
};

struct Hooks {
  Hooks() {
    here.call("schedule_task", {{"name", "triage"},
                                {"when", "on webhook"},
                                {"steps", {{{"id", "s"}, {"uses", "stand_in.echo"}, {"with", {{"message", "x"}}}}}}});
    id = here.database.ask("SELECT hook_id FROM carillon.webhook");
  }

  transport::HttpResponse post(const std::string& address, transport::HttpHeaders headers, const std::string& body) {
    transport::HttpRequest request;
    request.headers = std::move(headers);
    request.body = body;
    request.path_values = {{"id", address}};
    const auto kept = std::make_shared<Kept>();
    auto answer = kept->sent.get_future();
    routes.at(0).handle(std::move(request), kept);
    REQUIRE(answer.wait_for(20s) == std::future_status::ready);
    return answer.get();
  }
  transport::HttpResponse deliver(const Delivery& delivery = {}) {
    const std::string at = std::to_string(
        std::chrono::floor<std::chrono::seconds>((here.clock.now() - delivery.ago).time_since_epoch()).count());
    const std::string secret = delivery.secret.empty() ? transport::webhook_secret(kKey, id) : delivery.secret;
    return post(id,
                {{"webhook-id", delivery.id},
                 {"webhook-timestamp", at},
                 {"webhook-signature", transport::sign_webhook(secret, {delivery.id, at, delivery.body})}},
                delivery.body);
  }
  std::string count(const std::string& from) const {
    return here.database.ask("SELECT count(*) FROM carillon." + from);
  }

  Installation here{};
  std::string id;
  std::vector<transport::HttpRoute> routes = webhook_routes({here.engine, here.pool, here.clock, kKey});
};

TEST_CASE("a signed delivery becomes an event that starts the task", "[web][webhooks]") {
  Hooks hooks;
  CHECK(hooks.routes.at(0).access == transport::Access::open);
  const auto taken = hooks.deliver();
  CHECK(taken.status == 202);
  const std::string event = json::parse(taken.body).at("event_id");
  CHECK(hooks.here.database.ask("SELECT event_id || ' ' || event_key || ' ' || convert_from(payload, 'UTF8') FROM "
                                "carillon.event WHERE event_type LIKE 'webhook.%'") ==
        event + R"( msg_1 {"issue":12})");
  CHECK(hooks.here.database.ask("SELECT source || ' ' || told || ' ' || depth FROM carillon.cue") ==
        "webhook webhook msg_1 1");
}

TEST_CASE("a delivery counts once by its id", "[web][webhooks]") {
  Hooks hooks;
  const auto first = hooks.deliver();
  const auto again = hooks.deliver();
  CHECK(again.status == 200);
  CHECK(again.body == first.body);
  CHECK(hooks.count("event") == "1");
  CHECK(hooks.deliver({.id = "msg_2"}).status == 202);
  CHECK(hooks.count("cue") == "2");
}

TEST_CASE("what is not signed or wrongly or long ago is refused and noted", "[web][webhooks]") {
  Hooks hooks;
  CHECK(hooks.post(hooks.id, {}, "{}").status == 401);
  const auto wrong = hooks.deliver({.secret = "another"});
  CHECK(wrong.status == 401);
  CHECK(wrong.body.find("triage") == std::string::npos);
  CHECK(hooks.deliver({.body = "no json", .secret = "another"}).status == 401);
  CHECK(hooks.deliver({.ago = 10min}).status == 401);
  CHECK(hooks.deliver({.ago = -10min}).status == 401);
  CHECK(hooks.count("event") == "0");
  CHECK(hooks.here.database.ask(
            "SELECT string_agg(convert_from(after, 'UTF8')::json->>'signature', ' ' ORDER BY sequence) FROM "
            "carillon.audit "
            "WHERE action = 'refuse_webhook' AND actor = 'webhook' AND subject = 'task:' || (SELECT task_id FROM "
            "carillon.webhook)") == "missing wrong wrong stale stale");
}

TEST_CASE("nobody fills the audit from outside", "[web][webhooks]") {
  Hooks hooks;
  for (int i = 0; i < 30; ++i) CHECK(hooks.deliver({.secret = "another"}).status == 401);
  CHECK(hooks.count("audit WHERE action = 'refuse_webhook'") == "10");
  hooks.here.clock.advance(1min);
  hooks.deliver({.secret = "another"});
  CHECK(hooks.count("audit WHERE action = 'refuse_webhook'") == "11");
}

TEST_CASE("an address that nobody has is not found", "[web][webhooks]") {
  Hooks hooks;
  CHECK(hooks.post("0123456789abcdef0123456789abcdef", {}, "{}").status == 404);
  hooks.here.call("delete_item", {{"kind", "task"}, {"name", "triage"}});
  CHECK(hooks.deliver().status == 404);
}

TEST_CASE("a body is JSON of at most a mebibyte", "[web][webhooks]") {
  Hooks hooks;
  CHECK(hooks.deliver({.body = "issue=12"}).status == 400);
  CHECK(hooks.deliver({.body = std::string(100'000, '[')}).status == 400);
  CHECK(hooks.deliver({.body = "\"" + std::string(1024 * 1024, 'x') + "\""}).status == 413);
  CHECK(hooks.count("event") == "0");
  CHECK(hooks.deliver({.id = "msg_2", .body = ""}).status == 202);
  CHECK(hooks.deliver({.id = "msg_3", .body = "[1]"}).status == 202);
}

TEST_CASE("an address is told with its secret once and without it afterwards", "[web][webhooks]") {
  Hooks hooks;
  Installation& here = hooks.here;
  const tools::WebhookDoor door{kKey, [] { return std::string{"http://127.0.0.1:8930"}; }};
  tools::ToolSet tools{tools::Ports{here.engine, here.downstream, here.pool, here.timer, &door}, {}};
  const auto call = [&](const char* tool, const json& arguments) {
    std::promise<transport::ToolOutcome> outcome;
    tools.call_tool(here.context(), tool, arguments,
                    [&](transport::ToolOutcome done) { outcome.set_value(std::move(done)); });
    return *std::get<transport::Answer>(outcome.get_future().get()).structured;
  };
  const json definition{{"name", "hook"}, {"when", "on webhook"}, {"message", "x"}};
  const json made = call("schedule_task", definition);
  const std::string address = made.at("webhook").at("address");
  CHECK(address.starts_with("http://127.0.0.1:8930/hooks/"));
  const std::string id = address.substr(address.rfind('/') + 1);
  CHECK(made["webhook"]["secret"] == transport::show_webhook_secret(transport::webhook_secret(kKey, id)));
  CHECK_FALSE(call("schedule_task", definition).contains("webhook"));
  const json shown = call("get_task", {{"task", "hook"}});
  CHECK(shown["webhook"] == json{{"address", address}});
  // Another rhythm beside it leaves the address; without the trigger it is gone, and a new one is another.
  CHECK_FALSE(
      call("update_task", {{"task", "hook"}, {"when", "on webhook or every day at 07:30"}}).contains("webhook"));
  CHECK(call("get_task", {{"task", "hook"}})["webhook"]["address"] == address);
  call("update_task", {{"task", "hook"}, {"when", "manual"}});
  CHECK_FALSE(call("get_task", {{"task", "hook"}}).contains("webhook"));
  CHECK(call("update_task", {{"task", "hook"}, {"when", "on webhook"}})["webhook"]["address"] != address);
}

}  // namespace
}  // namespace carillon::web
