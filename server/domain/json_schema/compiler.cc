#include "server/domain/json_schema/compiler.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "server/domain/json_compare.h"
#include "server/domain/json_schema/checks.h"

namespace carillon::json_schema {
namespace {

class Compiler {
 public:
  explicit Compiler(Program& program) : program_(program) {}

  Status run() {
    node_for(program_.root_schema);
    for (;;) {
      if (auto compiled = compile_waiting(); !compiled) return compiled;
      if (!add_dynamic_anchors()) return Done{};
    }
  }

 private:
  // Nodes are made at once and filled in later, so that references in circles need no recursion.
  NodeId node_for(const json& schema) {
    const auto [known, added] = ids_.emplace(&schema, static_cast<NodeId>(program_.nodes.size()));
    if (added) {
      waiting_.push_back(&schema);
      program_.nodes.push_back({});
    }
    return known->second;
  }

  Status compile_waiting() {
    while (!waiting_.empty()) {
      const json& schema = *waiting_.back();
      waiting_.pop_back();
      auto node = compile_node(schema);
      if (!node) return node.error();
      program_.nodes[ids_.at(&schema)] = std::move(*node);
    }
    return Done{};
  }

  // Whichever resource is entered at run time may answer a `$dynamicRef`. Tells whether there was anything new.
  bool add_dynamic_anchors() {
    for (const auto& resource : program_.library.resources()) {
      for (const auto& [name, schema] : resource.dynamic_anchors) {
        program_.dynamic_anchors[{resource.index, name}] = node_for(*schema);
      }
    }
    return !waiting_.empty();
  }

  Result<Node> compile_node(const json& schema) {
    const Location at = program_.library.location_of(schema);
    Node node{Node::Kind::rules, at.resource->index, pointer_of(at)};
    if (schema.is_boolean()) {
      node.kind = schema.get<bool>() ? Node::Kind::everything : Node::Kind::nothing;
      return node;
    }
    const bool only_ref = at.resource->dialect.draft == Draft::draft7 && schema.contains("$ref");
    for (const auto& keyword : all_keywords()) {
      const auto value = schema.find(keyword.name);
      if (value == schema.end() || !counts_in(keyword, at.resource->dialect)) continue;
      if (only_ref && keyword.name != "$ref") continue;
      if (auto fault = shape_fault(keyword, *value); !fault.empty())
        return schema_error(at, keyword.name, std::move(fault));
      if (keyword.check == nullptr) continue;
      Rule rule{&keyword, &*value, &schema, node.pointer + "/" + pointer_token(keyword.name)};
      if (auto filled = fill(rule, at); !filled) return filled.error();
      node.rules.push_back(std::move(rule));
    }
    return node;
  }

  static std::string pointer_of(const Location& at) { return join_uri(at.resource->uri) + "#" + at.pointer; }

  Status fill(Rule& rule, const Location& at) {
    const std::string_view name = rule.keyword->name;
    if (rule.keyword->shape == Shape::reference) return fill_reference(rule, at);
    for (const auto& sub : subschemas_of(*rule.keyword, *rule.value)) {
      rule.branches.push_back({sub.name, node_for(*sub.schema)});
    }
    if (name == "if") fill_consequences(rule);
    if (name == "contains") rule.counts_matches = find_keyword("minContains", at.resource->dialect) != nullptr;
    if (name.starts_with("unevaluated")) program_.tracks_seen = true;
    if (name == "pattern") return add_pattern(rule, at, name, rule.value->get_ref<const std::string&>());
    if (name == "patternProperties") return add_patterns(rule, at, *rule.value);
    if (name == "additionalProperties") {
      const auto patterns = rule.owner->find("patternProperties");
      if (patterns != rule.owner->end() && patterns->is_object()) return add_patterns(rule, at, *patterns);
    }
    return Done{};
  }

  Status fill_reference(Rule& rule, const Location& at) {
    auto target = program_.library.resolve(at, rule.value->get_ref<const std::string&>());
    if (!target) return target.error();
    rule.branches.push_back({"", node_for(*target->schema)});
    if (rule.keyword->name == "$dynamicRef") rule.dynamic_anchor = target->dynamic_anchor;
    return Done{};
  }

  void fill_consequences(Rule& rule) {
    for (const char* name : {"then", "else"}) {
      const auto found = rule.owner->find(name);
      if (found != rule.owner->end()) rule.branches.push_back({name, node_for(*found)});
    }
  }

  Status add_patterns(Rule& rule, const Location& at, const json& by_pattern) {
    for (const auto& [pattern, schema] : by_pattern.items()) {
      if (auto added = add_pattern(rule, at, "patternProperties", pattern); !added) return added;
    }
    return Done{};
  }

  Status add_pattern(Rule& rule, const Location& at, std::string_view keyword, const std::string& pattern) {
    auto& known = patterns_[pattern];
    if (known == nullptr) {
      auto compiled = Regex::compile(pattern);
      if (!compiled) return schema_error(at, keyword, "\"" + pattern + "\": " + compiled.error().message);
      known = std::move(*compiled);
    }
    rule.patterns.push_back(known);
    return Done{};
  }

  Program& program_;
  std::unordered_map<const json*, NodeId> ids_;
  std::vector<const json*> waiting_;
  std::map<std::string, std::shared_ptr<const Regex>> patterns_;
};

}  // namespace

Result<std::shared_ptr<const Program>> compile_program(const json& schema, const CompileOptions& options) {
  if (deeper_than(schema, options.limits.depth_max)) {
    return Error{ErrorCode::arguments_invalid,
                 "the schema is nested too deep: use at most " + std::to_string(options.limits.depth_max) + " levels"};
  }
  auto program = std::make_shared<Program>(schema, options);
  Dialect dialect{options.draft};
  if (options.formats == Formats::assert_known) dialect.vocabularies |= format_assertion;
  if (auto opened = program->library.open("", program->root_schema, dialect); !opened) return opened.error();
  if (auto compiled = Compiler{*program}.run(); !compiled) return compiled.error();
  return std::shared_ptr<const Program>{std::move(program)};
}

}  // namespace carillon::json_schema
