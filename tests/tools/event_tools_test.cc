#include <catch2/catch.hpp>

#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

void wait_for(Installation& here, const char* name, const char* when) {
  here.call("schedule_task", {{"name", name}, {"when", when}, {"message", "x"}});
}

TEST_CASE("an event that is told answers with what it set off", "[tools][events]") {
  Installation here;
  wait_for(here, "smoke", "on event deploy.finished where payload.env == 'prod'");
  const json call{{"event", "deploy.finished"}, {"payload", {{"env", "prod"}}}, {"key", "d-81"}};
  const json told = here.call("publish_event", call);
  CHECK(told["event"] == "deploy.finished");
  CHECK(told["set_off"] == json{"smoke"});
  const json again = here.call("publish_event", call);
  CHECK(again["duplicate_of"] == told["event_id"]);
  CHECK_FALSE(again.contains("set_off"));
  const auto refused = here.answer("publish_event", {{"event", "deploy.*"}});
  CHECK(refused.is_error);
  CHECK(refused.structured->at("pointer") == "/event");
}

TEST_CASE("a problem with a where is a warning to whoever tells the event", "[tools][events]") {
  Installation here;
  wait_for(here, "strict", "on event a where length(payload.n) > `2`");
  const json told = here.call("publish_event", {{"event", "a"}, {"payload", {{"n", 5}}}});
  CHECK(told["set_off"] == json::array());
  CHECK_THAT(told["warnings"][0].get<std::string>(), Catch::StartsWith("strict: its where could not be evaluated"));
}

TEST_CASE("events are listed with payload and whom they set off", "[tools][events]") {
  Installation here;
  wait_for(here, "smoke", "on event deploy.#");
  here.call("publish_event", {{"event", "deploy.finished"}, {"payload", {{"env", "prod"}}}, {"key", "d-81"}});
  here.call("publish_event", {{"event", "deploy.big"}, {"payload", {{"text", std::string(5'000, 'x')}}}});
  here.call("publish_event", {{"event", "other"}});
  const json listed = here.call("list_events", {{"event", "deploy.*"}});
  REQUIRE(listed["events"].size() == 2);
  CHECK(listed["events"][0]["event"] == "deploy.big");
  CHECK(listed["events"][0]["payload"].get<std::string>().size() < 400);
  CHECK(listed["events"][1]["payload"] == json{{"env", "prod"}});
  CHECK(listed["events"][1]["set_off"] == json{"smoke"});
  CHECK(listed["events"][1]["key"] == "d-81");
  CHECK(listed["waiting"] == json::parse(R"([{"task":"smoke","state":"active","when":"on event deploy.#"}])"));
  const auto text = here.answer("list_events", {{"event", "deploy.*"}}).content[0]["text"].get<std::string>();
  CHECK_THAT(text, Catch::Contains("deploy.finished") && Catch::Contains("d-81") && Catch::Contains("waits: smoke"));
  const json detailed = here.call("list_events", {{"event", "deploy.finished"}, {"response_format", "detailed"}});
  CHECK(detailed["events"][0]["source"] == "agent:" + here.call("get_status", {})["you"]["agent"].get<std::string>());
  CHECK(here.answer("list_events", {{"event", "nothing"}}).content[0]["text"].get<std::string>().find("no such") == 0);
}

}  // namespace
}  // namespace carillon::tools
