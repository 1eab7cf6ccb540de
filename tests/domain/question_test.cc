#include "server/domain/question.h"

#include <catch2/catch.hpp>

using namespace carillon;

namespace {

const json kForm = json::parse(
    R"({"mode": "form", "message": "Which city?", "requestedSchema": {"type": "object", "required": ["city"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}}}})");

}  // namespace

TEST_CASE("only what asks for an answer is taken from a client's capabilities", "[domain][question]") {
  CHECK(askable_part(json::parse(R"({"elicitation": {"form": {}}, "sampling": {}, "roots": {}, "extensions": {}})")) ==
        json::parse(R"({"elicitation": {"form": {}}, "sampling": {}})"));
  CHECK(askable_part(json::parse(R"({"elicitation": true, "roots": {}})")).empty());
}

TEST_CASE("what no client can show is no question", "[domain][question]") {
  CHECK(check_question(kElicitation, kForm).ok());
  CHECK(check_question(kElicitation, {{"mode", "url"}, {"message", "m"}, {"url", "https://x"}}).ok());
  CHECK(check_question(kSampling, {{"messages", json::array()}}).ok());
  const auto [method, params, pointer] = GENERATE(table<std::string_view, const char*, std::string>({
      {"roots/list", "{}", "/method"},
      {kElicitation, "[]", "/params"},
      {kElicitation, R"({"requestedSchema": {}})", "/params/message"},
      {kElicitation, R"({"message": 5, "requestedSchema": {}})", "/params/message"},
      {kElicitation, R"({"message": "m", "mode": 5})", "/params/mode"},
      {kElicitation, R"({"message": "m", "mode": "url"})", "/params/url"},
      {kElicitation, R"({"message": "m"})", "/params/requestedSchema"},
      {kSampling, "{}", "/params/messages"},
  }));
  INFO(params);
  const auto checked = check_question(method, json::parse(params));
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().pointer == pointer);
}

TEST_CASE("an answer is judged by what was asked", "[domain][question]") {
  struct Row {
    std::string_view method;
    const char* answer;
    std::optional<Verdict> verdict;  // none: refused
    std::string pointer{};
  };
  const auto row = GENERATE(values<Row>({
      {kElicitation, R"({"action": "accept", "content": {"city": "Chisinau"}})", Verdict::answer},
      {kElicitation, R"({"action": "decline"})", Verdict::decline},
      {kElicitation, R"({"action": "cancel"})", Verdict::undecided},
      {kElicitation, R"({"action": "accept", "content": {"city": 5}})", {}, "/content/city"},
      {kElicitation, R"({"action": "accept", "content": {}})", {}, "/content"},
      {kElicitation, R"({"action": "accept"})", {}, "/content"},
      {kElicitation, R"({"action": "accept", "content": []})", {}, "/content"},
      {kElicitation, R"({"action": "shrug"})", {}, "/action"},
      {kElicitation, R"({})", {}, "/action"},
      {kElicitation, R"([])", {}, ""},
      {kSampling, R"({"role": "assistant", "model": "m", "content": {"type": "text", "text": "x"}})", Verdict::answer},
      {kSampling, R"({"role": "assistant", "content": {"type": "text", "text": "x"}})", {}, "/model"},
      {kSampling, R"({"role": "assistant", "model": "m", "content": "x"})", {}, "/content"},
  }));
  INFO(row.answer);
  const auto judged = judge_answer(row.method, kForm, json::parse(row.answer));
  REQUIRE(judged.ok() == row.verdict.has_value());
  if (judged.ok())
    CHECK(*judged == *row.verdict);
  else
    CHECK(judged.error().pointer == row.pointer);
}

TEST_CASE("an address that was opened needs no content and a form that nobody can read takes any",
          "[domain][question]") {
  const json accepted{{"action", "accept"}};
  CHECK(*judge_answer(kElicitation, {{"mode", "url"}, {"url", "https://x"}, {"message", "sign in"}}, accepted) ==
        Verdict::answer);
  CHECK(*judge_answer(kElicitation, {{"requestedSchema", {{"type", 5}}}}, accepted) == Verdict::answer);
}

TEST_CASE("a question is told in a line of whole characters", "[domain][question]") {
  CHECK(brief_question(kElicitation, kForm) == "Which city?");
  CHECK(brief_question(kSampling, kForm) == "a message of your model");
  std::string umlauts;
  for (int i = 0; i < 400; ++i) umlauts += "ä";
  const std::string brief = brief_question(kElicitation, {{"message", "x" + umlauts}});
  CHECK(brief.size() < 310);
  CHECK_NOTHROW(json(brief).dump());
  CHECK(nobody_decided(kElicitation) == json{{"action", "cancel"}});
  CHECK(nobody_decided(kSampling).is_null());
}
