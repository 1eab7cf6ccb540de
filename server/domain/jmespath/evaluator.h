// Evaluator: one evaluation of one expression over one value.
//
// Internal to this folder. Results are pointers: into the data, into literals, or to values made on the way, which live
// as long as the evaluator. So selecting from large data copies only what is selected. Null means that something is
// wrong and `fault()` says what. Every value visited or made is counted against the limit, with the size of what is
// copied.
//
// Lives on one thread's stack for one call.
#pragma once

#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "server/base/error.h"
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/jmespath/node.h"

namespace carillon::jmespath {

class Evaluator {
 public:
  explicit Evaluator(const Limits& limits) : limits_(limits) {}

  const json* evaluate(const Node& node, const json& current);
  const std::optional<Error>& fault() const { return fault_; }

  // For functions.
  const json* fail(Fault fault, std::size_t position, std::string message);
  const json* keep(json value);
  // Counts the copy of `value` that the caller is about to make; false when it is too much.
  bool spend_copy(const json& value, std::size_t position);
  bool spend(std::size_t nodes, std::size_t position);
  // Gives a result that was found by evaluate() away, without copying where it was made here.
  json take(const json& result);

 private:
  const json* field(const Node& node, const json& current);
  const json* index(const Node& node, const json& current);
  const json* slice(const Node& node, const json& current);
  const json* list_projection(const Node& node, const json& current);
  const json* object_projection(const Node& node, const json& current);
  const json* filter_projection(const Node& node, const json& current);
  const json* flatten(const Node& node, const json& current);
  const json* either_or_both(const Node& node, const json& current);
  const json* comparison(const Node& node, const json& current);
  const json* list(const Node& node, const json& current);
  const json* object(const Node& node, const json& current);
  const json* call(const Node& node, const json& current);
  bool append_projected(const Node& right, const json& element, json& out);
  bool spend_tree(const json& value, std::size_t depth, std::size_t position);

  Limits limits_;
  std::size_t nodes_ = 0;
  std::deque<json> made_;  // stable addresses
  std::optional<Error> fault_;
};

}  // namespace carillon::jmespath
