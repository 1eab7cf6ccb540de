#include "server/domain/json_schema/evaluation.h"

#include <nlohmann/json.hpp>

namespace carillon::json_schema {
namespace {

constexpr std::size_t kMatchSteps = 16;  // what one search of a pattern counts as

}  // namespace

std::string Place::pointer() const {
  if (parent == nullptr) return {};
  const std::string token = parent->value.is_array() ? std::to_string(index) : pointer_token(name);
  return parent->pointer() + "/" + token;
}

void Seen::add(const Seen& other) {
  all_properties |= other.all_properties;
  all_items |= other.all_items;
  properties.insert(other.properties.begin(), other.properties.end());
  items.insert(other.items.begin(), other.items.end());
}

bool Evaluation::apply(NodeId id, const Place& place, Seen& seen) {
  if (gave_up_) return false;
  const Node& node = program_.nodes[id];
  if (node.kind == Node::Kind::everything) return true;
  if (++steps_ > program_.limits.steps_max)
    return gives_up(node.pointer, place, "takes too much work to check: send less at once");
  if (node.kind == Node::Kind::nothing) {
    if (collects()) adopt({{place.pointer(), node.pointer, "is not allowed here: leave it out"}});
    return false;
  }
  if (active_.size() >= program_.limits.depth_max) {
    return gives_up(node.pointer, place, "is nested too deep to check: flatten it");
  }
  const bool enters = scope_.empty() || scope_.back() != node.resource;
  if (enters) scope_.push_back(node.resource);
  active_.push_back({id, &place.value});
  Seen own;
  const bool accepted = apply_rules(node, place, own) && !gave_up_;
  active_.pop_back();
  if (enters) scope_.pop_back();
  if (accepted && tracks_seen()) seen.add(own);
  return accepted;
}

bool Evaluation::apply_rules(const Node& node, const Place& place, Seen& seen) {
  bool all = true;
  for (const auto& rule : node.rules) {
    all &= rule.keyword->check(*this, rule, place, seen);
    if (!all && !goes_on()) return false;
  }
  return all;
}

bool Evaluation::apply_to_child(NodeId node, const Place& place) {
  Seen inside;
  return apply(node, place, inside);
}

bool Evaluation::asks(NodeId node, const Place& place, Seen& seen) {
  std::vector<Violation>* const outer = std::exchange(report_, nullptr);
  const bool accepted = apply(node, place, seen);
  report_ = outer;
  return accepted;
}

bool Evaluation::tries(NodeId node, const Place& place, Seen& seen, std::vector<Violation>& violations) {
  if (!collects()) return apply(node, place, seen);
  std::vector<Violation>* const outer = std::exchange(report_, &violations);
  const bool accepted = apply(node, place, seen);
  report_ = outer;
  return accepted;
}

bool Evaluation::objects(const Rule& rule, const Place& place, std::string message, json expected) {
  if (collects()) adopt({{place.pointer(), rule.pointer, std::move(message), std::move(expected)}});
  return false;
}

void Evaluation::adopt(std::vector<Violation> violations) {
  for (auto& violation : violations) {
    if (report_->size() < program_.limits.violations_max) report_->push_back(std::move(violation));
  }
}

bool Evaluation::spend(std::size_t steps, const Rule& rule, const Place& place) {
  if (gave_up_) return false;
  steps_ += steps;
  if (steps_ <= program_.limits.steps_max) return true;
  return gives_up(rule.pointer, place, "takes too much work to check: send less at once");
}

bool Evaluation::matches(const Rule& rule, const Regex& pattern, const Place& place, std::string_view text) {
  if (!spend(kMatchSteps, rule, place)) return false;
  const Match match = pattern.search(text);
  if (match != Match::gave_up) return match == Match::yes;
  return gives_up(rule.pointer, place, "takes a pattern too much work to match: send a shorter text");
}

bool Evaluation::follow(NodeId node, const Rule& rule, const Place& place, Seen& seen) {
  for (auto active = active_.rbegin(); active != active_.rend() && active->value == &place.value; ++active) {
    if (active->node != node) continue;
    return gives_up(rule.pointer, place, "cannot be checked: the schema refers to itself in a circle");
  }
  return apply(node, place, seen);
}

NodeId Evaluation::dynamic_target(const Rule& rule) const {
  if (rule.dynamic_anchor.empty()) return rule.branches[0].node;
  for (const std::size_t resource : scope_) {
    const auto found = program_.dynamic_anchors.find({resource, rule.dynamic_anchor});
    if (found != program_.dynamic_anchors.end()) return found->second;
  }
  return rule.branches[0].node;
}

bool Evaluation::gives_up(const std::string& schema_pointer, const Place& place, std::string message) {
  if (!gave_up_) gave_up_ = Violation{place.pointer(), schema_pointer, std::move(message)};
  return false;
}

}  // namespace carillon::json_schema
