// Evaluation: one value being judged by one program.
//
// Internal to this folder. It counts steps and depth, keeps the dynamic scope, and collects violations when somebody
// wants to read them. Giving up (too much work, a reference in circles) is final: from then on everything answers
// false, and the verdict is a violation that says so — a `not` cannot turn it into a yes.
//
// Lives on one thread's stack for one call.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/json_schema/program.h"

namespace carillon::json_schema {

// A part of the value and the way to it; pointers are only spelled out when something is wrong there.
struct Place {
  const json& value;
  const Place* parent = nullptr;
  std::string_view name{};  // in an object
  std::size_t index = 0;    // in an array

  std::string pointer() const;
};

// Which members and items some rule has looked at and accepted; what `unevaluated…` asks.
struct Seen {
  bool all_properties = false;
  bool all_items = false;
  std::set<std::string_view> properties{};
  std::set<std::size_t> items{};

  void add(const Seen& other);
};

class Evaluation {
 public:
  // Without a report it stops at the first violation.
  Evaluation(const Program& program, std::vector<Violation>* report) : program_(program), report_(report) {}

  bool apply(NodeId node, const Place& place, Seen& seen);
  // The same for another place than the rule's own: what was seen there says nothing about here.
  bool apply_to_child(NodeId node, const Place& place);
  // In silence: the answer is a question (`not`, `if`, `contains`), not a demand.
  bool asks(NodeId node, const Place& place, Seen& seen);
  // With the violations of this branch kept apart.
  bool tries(NodeId node, const Place& place, Seen& seen, std::vector<Violation>& violations);

  // Always false, so that a check can `return objects(…)`.
  bool objects(const Rule& rule, const Place& place, std::string message, json expected = nullptr);
  void adopt(std::vector<Violation> violations);

  bool collects() const { return report_ != nullptr; }
  bool tracks_seen() const { return program_.tracks_seen; }
  // After a false: is there a reason to look further?
  bool goes_on() const { return collects() && !gave_up_; }
  bool spend(std::size_t steps, const Rule& rule, const Place& place);
  bool matches(const Rule& rule, const Regex& pattern, const Place& place, std::string_view text);

  bool follow(NodeId node, const Rule& rule, const Place& place, Seen& seen);
  NodeId dynamic_target(const Rule& rule) const;

  const std::optional<Violation>& gave_up() const { return gave_up_; }
  const Limits& limits() const { return program_.limits; }

 private:
  bool gives_up(const std::string& schema_pointer, const Place& place, std::string message);
  bool apply_rules(const Node& node, const Place& place, Seen& seen);

  struct Active {
    NodeId node;
    const json* value;
  };
  const Program& program_;
  std::vector<Violation>* report_;
  std::optional<Violation> gave_up_;
  std::vector<Active> active_;
  std::vector<std::size_t> scope_;  // resources entered, outermost first
  std::size_t steps_ = 0;
};

}  // namespace carillon::json_schema
