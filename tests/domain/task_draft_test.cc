#include "server/domain/task_draft.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("a draft holds what was said and nothing else", "[domain][task_draft]") {
  const auto draft = read_draft(json::parse(R"({"when":"in 5m","timezone":"UTC","tool":"a.b","arguments":{"x":1},
    "description":"d","tags":["b","a","b"],"priority":3,"deadline":"1h","dedupe":{"key":"k","window":"5m"},"lock":"l",
    "paused":true,"options":{"timeout":"5s","grace":null,"until":""}})"));
  REQUIRE(draft.ok());
  CHECK(*draft->when == "in 5m");
  CHECK(*draft->action.tool == "a.b");
  CHECK(*draft->tags == std::vector<std::string>{"a", "b"});
  CHECK(*draft->priority == 3);
  CHECK(*draft->paused);
  CHECK(draft->options.size() == 3);
  CHECK(read_draft(json::object())->action.empty());
}

TEST_CASE("a wrong argument is refused where it is wrong", "[domain][task_draft]") {
  auto [text, code, pointer] = GENERATE(table<std::string, ErrorCode, std::string>({
      {"[]", ErrorCode::arguments_invalid, ""},
      {R"({"wen":"in 5m"})", ErrorCode::arguments_invalid, "/wen"},
      {R"({"when":5})", ErrorCode::arguments_invalid, "/when"},
      {R"({"when":"a\u0000b"})", ErrorCode::arguments_invalid, "/when"},
      {R"({"arguments":[]})", ErrorCode::arguments_invalid, "/arguments"},
      {R"({"steps":{}})", ErrorCode::arguments_invalid, "/steps"},
      {R"({"tags":"a"})", ErrorCode::arguments_invalid, "/tags"},
      {R"({"tags":[""]})", ErrorCode::arguments_invalid, "/tags"},
      {R"({"tags":[7]})", ErrorCode::arguments_invalid, "/tags"},
      {R"({"priority":0})", ErrorCode::arguments_invalid, "/priority"},
      {R"({"priority":"high"})", ErrorCode::arguments_invalid, "/priority"},
      {R"({"paused":"yes"})", ErrorCode::arguments_invalid, "/paused"},
      {R"({"dedupe":"k"})", ErrorCode::arguments_invalid, "/dedupe"},
      {R"({"options":[]})", ErrorCode::arguments_invalid, "/options"},
      {R"({"options":{"lock":"l"}})", ErrorCode::arguments_invalid, "/options/lock"},
      {R"({"options":{"timout":null}})", ErrorCode::arguments_invalid, "/options/timout"},
      {R"({"options":{"timeout":5}})", ErrorCode::arguments_invalid, "/options/timeout"},
      {R"({"tool":"a.b","message":"x"})", ErrorCode::one_action_needed, ""},
      {R"({"steps":[],"message":"x"})", ErrorCode::one_action_needed, ""},
      {R"({"message":"x","arguments":{}})", ErrorCode::arguments_invalid, "/arguments"},
      {R"({"tool":"a.b","input":{}})", ErrorCode::arguments_invalid, "/input"},
      {R"({"when":"in 5m","schedule_kind":"cron","schedule_expr":"* * * * *"})", ErrorCode::arguments_invalid,
       "/schedule_kind"},
      {R"({"schedule_kind":"cron"})", ErrorCode::arguments_invalid, "/schedule_expr"},
      {R"({"schedule_expr":"* * * * *"})", ErrorCode::arguments_invalid, "/schedule_kind"},
  }));
  CAPTURE(text);
  const auto draft = read_draft(json::parse(text));
  REQUIRE_FALSE(draft.ok());
  CHECK(draft.error().code == code);
  CHECK(draft.error().pointer == pointer);
}

TEST_CASE("limits of a draft are told", "[domain][task_draft]") {
  CHECK(read_draft({{"description", std::string(70'000, 'x')}}).error().code == ErrorCode::too_large);
  CHECK(read_draft({{"tags", json(std::vector<std::string>(51, "t"))}}).error().pointer == "/tags");
  CHECK(read_draft({{"tags", json::array({std::string(200, 'x')})}}).error().code == ErrorCode::too_large);
}

TEST_CASE("empty values clear and are not the same as absent ones", "[domain][task_draft]") {
  const auto absent = read_draft(json::object());
  REQUIRE(absent.ok());
  CHECK_FALSE(absent->tags.has_value());
  CHECK_FALSE(absent->deadline.has_value());
  CHECK_FALSE(absent->dedupe.has_value());
  CHECK_FALSE(absent->lock.has_value());
  const auto cleared =
      read_draft(json::parse(R"({"tags":[],"deadline":"","dedupe":{},"lock":"","options":{"timeout":null}})"));
  REQUIRE(cleared.ok());
  CHECK(cleared->tags == std::vector<std::string>{});
  CHECK(cleared->deadline == "");
  CHECK(cleared->dedupe == json::object());
  CHECK(cleared->lock == "");
  CHECK(cleared->options == json{{"timeout", nullptr}});
}

TEST_CASE("arguments or input alone change those of the action that is there", "[domain][task_draft]") {
  CHECK(read_draft(json::parse(R"({"arguments":{"n":1}})"))->action.arguments == json{{"n", 1}});
  CHECK(read_draft(json::parse(R"({"input":{"n":1}})"))->action.input == json{{"n", 1}});
}

TEST_CASE("every known argument refuses another kind of value at its pointer", "[domain][task_draft]") {
  for (const std::string_view name : kDraftNames) {
    INFO(name);
    const auto draft = read_draft({{std::string(name), nullptr}});
    REQUIRE_FALSE(draft.ok());
    CHECK(draft.error().pointer == "/" + std::string(name));
    CHECK_FALSE(draft.error().details.contains("nearest"));
  }
}

TEST_CASE("a prompt is an action of its own and an agent belongs to it", "[domain][task_draft]") {
  const auto draft = read_draft(json::parse(R"({"prompt":"Sum up","agent":"scout","input":{"n":1}})"));
  REQUIRE(draft.ok());
  CHECK(draft->action.prompt == "Sum up");
  CHECK(draft->action.agent == "scout");
  CHECK(read_draft(json::parse(R"({"agent":""})"))->action.agent == "");
  CHECK(read_draft(json::parse(R"({"prompt":"x","tool":"a.b"})")).error().code == ErrorCode::one_action_needed);
  CHECK(read_draft(json::parse(R"({"prompt":"x","arguments":{}})")).error().pointer == "/arguments");
  CHECK(read_draft(json::parse(R"({"message":"x","agent":"a"})")).error().pointer == "/agent");
  CHECK(read_draft(json{{"prompt", std::string(32'001, 'x')}}).error().code == ErrorCode::too_large);
}
