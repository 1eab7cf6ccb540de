#include "server/domain/pipeline/expectation.h"

#include <nlohmann/json.hpp>

#include "server/domain/jmespath/jmespath.h"

namespace carillon::pipeline {

Status check_expected(const std::string& expect, const json& value) {
  if (expect.empty()) return Done{};
  const auto expression = jmespath::compile(expect);
  if (!expression) return expression.error();
  const auto found = expression->evaluate(value);
  if (!found) return found.error();
  if (jmespath::is_truthy(*found)) return Done{};
  return Error{ErrorCode::conflict, "its result is not as expected: " + expect};
}

}  // namespace carillon::pipeline
