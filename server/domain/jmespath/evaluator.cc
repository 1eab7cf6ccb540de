#include "server/domain/jmespath/evaluator.h"

#include <algorithm>

#include "server/domain/jmespath/fault.h"
#include "server/domain/jmespath/functions.h"
#include "server/domain/json_compare.h"

namespace carillon::jmespath {
namespace {

constexpr std::size_t kCopyCost = 8;        // copying a value costs some eight times looking at it
constexpr std::size_t kBytesPerNode = 32;   // of a text that is copied
constexpr std::size_t kDataDepthMax = 500;  // of values that are copied or compared

const json kNull = nullptr;
const json kTrue = true;
const json kFalse = false;

const json* truth(bool value) { return value ? &kTrue : &kFalse; }

// Where `[from:to:step]` begins and ends in an array of that length, as Python has it.
std::int64_t clamped(std::int64_t at, std::int64_t length, std::int64_t step) {
  if (at < 0) {
    at += length;
    return at < 0 ? (step < 0 ? -1 : 0) : at;
  }
  return at >= length ? (step < 0 ? length - 1 : length) : at;
}

}  // namespace

const json* Evaluator::evaluate(const Node& node, const json& current) {
  if (!spend(1, node.position)) return nullptr;
  switch (node.kind) {
    case NodeKind::current:
      return &current;
    case NodeKind::field:
      return field(node, current);
    case NodeKind::literal:
      return &node.value;
    case NodeKind::index:
      return index(node, current);
    case NodeKind::slice:
      return slice(node, current);
    case NodeKind::sequence: {
      const json* left = evaluate(*node.children[0], current);
      return left == nullptr ? nullptr : evaluate(*node.children[1], *left);
    }
    case NodeKind::list_projection:
      return list_projection(node, current);
    case NodeKind::object_projection:
      return object_projection(node, current);
    case NodeKind::filter_projection:
      return filter_projection(node, current);
    case NodeKind::flatten:
      return flatten(node, current);
    case NodeKind::either:
    case NodeKind::both:
      return either_or_both(node, current);
    case NodeKind::negation: {
      const json* operand = evaluate(*node.children[0], current);
      return operand == nullptr ? nullptr : truth(!is_truthy(*operand));
    }
    case NodeKind::comparison:
      return comparison(node, current);
    case NodeKind::list:
      return list(node, current);
    case NodeKind::object:
      return object(node, current);
    case NodeKind::call:
      return call(node, current);
    case NodeKind::expression:
      return fail(Fault::invalid_type, node.position, "& may only stand before an argument of a function");
  }
  return nullptr;
}

const json* Evaluator::fail(Fault fault, std::size_t position, std::string message) {
  if (!fault_) fault_ = fault_error(fault, position, std::move(message));
  return nullptr;
}

const json* Evaluator::keep(json value) { return &made_.emplace_back(std::move(value)); }

bool Evaluator::spend(std::size_t nodes, std::size_t position) {
  nodes_ += nodes;
  if (nodes_ <= limits_.nodes_max) return true;
  return fail(Fault::over_limit, position, "the expression takes too much work: select less, or earlier") != nullptr;
}

bool Evaluator::spend_copy(const json& value, std::size_t position) { return spend_tree(value, 0, position); }

bool Evaluator::spend_tree(const json& value, std::size_t depth, std::size_t position) {
  if (depth > kDataDepthMax) {
    return fail(Fault::over_limit, position, "the data is nested too deep: select what is inside") != nullptr;
  }
  const std::size_t bytes = value.is_string() ? value.get_ref<const std::string&>().size() : 0;
  if (!spend(kCopyCost + bytes / kBytesPerNode, position)) return false;
  if (!value.is_structured()) return true;
  return std::all_of(value.begin(), value.end(),
                     [&](const json& child) { return spend_tree(child, depth + 1, position); });
}

json Evaluator::take(const json& result) {
  if (!made_.empty() && &result == &made_.back()) return std::move(made_.back());
  return result;
}

const json* Evaluator::field(const Node& node, const json& current) {
  if (!current.is_object()) return &kNull;
  const auto found = current.find(node.name);
  return found == current.end() ? &kNull : &*found;
}

const json* Evaluator::index(const Node& node, const json& current) {
  if (!current.is_array()) return &kNull;
  const auto size = static_cast<std::int64_t>(current.size());
  const std::int64_t at = node.number < 0 ? node.number + size : node.number;
  return at < 0 || at >= size ? &kNull : &current[static_cast<std::size_t>(at)];
}

const json* Evaluator::slice(const Node& node, const json& current) {
  if (!current.is_array()) return &kNull;
  const auto size = static_cast<std::int64_t>(current.size());
  const std::int64_t step = node.parts[2].value_or(1);
  const std::int64_t from = node.parts[0] ? clamped(*node.parts[0], size, step) : (step < 0 ? size - 1 : 0);
  const std::int64_t to = node.parts[1] ? clamped(*node.parts[1], size, step) : (step < 0 ? -1 : size);
  json out = json::array();
  for (std::int64_t at = from; step < 0 ? at > to : at < to;) {
    const json& element = current[static_cast<std::size_t>(at)];
    if (!spend_copy(element, node.position)) return nullptr;
    out.push_back(element);
    // A step beyond the end ends it; the sum would not fit.
    const std::int64_t left = step < 0 ? at - to : to - at;
    if (step < -left || step > left) break;
    at += step;
  }
  return keep(std::move(out));
}

// What comes out as null is left out.
bool Evaluator::append_projected(const Node& right, const json& element, json& out) {
  const json* projected = evaluate(right, element);
  if (projected == nullptr) return false;
  if (projected->is_null()) return true;
  if (!spend_copy(*projected, right.position)) return false;
  out.push_back(*projected);
  return true;
}

const json* Evaluator::list_projection(const Node& node, const json& current) {
  const json* base = evaluate(*node.children[0], current);
  if (base == nullptr) return nullptr;
  if (!base->is_array()) return &kNull;
  json out = json::array();
  for (const auto& element : *base) {
    if (!append_projected(*node.children[1], element, out)) return nullptr;
  }
  return keep(std::move(out));
}

const json* Evaluator::object_projection(const Node& node, const json& current) {
  const json* base = evaluate(*node.children[0], current);
  if (base == nullptr) return nullptr;
  if (!base->is_object()) return &kNull;
  json out = json::array();
  for (const auto& element : *base) {
    if (!append_projected(*node.children[1], element, out)) return nullptr;
  }
  return keep(std::move(out));
}

const json* Evaluator::filter_projection(const Node& node, const json& current) {
  const json* base = evaluate(*node.children[0], current);
  if (base == nullptr) return nullptr;
  if (!base->is_array()) return &kNull;
  json out = json::array();
  for (const auto& element : *base) {
    const json* condition = evaluate(*node.children[2], element);
    if (condition == nullptr) return nullptr;
    if (is_truthy(*condition) && !append_projected(*node.children[1], element, out)) return nullptr;
  }
  return keep(std::move(out));
}

const json* Evaluator::flatten(const Node& node, const json& current) {
  const json* base = evaluate(*node.children[0], current);
  if (base == nullptr) return nullptr;
  if (!base->is_array()) return &kNull;
  if (!spend_copy(*base, node.position)) return nullptr;
  json out = json::array();
  for (const auto& element : *base) {
    if (!element.is_array()) {
      out.push_back(element);
      continue;
    }
    for (const auto& inner : element) out.push_back(inner);
  }
  return keep(std::move(out));
}

const json* Evaluator::either_or_both(const Node& node, const json& current) {
  const json* left = evaluate(*node.children[0], current);
  if (left == nullptr) return nullptr;
  const bool decided = is_truthy(*left) == (node.kind == NodeKind::either);
  return decided ? left : evaluate(*node.children[1], current);
}

const json* Evaluator::comparison(const Node& node, const json& current) {
  const json* left = evaluate(*node.children[0], current);
  const json* right = left == nullptr ? nullptr : evaluate(*node.children[1], current);
  if (right == nullptr) return nullptr;
  const bool by_equality = node.comparison == Comparison::equal || node.comparison == Comparison::unequal;
  if (!by_equality && !(left->is_number() && right->is_number())) return &kNull;
  if (left->is_structured() && right->is_structured() &&
      (deeper_than(*left, kDataDepthMax) || !spend_copy(*right, node.position))) {
    return fail(Fault::over_limit, node.position, "what is compared is too large: compare a part of it");
  }
  const int order = compare_values(*left, *right);
  switch (node.comparison) {
    case Comparison::equal:
      return truth(order == 0);
    case Comparison::unequal:
      return truth(order != 0);
    case Comparison::less:
      return truth(order < 0);
    case Comparison::at_most:
      return truth(order <= 0);
    case Comparison::more:
      return truth(order > 0);
    case Comparison::at_least:
      return truth(order >= 0);
  }
  return nullptr;
}

const json* Evaluator::list(const Node& node, const json& current) {
  if (current.is_null()) return &kNull;
  json out = json::array();
  for (const auto& child : node.children) {
    const json* element = evaluate(*child, current);
    if (element == nullptr || !spend_copy(*element, node.position)) return nullptr;
    out.push_back(*element);
  }
  return keep(std::move(out));
}

const json* Evaluator::object(const Node& node, const json& current) {
  if (current.is_null()) return &kNull;
  json out = json::object();
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const json* element = evaluate(*node.children[i], current);
    if (element == nullptr || !spend_copy(*element, node.position)) return nullptr;
    out[node.names[i]] = *element;
  }
  return keep(std::move(out));
}

const json* Evaluator::call(const Node& node, const json& current) {
  std::vector<Argument> arguments;
  for (const auto& child : node.children) {
    if (child->kind == NodeKind::expression) {
      arguments.push_back({nullptr, child->children[0].get()});
      continue;
    }
    const json* value = evaluate(*child, current);
    if (value == nullptr) return nullptr;
    arguments.push_back({value, nullptr});
  }
  if (auto wrong = type_fault(*node.function, arguments); !wrong.empty()) {
    return fail(Fault::invalid_type, node.position, std::move(wrong));
  }
  return node.function->call(*this, {node, arguments});
}

}  // namespace carillon::jmespath
