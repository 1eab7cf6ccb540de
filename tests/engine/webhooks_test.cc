// What comes to the address of a task: whom it sets off, and what is kept of it.
#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct Hooked : EngineFixture {
  Hooked() {
    scheduled(message_task("triage", "on webhook"));
    hook = engine.find_webhook(database.ask("SELECT hook_id FROM carillon.webhook"));
    REQUIRE(hook.has_value());
  }
  Caller sender() const { return {hook->tenant, AgentId{"webhook"}, Scopes{}, "0af7651916cd43dd8448eb211c80319c", ""}; }
  EventPublished take(const std::string& id, const json& payload = json::object()) {
    const auto taken = engine.take_webhook(sender(), *hook, {.id = id, .payload = payload});
    REQUIRE(taken.ok());
    return *taken;
  }
  std::optional<Webhook> hook;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a delivery sets off the task of the address and those that wait for such events", "[engine][webhooks]") {
  Hooked f;
  const std::string type = "webhook." + f.hook->task.str();
  f.scheduled(message_task("log", "on event webhook.# where payload.n == `1`"));
  f.scheduled(message_task("other", "on webhook"));
  CHECK(f.take("m1", {{"n", 1}}).tasks == Names{"triage", "log"});
  CHECK(f.take("m2", {{"n", 2}}).tasks == Names{"triage"});
  CHECK(f.take("m2", {{"n", 2}}).duplicate_of.has_value());
  CHECK(f.database.ask("SELECT string_agg(source, ' ' ORDER BY cue_id) FROM carillon.cue") == "webhook event webhook");
  CHECK(f.database.ask("SELECT DISTINCT event_type FROM carillon.event") == type);
}

TEST_CASE("addresses are listed with the events that come to them", "[engine][webhooks][list_events]") {
  Hooked f;
  f.scheduled(message_task("smoke", "on event deploy.#"));
  f.take("m1");
  const auto waiting = [&](const std::optional<std::string>& event) {
    const auto page = f.engine.list_events(f.caller(), {.event = event});
    REQUIRE(page.ok());
    std::string told;
    for (const EventWaiter& each : page->waiting) told += each.task + (each.webhook == f.hook->id ? "! " : " ");
    return told;
  };
  CHECK(waiting(std::nullopt) == "triage! smoke ");
  CHECK(waiting("webhook.*") == "triage! ");
  CHECK(waiting("deploy.finished") == "smoke ");
}

TEST_CASE("a task that waits for its own address in two ways is set off once", "[engine][webhooks]") {
  EngineFixture f;
  f.scheduled(message_task("both", "on webhook or on event webhook.#"));
  const auto hook = f.engine.find_webhook(f.database.ask("SELECT hook_id FROM carillon.webhook"));
  const Caller sender{hook->tenant, AgentId{"webhook"}, Scopes{}, "c", ""};
  REQUIRE(f.engine.take_webhook(sender, *hook, {.id = "m", .payload = json::object()}).ok());
  CHECK(f.count("cue") == 1);
}

TEST_CASE("an address belongs to a task that can be started", "[engine][webhooks]") {
  Hooked f;
  CHECK(f.hook->task_name == "triage");
  CHECK_FALSE(f.engine.find_webhook("nobody").has_value());
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"triage"}}).ok());
  CHECK(f.engine.find_webhook(f.hook->id).has_value());  // it leaves a row
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "triage"}).ok());
  CHECK_FALSE(f.engine.find_webhook(f.hook->id).has_value());
  REQUIRE(f.update("triage", "{}", {.restore = true}).ok());
  CHECK(f.engine.find_webhook(f.hook->id).has_value());
}

TEST_CASE("a refused delivery leaves an audit row and nothing else", "[engine][webhooks]") {
  Hooked f;
  f.engine.note_refused_webhook(f.sender(), *f.hook, {.delivery = "m1", .why = "wrong"});
  CHECK(f.database.ask("SELECT actor || ' ' || subject || ' ' || convert_from(after, 'UTF8') FROM carillon.audit WHERE "
                       "action = 'refuse_webhook'") ==
        "webhook task:" + f.hook->task.str() + R"( {"delivery":"m1","signature":"wrong"})");
  CHECK(f.count("event") == 0);
}
