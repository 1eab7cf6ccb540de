#include "server/domain/sensitive_values.h"

#include <catch2/catch.hpp>

using namespace carillon;

namespace {

const json kReply = json::parse(R"({"token": "tok-\"1\"", "pin": 4711, "code": 7, "short": "abc", "on": true,
                                    "user": {"name": "Anna", "ids": [815, "k"]}, "a/b": "slashed"})");

}  // namespace

TEST_CASE("what the pointers lead to is masked as a whole value and inside longer texts", "[domain][sensitive]") {
  SensitiveValues values;
  CHECK(values.empty());
  values.take(kReply, {"/token", "/pin", "/code", "/short", "/user", "/a~1b", "/on", "/nothing/here", "/user/ids/9"});
  CHECK_FALSE(values.empty());
  CHECK(values.masked(std::string{"it is tok-\"1\"!"}) == "it is [masked]!");
  CHECK(values.masked(std::string{R"({"token":"tok-\"1\""})"}) == R"({"token":"[masked]"})");  // as JSON writes it
  CHECK(values.masked(std::string{"pin 4711 of Anna"}) == "pin [masked] of [masked]");
  CHECK(values.masked(std::string{"abc"}) == "[masked]");
  CHECK(values.masked(std::string{"abcd 7 815 k"}) == "abcd 7 815 k");  // too short to be told from the rest
  CHECK(
      values.masked(json::parse(R"({"pin": [4711, 7, 815, 8], "t": "slashed", "on": true, "k": {"Anna": "k"}})")) ==
      json::parse(
          R"({"pin": ["[masked]", "[masked]", "[masked]", 8], "t": "[masked]", "on": true, "k": {"Anna": "[masked]"}})"));
}

TEST_CASE("a value that contains another is masked whole", "[domain][sensitive]") {
  SensitiveValues values;
  values.take(json{{"a", "secret"}, {"b", "secret-longer"}}, {"/a", "/b"});
  CHECK(values.masked(std::string{"secret-longer, secret"}) == "[masked], [masked]");
}

TEST_CASE("at its own place everything is masked whatever it is", "[domain][sensitive]") {
  CHECK(without(kReply, {"/on", "/user", "/nothing"})["on"] == "[masked]");
  CHECK(without(kReply, {"/user"})["user"] == "[masked]");
  CHECK(without(kReply, {"/nothing"}) == kReply);
  CHECK(without(kReply, {""}) == "[masked]");
  CHECK(without(json(5), {"/a"}) == 5);
  CHECK(without(json::array({1, 2}), {"/1", "/-", "/7", "/x"}) == json::array({1, "[masked]"}));
}

TEST_CASE("nothing is masked where nothing was taken", "[domain][sensitive]") {
  SensitiveValues values;
  values.take(json{{"a", ""}, {"b", nullptr}, {"c", false}}, {"/a", "/b", "/c"});
  CHECK(values.empty());
  CHECK(values.masked(std::string{"as it was"}) == "as it was");
}

TEST_CASE("only what can be followed is a pointer", "[domain][sensitive]") {
  for (const char* text : {"", "/", "/a/b", "/a~0b~1c"}) CHECK(is_json_pointer(text));
  for (const char* text : {"a", "a/b", "/a~", "/a~2", "#/a"}) CHECK_FALSE(is_json_pointer(text));
}
