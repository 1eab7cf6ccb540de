#include "server/domain/jmespath/expression_question.h"

#include <nlohmann/json.hpp>

#include "server/domain/jmespath/jmespath.h"

namespace carillon::jmespath {

json refused_expression(const Error& error) {
  return {{"error", error.details.value("fault", "invalid-question")},
          {"message", error.message},
          {"position", error.details.value("position", std::size_t{0})}};
}

json answer_expression_question(const json& question) {
  if (!question.is_object() || !question.contains("expression") || !question.at("expression").is_string())
    return refused_expression(
        {ErrorCode::arguments_invalid, R"(a question is an object such as {"expression": "a.b", "data": {}})"});
  const auto expression = compile(question.at("expression").get_ref<const std::string&>());
  if (!expression) return refused_expression(expression.error());
  auto result = expression->evaluate(question.contains("data") ? question.at("data") : json());
  if (!result) return refused_expression(result.error());
  return {{"result", *std::move(result)}};
}

}  // namespace carillon::jmespath
