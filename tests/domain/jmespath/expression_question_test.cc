#include "server/domain/jmespath/expression_question.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon::jmespath {
namespace {

TEST_CASE("a question is answered by a result or by a fault with its place", "[domain][jmespath]") {
  CHECK(answer_expression_question({{"expression", "a.b"}, {"data", {{"a", {{"b", 1}}}}}}) == json{{"result", 1}});
  CHECK(answer_expression_question({{"expression", "a"}}) == json{{"result", nullptr}});
  const json wrong = answer_expression_question({{"expression", "a ||"}, {"data", 1}});
  CHECK(wrong["error"] == "syntax");
  CHECK(wrong["position"] == 4);
  CHECK(answer_expression_question({{"expression", "abs('x')"}})["error"] == "invalid-type");
}

TEST_CASE("what is no question is told", "[domain][jmespath]") {
  const json question = GENERATE(json(7), json::object(), json{{"expression", 7}}, json{{"data", 1}}, json("a.b"));
  CHECK(answer_expression_question(question)["error"] == "invalid-question");
}

}  // namespace
}  // namespace carillon::jmespath
