// Node: one part of a compiled expression. A tree; its leaves are names, literals and the current value.
//
// Internal to this folder. Immutable once parsed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/json.h"

namespace carillon::jmespath {

struct Function;

enum class NodeKind {
  current,            // @
  field,              // name
  literal,            // value
  index,              // number
  slice,              // parts
  sequence,           // children: left, then right on its result (a.b, a[0], a | b)
  list_projection,    // children: left, right for each item
  object_projection,  // children: left, right for each value
  filter_projection,  // children: left, right, condition
  flatten,            // children: left
  either,             // children: left || right
  both,               // children: left && right
  negation,           // children: operand
  comparison,         // children: left, right; comparison
  list,               // children: [a, b]
  object,             // children and names: {a: x}
  call,               // children: arguments; function
  expression,         // children: the operand of &
};

enum class Comparison { equal, unequal, less, at_most, more, at_least };

struct Node {
  NodeKind kind = NodeKind::current;
  std::size_t position = 0;
  std::vector<std::shared_ptr<const Node>> children{};
  std::string name{};
  json value = nullptr;
  std::int64_t number = 0;
  std::array<std::optional<std::int64_t>, 3> parts{};
  Comparison comparison = Comparison::equal;
  std::vector<std::string> names{};
  const Function* function = nullptr;
  std::size_t height = 1;  // of the tree from here: evaluation recurses that deep
};

}  // namespace carillon::jmespath
