#include "server/domain/jmespath/jmespath.h"

#include <nlohmann/json.hpp>
#include <set>

#include "server/domain/jmespath/evaluator.h"
#include "server/domain/jmespath/fault.h"
#include "server/domain/jmespath/parser.h"

namespace carillon::jmespath {
namespace {

// Walks the parts of an expression that see the whole data, and notes the members they name.
void add_roots(const Node& node, std::set<std::string>& roots) {
  switch (node.kind) {
    case NodeKind::field:
      roots.insert(node.name);
      break;
    case NodeKind::current:
      roots.insert("@");
      break;
    case NodeKind::sequence:
    case NodeKind::list_projection:
    case NodeKind::object_projection:
    case NodeKind::filter_projection:
      add_roots(*node.children[0], roots);  // the others see what this gives
      break;
    case NodeKind::expression:
      break;  // sees elements
    default:
      for (const auto& child : node.children) add_roots(*child, roots);
  }
}

// Appends the steps of `node`; false when it is more than a path.
bool add_steps(const Node& node, std::vector<Expression::Step>& steps) {
  switch (node.kind) {
    case NodeKind::field:
      steps.emplace_back(node.name);
      return true;
    case NodeKind::index:
      steps.emplace_back(node.number);
      return true;
    case NodeKind::sequence:
      return add_steps(*node.children[0], steps) && add_steps(*node.children[1], steps);
    default:
      return false;
  }
}

}  // namespace

std::string_view wire_name(Fault fault) {
  switch (fault) {
    case Fault::syntax:
      return "syntax";
    case Fault::invalid_arity:
      return "invalid-arity";
    case Fault::invalid_type:
      return "invalid-type";
    case Fault::invalid_value:
      return "invalid-value";
    case Fault::unknown_function:
      return "unknown-function";
    case Fault::over_limit:
      return "over-limit";
  }
  return {};
}

Error fault_error(Fault fault, std::size_t position, std::string message) {
  Error error{ErrorCode::arguments_invalid,
              std::move(message) + " (at character " + std::to_string(position + 1) + ")"};
  error.details["fault"] = wire_name(fault);
  error.details["position"] = position;
  return error;
}

Result<Expression> compile(std::string_view expression, Limits limits) {
  auto root = parse(expression, limits);
  if (!root) return root.error();
  return Expression{std::move(*root), limits};
}

Result<json> Expression::evaluate(const json& data) const {
  Evaluator evaluator{limits_};
  const json* result = evaluator.evaluate(*root_, data);
  if (result == nullptr) return *evaluator.fault();
  if (!evaluator.spend_copy(*result, root_->position)) return *evaluator.fault();
  return evaluator.take(*result);
}

std::optional<std::vector<Expression::Step>> Expression::plain_path() const {
  std::vector<Step> steps;
  if (!add_steps(*root_, steps)) return std::nullopt;
  return steps;
}

std::vector<std::string> Expression::roots() const {
  std::set<std::string> roots;
  add_roots(*root_, roots);
  return {roots.begin(), roots.end()};
}

bool is_truthy(const json& value) {
  if (value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.is_structured() || !value.empty();
}

}  // namespace carillon::jmespath
