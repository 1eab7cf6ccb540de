#include "server/domain/run_payload.h"

#include <catch2/catch.hpp>

#include "server/domain/pipeline/pipeline.h"

using namespace carillon;

namespace {
Action action(ActionKind kind) {
  Action made;
  made.kind = kind;
  made.tool = "a.b";
  made.arguments = json{{"old", 1}};
  made.message = "old";
  made.input = json{{"old", 1}};
  made.pipeline = std::make_shared<const pipeline::Pipeline>();
  return made;
}
}  // namespace

TEST_CASE("an input replaces what the kind of action takes", "[domain][run_payload]") {
  const std::string payload = payload_of_input(json{{"message", "new"}}).dump();
  CHECK(action_with_payload(action(ActionKind::tool), payload)->arguments == json{{"message", "new"}});
  CHECK(action_with_payload(action(ActionKind::steps), payload)->input == json{{"message", "new"}});
  CHECK(action_with_payload(action(ActionKind::message), payload)->message == "new");
}

TEST_CASE("a whole action replaces the task's", "[domain][run_payload]") {
  Action other = action(ActionKind::tool);
  other.tool = "c.d";
  const auto read = action_with_payload(action(ActionKind::message), payload_of_action(other).dump());
  REQUIRE(read.ok());
  CHECK(read->kind == ActionKind::tool);
  CHECK(read->tool == "c.d");
}

TEST_CASE("no payload leaves the action alone and an unreadable one is an error", "[domain][run_payload]") {
  CHECK(action_with_payload(action(ActionKind::tool), "")->tool == "a.b");
  for (const char* bad : {"{", "[]", R"({"input": 5})", R"({"action": {"kind": "dance"}})"})
    CHECK_FALSE(action_with_payload(action(ActionKind::tool), bad).ok());
  CHECK_FALSE(action_with_payload(action(ActionKind::message), R"({"input": {}})").ok());
}

TEST_CASE("a payload says what the client of its run can be asked and nothing else changes", "[domain][run_payload]") {
  const json forms{{"elicitation", {{"form", json::object()}}}};
  const std::string input = payload_of_input(json{{"message", "new"}}).dump();
  for (const std::string& before : {std::string{}, input}) {
    const std::string asking = payload_for_asker(before, forms);
    CHECK(asker_of(asking) == forms);
    CHECK(action_with_payload(action(ActionKind::tool), asking)->arguments ==
          action_with_payload(action(ActionKind::tool), before)->arguments);
    CHECK(payload_for_asker(asking, json::object()) == before);
    CHECK(payload_for_asker(before, json::object()) == before);
    CHECK(asker_of(before).empty());
  }
  CHECK(payload_for_asker("{", forms) == "{");
  CHECK(asker_of(R"({"input": {"text": "\"can_answer\""}})").empty());
  CHECK(asker_of(R"({"can_answer": 5})").empty());
}

TEST_CASE("what started a run stays with it when it is repeated with another input", "[domain][run_payload]") {
  const std::string told = R"({"event":{"id":"5","type":"deploy.finished","payload":{"env":"prod"}}})";
  CHECK(event_of(told).at("payload") == json{{"env", "prod"}});
  CHECK(event_of("").is_null());
  CHECK(event_of(R"({"input":{"event":{"id":"5"}}})").is_null());
  CHECK(action_with_payload(action(ActionKind::steps), told)->input == json{{"old", 1}});
  const std::string again = payload_with_event_of(R"({"input":{"new":2}})", told);
  CHECK(event_of(again) == event_of(told));
  CHECK(action_with_payload(action(ActionKind::steps), again)->input == json{{"new", 2}});
  CHECK(json::parse(payload_with_event_of("", told)) == json::parse(told));
  CHECK(payload_with_event_of("x", "") == "x");
}

TEST_CASE("what came to a webhook is input of steps over what the task declares", "[domain][run_payload]") {
  const std::string delivered = R"({"event":{"type":"webhook.7","payload":{"issue":12}}})";
  CHECK(action_with_payload(action(ActionKind::steps), delivered)->input == json{{"old", 1}, {"issue", 12}});
  CHECK(action_with_payload(action(ActionKind::steps), R"({"event":{"type":"webhook.7","payload":[1]}})")->input ==
        json{{"old", 1}});
  // Only steps take it: a tool's arguments are those that somebody has chosen.
  CHECK(action_with_payload(action(ActionKind::tool), delivered)->arguments == json{{"old", 1}});
}

TEST_CASE("a payload says whose step has started its run until the run is repeated", "[domain][run_payload]") {
  const std::string input = payload_of_input(json{{"a", 1}}).dump();
  const ParentRun parent{
      .run = RunId{1'234'567'890'123'456'789}, .shard = 17, .finish_by = Instant{Duration{987'654'321}}};
  const std::string child = payload_for_child(input, parent);
  const auto read = parent_of(child);
  REQUIRE(read.has_value());
  CHECK(read->run == parent.run);
  CHECK(read->shard == 17);
  CHECK(read->finish_by == parent.finish_by);
  CHECK(parent_of(payload_for_child("", {.run = RunId{1}}))->finish_by == Instant::max());
  CHECK(action_with_payload(action(ActionKind::steps), child)->input == json{{"a", 1}});
  CHECK(payload_without_parent(child) == input);
  CHECK(payload_without_parent(input) == input);
  CHECK(payload_without_parent(payload_for_child("", parent)).empty());
  CHECK_FALSE(parent_of(R"({"input": {"parent": {"run": "5"}}})").has_value());
  CHECK_FALSE(parent_of(R"({"parent": {"run": "x"}})").has_value());
  CHECK(payload_for_child("{", parent) == "{");
}
