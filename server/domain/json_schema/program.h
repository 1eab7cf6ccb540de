// The compiled form of a schema: nodes (one a subschema) that hold rules (one a keyword), and what rules need at hand.
//
// Internal to this folder. A node's rules stand in the order in which they must run: `unevaluated…` come last, because
// they ask what the others have looked at. Immutable once compiled, so any number of threads may evaluate it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "server/domain/json_schema/json_schema.h"
#include "server/domain/json_schema/keywords.h"
#include "server/domain/json_schema/library.h"
#include "server/domain/json_schema/regex.h"

namespace carillon::json_schema {

using NodeId = std::uint32_t;

struct Branch {
  std::string name;  // of the property; empty where order alone counts
  NodeId node;
};

struct Rule {
  const Keyword* keyword;
  const json* value;    // what the schema gives for the keyword
  const json* owner;    // the schema object it stands in: some keywords need their neighbours
  std::string pointer;  // where that is, for Violation::schema_pointer
  std::vector<Branch> branches{};
  std::vector<std::shared_ptr<const Regex>> patterns{};
  std::string dynamic_anchor{};  // `$dynamicRef` alone: the anchor to look for in the dynamic scope
  bool counts_matches = false;   // `contains` alone: `minContains` and `maxContains` count in this dialect
};

struct Node {
  enum class Kind { everything, nothing, rules };
  Kind kind;
  std::size_t resource;  // index of the schema resource it stands in, for the dynamic scope
  std::string pointer;   // of the subschema itself
  std::vector<Rule> rules{};
};

class Program {
 public:
  Program(const json& schema, const CompileOptions& options)
      : root_schema(schema), limits(options.limits), library(options.documents, options.limits) {}

  json root_schema;  // rules point into it
  Limits limits;
  Library library;
  std::vector<Node> nodes;  // [0] is the root
  std::map<std::pair<std::size_t, std::string>, NodeId> dynamic_anchors;
  bool tracks_seen = false;  // some rule asks what others have looked at
};

}  // namespace carillon::json_schema
