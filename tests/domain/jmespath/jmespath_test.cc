#include "server/domain/jmespath/jmespath.h"

#include <catch2/catch.hpp>
#include <random>
#include <thread>

namespace carillon::jmespath {
namespace {

json evaluated(const std::string& text, const json& data) {
  const auto expression = compile(text);
  if (!expression) FAIL(expression.error().message);
  const auto result = expression->evaluate(data);
  if (!result) FAIL(result.error().message);
  return *result;
}

Error refused(const std::string& text, const json& data = nullptr, Limits limits = {}) {
  const auto expression = compile(text, limits);
  if (!expression) return expression.error();
  const auto result = expression->evaluate(data);
  REQUIRE_FALSE(result.ok());
  return result.error();
}

TEST_CASE("an error says what to change and where", "[domain][jmespath]") {
  const auto [text, fault, position, message] = GENERATE(table<std::string, std::string, int, std::string>({
      {"foo.", "syntax", 4, "the expression ends too early (at character 5)"},
      {"foo bar", "syntax", 4, "this does not continue the expression (at character 5)"},
      {"foo..bar", "syntax", 4, "after a . there must be a name, *, [ or { (at character 5)"},
      {"a = b", "syntax", 2, "a single = means nothing: compare with == (at character 3)"},
      {"foo[?a", "syntax", 6, "the expression ends too early (at character 7)"},
      {"'foo", "syntax", 0, "this ' is never closed (at character 1)"},
      {"`\"`", "syntax", 0, "between ` and ` there must be a JSON value (at character 1)"},
      {"a + b", "syntax", 2, "this character means nothing here: put names with it into \"…\" (at character 3)"},
      {"a - b", "syntax", 2, "- needs digits: there is no subtraction (at character 3)"},
      {"lenght(a)", "unknown-function", 0, "there is no function lenght(): did you mean \"length\"? (at character 1)"},
      {"a && length(a, b)", "invalid-arity", 5, "length() takes 1 argument, not 2 (at character 6)"},
      {"not_null()", "invalid-arity", 0, "not_null() needs at least 1 argument, not 0 (at character 1)"},
      {"a[::0]", "invalid-value", 2, "the step of a slice must not be 0 (at character 3)"},
      {"a[99999999999999999999]", "syntax", 2, "this number is too large for an index (at character 3)"},
      {"abs('x')", "invalid-type", 0, "argument 1 of abs() must be a number, not a string (at character 1)"},
      {"sort_by(`[{\"a\": true}]`, &a)", "invalid-type", 0,
       "sort_by() needs keys that are all numbers or all strings, not boolean (at character 1)"},
      {"&a", "invalid-type", 0, "& may only stand before an argument of a function (at character 1)"},
  }));
  const Error error = refused(text);
  CHECK(error.code == ErrorCode::arguments_invalid);
  CHECK(error.details.at("fault") == fault);
  CHECK(error.details.at("position") == position);
  CHECK(error.message == message);
}

TEST_CASE("numbers keep their kind and large ones are told apart", "[domain][jmespath]") {
  CHECK(evaluated("sum(@)", {1, 2}).dump() == "3");
  CHECK(evaluated("sum(@)", {1, 2.5}).dump() == "3.5");
  CHECK(evaluated("sum(@)", {INT64_MAX, 1}).is_number_float());
  CHECK(evaluated("abs(@)", INT64_MIN).get<double>() == 9223372036854775808.0);
  CHECK(evaluated("ceil(@)", 1.2).dump() == "2");
  CHECK(evaluated("floor(@)", 1e300).get<double>() == 1e300);
  CHECK(evaluated("@ == `-1`", 18446744073709551615U) == false);
  CHECK(evaluated("@ > `1`", 18446744073709551615U) == true);
}

TEST_CASE("text is counted and turned round by characters", "[domain][jmespath]") {
  CHECK(evaluated("length(@)", "é𝄞a") == 3);
  CHECK(evaluated("reverse(@)", "é𝄞a") == "a𝄞é");
  CHECK(evaluated("to_string(@)", "\xff").is_string());
}

TEST_CASE("a slice with a huge step or bounds ends", "[domain][jmespath]") {
  const json data{1, 2, 3};
  CHECK(evaluated("[::9223372036854775807]", data) == json{1});
  CHECK(evaluated("[::-9223372036854775808]", data) == json{3});
  CHECK(evaluated("[-9223372036854775808:9223372036854775807]", data) == data);
}

TEST_CASE("a plain path is told from other expressions", "[domain][jmespath]") {
  const auto path = [](const char* text) { return compile(text)->plain_path(); };
  using Steps = std::vector<Expression::Step>;
  CHECK(path("a") == Steps{std::string{"a"}});
  CHECK(path("a.\"b c\"[0][-1].d") ==
        Steps{std::string{"a"}, std::string{"b c"}, std::int64_t{0}, std::int64_t{-1}, std::string{"d"}});
  for (const char* text : {"@", "a || b", "a[*]", "a[0:1]", "length(a)", "a.*", "!a", "[a]", "`1`"})
    CHECK_FALSE(path(text));
}

TEST_CASE("the members that an expression reads are known without data", "[domain][jmespath]") {
  const auto roots = [](const char* text) { return compile(text)->roots(); };
  using Names = std::vector<std::string>;
  CHECK(roots("steps.a || input.b") == Names{"input", "steps"});
  CHECK(roots("steps[?x == `1`].y | [0]") == Names{"steps"});
  CHECK(roots("sort_by(steps.items, &age)[0]") == Names{"steps"});
  CHECK(roots("{a: now, b: [run.id]}") == Names{"now", "run"});
  CHECK(roots("@") == Names{"@"});
  CHECK(roots("`1`").empty());
}

TEST_CASE("truth is as JMESPath has it", "[domain][jmespath]") {
  for (const json& value : {json(nullptr), json(false), json(""), json::array(), json::object()})
    CHECK_FALSE(is_truthy(value));
  for (const json& value : {json(0), json(true), json("x"), json{0}, json{{"a", nullptr}}}) CHECK(is_truthy(value));
}

TEST_CASE("expressions nested too deep or too long are refused", "[domain][jmespath]") {
  const auto repeated = [](const std::string& piece, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += piece;
    return text;
  };
  for (const auto& text :
       {repeated("(", 10'000), repeated("!", 10'000), "a" + repeated(".a", 10'000), "a" + repeated("||a", 10'000),
        repeated("[", 10'000), "a" + repeated("[]", 10'000), repeated("abs(", 10'000)}) {
    CHECK(refused(text).details.at("fault") == "over-limit");
  }
  CHECK(refused(std::string(100'000, 'a')).details.at("fault") == "over-limit");
}

TEST_CASE("an evaluation that takes too much work is stopped", "[domain][jmespath]") {
  Limits hurried;
  hurried.nodes_max = 10'000;
  json data = json::array();
  for (int i = 0; i < 200; ++i) data.push_back(i);
  CHECK(refused("map(&[@, @, @, @], @) | [][] | [@, @] | [] | [@, @]", data, hurried).details.at("fault") ==
        "over-limit");
  // Each | doubles: 2^30 copies.
  std::string doubling = "@";
  for (int i = 0; i < 30; ++i) doubling += " | [@, @]";
  CHECK(refused(doubling, 1).details.at("fault") == "over-limit");
}

TEST_CASE("data nested too deep is refused where it would be copied", "[domain][jmespath]") {
  const json deep = json::parse(std::string(100'000, '[') + std::string(100'000, ']'));
  for (const char* text : {"@", "[@]", "@ == @", "to_string(@)", "contains(@, @)", "[]"}) {
    CHECK(refused(text, deep).details.at("fault") == "over-limit");
  }
  CHECK(evaluated("length(@)", deep) == 1);
}

TEST_CASE("old literals without quotes are strings", "[domain][jmespath]") {
  CHECK(evaluated("[?state==`running`].id", {{{"state", "running"}, {"id", 1}}, {{"state", "off"}, {"id", 2}}}) ==
        json{1});
}

TEST_CASE("one expression serves many threads", "[domain][jmespath]") {
  const auto expression = compile("people[?age > `20`].name | sort(@)");
  REQUIRE(expression.ok());
  const json data =
      json::parse(R"({"people": [{"age": 30, "name": "b"}, {"age": 10, "name": "c"}, {"age": 25, "name": "a"}]})");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto result = expression->evaluate(data);
        if (!result || *result != json{"a", "b"}) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("random expressions are evaluated or refused and never crash", "[domain][jmespath]") {
  std::mt19937 random{3};  // NOLINT: the same every time
  const std::vector<std::string> pieces{
      "a", "b",  ".", "[",      "]",       "[]",  "[?",   "*",    "(",         ")",   "{",   "}",        ":",
      ",", "@",  "&", "&&",     "||",      "|",   "!",    "==",   "<",         "'x'", "`1`", "`[1, 2]`", "\"a\"",
      "0", "-1", " ", "length", "sort_by", "map", "keys", "join", "to_string", "\\",  "é"};
  const json data = json::parse(R"({"a": [1, "x", {"b": null}], "b": {"a": [[1], [2, [3]]]}})");
  std::size_t evaluated_count = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 10; n > 0; --n) text += pieces[random() % pieces.size()];
    const auto expression = compile(text);
    if (!expression) continue;
    const auto result = expression->evaluate(data);
    evaluated_count += result.ok() ? 1 : 0;
    CHECK(expression->roots().size() < 10);
  }
  CHECK(evaluated_count > 1'000);
}

}  // namespace
}  // namespace carillon::jmespath
