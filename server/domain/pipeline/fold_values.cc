// What templates and conditions may name.
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/pipeline/fold.h"

namespace carillon::pipeline {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Whether the text may ask for steps that it does not name: `keys(steps)`, `steps.*`.
bool asks_for_all(const std::string& text) {
  constexpr std::string_view kSteps = "steps";
  for (auto at = text.find(kSteps); at != std::string::npos; at = text.find(kSteps, at + kSteps.size())) {
    const std::size_t behind = at + kSteps.size();
    if (behind + 1 >= text.size() || text[behind] != '.' || !is_name_character(text[behind + 1])) return true;
  }
  return false;
}

}  // namespace

json Planner::Fold::error_of(const Node& node) {
  return {{"step", node.step->id},
          {"path", node.path},
          {"class", describe(node.fault.error_class).name},
          {"message", node.fault.message},
          {"transient", describe(node.fault.error_class).transient}};
}

// Of the last step that was not left out.
json Planner::Fold::value_of(const Scope& scope) {
  for (auto node = scope.nodes.rbegin(); node != scope.nodes.rend(); ++node)
    if ((*node)->state == StepState::succeeded) return (*node)->output;
  return nullptr;
}

// Values are copied only where the text mentions them: they may be large.
json Planner::Fold::roots_for(const Node& node, const std::string& text) const {
  const bool everything = text.find('@') != std::string::npos;
  const auto mentions = [&](std::string_view name) { return everything || text.find(name) != std::string::npos; };
  json roots{{"input", nullptr}, {"params", nullptr}, {"run", given.run},
             {"now", given.now}, {"event", nullptr},  {"steps", json::object()}};
  if (mentions("input")) roots["input"] = given.input;
  if (mentions("params")) roots["params"] = given.input;
  if (mentions("event")) roots["event"] = given.event;
  std::vector<const Scope*> around;
  for (const Scope* scope = node.scope; scope != nullptr; scope = scope->owner ? scope->owner->scope : nullptr)
    around.push_back(scope);
  const bool all = asks_for_all(text);
  json& steps = roots["steps"];
  for (auto scope = around.rbegin(); scope != around.rend(); ++scope) {
    for (const Node* each : (*scope)->nodes) {
      if (!has_ended(each->state)) continue;
      for (const std::string* name : {&each->step->id, &each->step->save_as})
        if (!name->empty() && (all || mentions(*name))) steps[*name] = each->output;
    }
    if (!(*scope)->error.is_null()) roots["error"] = (*scope)->error;
    const Node* owner = (*scope)->owner;
    if (owner == nullptr || owner->step->kind != StepKind::map) continue;
    roots[owner->step->item] = owner->items.at((*scope)->index);
    roots["index"] = (*scope)->index;
  }
  if (node.undoes != nullptr) {
    const Node* failed = scopes.front().failed;
    roots["error"] = failed != nullptr ? error_of(*failed) : json();
  }
  return roots;
}

Result<bool> Planner::Fold::holds(const Node& node, const std::string& condition) const {
  const auto expression = jmespath::compile(condition);
  if (!expression) return expression.error();
  const auto value = expression->evaluate(roots_for(node, condition));
  if (!value) return value.error();
  return jmespath::is_truthy(*value);
}

}  // namespace carillon::pipeline
