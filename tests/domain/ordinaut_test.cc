#include "server/domain/ordinaut.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("an Ordinaut task file becomes arguments of schedule_task", "[domain][ordinaut]") {
  const json task = json::parse(R"({
    "title": "Weekday briefing", "schedule_kind": "cron", "schedule_expr": "30 8 * * 1-5", "timezone": "Europe/Chisinau",
    "priority": 4, "dedupe_key": "briefing", "dedupe_window_seconds": 600, "concurrency_key": "briefings",
    "max_retries": 2, "backoff_strategy": "linear",
    "payload": {"params": {"city": "Chisinau"},
                "pipeline": [{"id": "weather", "uses": "weather-mcp.forecast", "with": {"city": "${params.city}"},
                              "save_as": "weather", "timeout_seconds": 20}]}})");
  CHECK(is_ordinaut(task));
  const auto rewritten = from_ordinaut(task);
  REQUIRE(rewritten.ok());
  CHECK(rewritten->arguments == json::parse(R"({
    "name": "Weekday briefing", "schedule_kind": "cron", "schedule_expr": "30 8 * * 1-5", "timezone": "Europe/Chisinau",
    "priority": 4, "dedupe": {"key": "briefing", "window": "600s"}, "lock": "briefings",
    "options": {"retries": {"max_attempts": 3, "backoff": "linear"}}, "input": {"city": "Chisinau"},
    "steps": [{"id": "weather", "uses": "weather-mcp.forecast", "with": {"city": "${params.city}"},
               "save_as": "weather", "timeout": "20s"}]})"));
  CHECK(rewritten->notes.size() == 5);
}

TEST_CASE("our own arguments are not taken for Ordinaut's", "[domain][ordinaut]") {
  CHECK_FALSE(is_ordinaut(json::parse(R"({"name":"x","when":"in 5m","message":"hi"})")));
  CHECK_FALSE(is_ordinaut(7));
}

TEST_CASE("what Ordinaut leaves empty stays empty", "[domain][ordinaut]") {
  const auto rewritten = from_ordinaut(
      json::parse(R"({"title":"x","dedupe_key":null,"dedupe_window_seconds":300,"concurrency_key":null})"));
  REQUIRE(rewritten.ok());
  CHECK(rewritten->arguments == json{{"name", "x"}});
  CHECK(from_ordinaut(json::parse(R"({"name":"x","backoff_strategy":"fixed"})"))
            ->arguments["options"]["retries"]["max_attempts"] == 4);
  CHECK(from_ordinaut(json::parse(R"({"name":"x","dedupe_key":"k"})"))->arguments["dedupe"]["window"] == "300s");
}

TEST_CASE("both spellings or values without counterpart are refused", "[domain][ordinaut]") {
  auto [text, pointer] = GENERATE(table<std::string, std::string>({
      {R"({"title":"x","name":"y"})", "/title"},
      {R"({"concurrency_key":"x","lock":"y"})", "/concurrency_key"},
      {R"({"payload":7})", "/payload"},
      {R"({"payload":{}})", "/payload/pipeline"},
      {R"({"payload":{"pipeline":{}}})", "/payload/pipeline"},
      {R"({"payload":{"pipeline":[],"parms":{}}})", "/payload/parms"},
      {R"({"payload":{"pipeline":[]},"steps":[]})", "/payload"},
      {R"({"title":"x","status":"canceled"})", "/status"},
      {R"({"title":"x","status":"asleep"})", "/status"},
      {R"({"payload":{"pipeline":["a.b"]}})", "/payload/pipeline/0"},
      {R"({"payload":{"pipeline":[{"uses":"a.b","timeout_seconds":"x"}]}})", "/payload/pipeline/0/timeout_seconds"},
      {R"({"payload":{"pipeline":[{"uses":"a.b"},{"uses":"a.b","max_retries":-1}]}})",
       "/payload/pipeline/1/max_retries"},
      {R"({"payload":{"pipeline":[{"uses":"a.b","max_retries":1,"retry":{}}]}})", "/payload/pipeline/0/max_retries"},
      {R"({"payload":{"pipeline":[{"uses":"orchestrator.request_approval","with":7}]}})", "/payload/pipeline/0/with"},
      {R"({"payload":{"pipeline":[{"uses":"orchestrator.request_approval","with":{"timeout_hours":0}}]}})",
       "/payload/pipeline/0/with/timeout_hours"},
      {R"({"dedupe_key":"k","dedupe_window_seconds":"x"})", "/dedupe_window_seconds"},
      {R"({"dedupe_window_seconds":60})", "/dedupe_window_seconds"},
      {R"({"dedupe_key":"k","dedupe":{}})", "/dedupe_key"},
      {R"({"max_retries":-1})", "/max_retries"},
      {R"({"max_retries":1,"options":7})", "/options"},
      {R"({"max_retries":1,"options":{"retries":2}})", "/max_retries"},
      {R"({"backoff_strategy":"random"})", "/backoff_strategy"},
  }));
  CAPTURE(text);
  const auto rewritten = from_ordinaut(json::parse(text));
  REQUIRE_FALSE(rewritten.ok());
  CHECK(rewritten.error().pointer == pointer);
}

TEST_CASE("what a server said of its own copy is left out and a paused task stays paused", "[domain][ordinaut]") {
  const auto rewritten = from_ordinaut(json::parse(R"({"title":"x","id":"7","created_by":"u","created_at":"2025",
    "status":"paused","schedule_kind":"event","schedule_expr":null,"dedupe_key":"k","dedupe_window_seconds":0})"));
  REQUIRE(rewritten.ok());
  CHECK(rewritten->arguments == json{{"name", "x"}, {"schedule_kind", "event"}, {"paused", true}});
  CHECK(from_ordinaut(json{{"title", "x"}, {"status", "active"}})->arguments == json{{"name", "x"}});
}
