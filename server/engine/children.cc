#include "server/engine/children.h"

#include <algorithm>
#include <map>
#include <set>

#include "server/domain/pipeline/input.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"
#include "server/engine/engine.h"
#include "server/engine/pipelines.h"

namespace carillon {

namespace {

using pipeline::Step;

std::vector<const Step*> child_steps(const Action& action) {
  std::vector<const Step*> steps;
  if (action.kind != ActionKind::steps) return steps;
  for (const Step* step : pipeline::leaves_of(*action.pipeline))
    if (step->kind == pipeline::StepKind::child) steps.push_back(step);
  return steps;
}

std::string name_in(const Step& step) { return step.body.at("pipeline").get<std::string>(); }

bool is_literal(const json& value) {
  const auto roots = check_template(value);
  return roots && roots->empty();
}

// Pipelines that were read once, by what steps call them: "brief", "brief@3".
class Reading {
 public:
  Reading(Tx& tx, const TenantId& tenant, const ChildrenWanted& wanted) : tx_(tx), tenant_(tenant), wanted_(wanted) {}

  // How deep runs go below a step that names it: 1 for one without children. The names on the way to it are `way_`.
  Result<int> depth_of(const std::string& text, const std::string& pointer) {
    if (const auto known = nodes_.find(text); known != nodes_.end()) return known->second.depth;
    const auto name = read_pipeline_name(text, pointer);
    if (!name) return name.error();
    if (auto error = circle_at(*name)) return *error;
    if (static_cast<int>(way_.size()) >= wanted_.depth_max)
      return invalid("runs start runs at most " + std::to_string(wanted_.depth_max) + " deep: " + told_way(name->name),
                     pointer, text);
    auto action = action_of_pipeline(tx_, tenant_, *name);
    if (!action) return action.error();
    Node node{.action = *std::move(action)};
    way_.push_back(name->name);
    for (const Step* step : child_steps(node.action)) {
      const auto below = depth_of(name_in(*step), pointer);
      if (!below) return below.error();
      node.depth = std::max(node.depth, *below + 1);
    }
    way_.pop_back();
    return nodes_.emplace(text, std::move(node)).first->second.depth;
  }

  const Action& action(const std::string& text) const { return nodes_.at(text).action; }

  void add_all(const std::string& step, const std::string& text, std::set<std::string>& seen,
               std::vector<KnownChild>& children) const {
    if (!seen.insert(text).second) return;
    children.push_back({step, action(text)});
    for (const Step* below : child_steps(action(text))) add_all(step, name_in(*below), seen, children);
  }

 private:
  struct Node {
    Action action;
    int depth = 1;
  };

  std::optional<Error> circle_at(const PipelineName& name) const {
    const bool is_own = !wanted_.name.empty() && name.name == wanted_.name;
    if (!is_own && std::find(way_.begin(), way_.end(), name.name) == way_.end()) return std::nullopt;
    return invalid("a pipeline does not run itself: " + told_way(name.name), name.pointer, name.name);
  }

  // "brief runs weekly, which runs brief"
  std::string told_way(const std::string& last) const {
    std::vector<std::string> names = way_;
    if (!wanted_.name.empty()) names.insert(names.begin(), wanted_.name);
    names.push_back(last);
    std::string told = names.front();
    for (std::size_t i = 1; i < names.size(); ++i) told += (i == 1 ? " runs " : ", which runs ") + names[i];
    return told;
  }

  Tx& tx_;
  const TenantId& tenant_;
  const ChildrenWanted& wanted_;
  std::vector<std::string> way_;
  std::map<std::string, Node> nodes_;
};

// What stands there without templates is checked now; the rest when the step begins.
std::optional<Error> check_with(const Step& step, const Action& child) {
  const json& with = step.body.at("with");
  if (!is_literal(with)) return std::nullopt;
  const auto fits = pipeline::read_input(*child.pipeline, with, below(step.pointer, "with"));
  return fits ? std::nullopt : std::optional{fits.error()};
}

}  // namespace

Result<std::vector<KnownChild>> find_children(Tx& tx, const TenantId& tenant, const ChildrenWanted& wanted) {
  std::vector<KnownChild> children;
  Reading reading{tx, tenant, wanted};
  for (const Step* step : child_steps(wanted.action)) {
    const std::string name = name_in(*step);
    const auto depth = reading.depth_of(name, below(step->pointer, "pipeline"));
    if (!depth) return depth.error();
    if (*depth > wanted.depth_max)
      return invalid("runs start runs at most " + std::to_string(wanted.depth_max) + " deep, and \"" + name +
                         "\" already goes " + std::to_string(*depth - 1) + " deep itself",
                     below(step->pointer, "pipeline"), name);
    if (auto error = check_with(*step, reading.action(name))) return *error;
    std::set<std::string> seen;
    reading.add_all(step->id, name, seen, children);
  }
  return children;
}

std::vector<std::string> who_runs_by_steps(Tx& tx, const TenantId& tenant, std::string_view pipeline) {
  std::vector<std::string> names;
  for (const auto& [name, stored] : TaskStore{tx}.with_child_steps(tenant)) {
    const auto definition = definition_from_json(stored);
    if (!definition) continue;
    const auto steps = child_steps(definition->action);
    const bool runs_it = std::any_of(steps.begin(), steps.end(), [&](const Step* step) {
      const auto wanted = read_pipeline_name(name_in(*step));
      return wanted && wanted->name == pipeline;
    });
    if (runs_it) names.push_back(name);
  }
  return names;
}

Result<std::vector<KnownChild>> Engine::known_children(const Caller& caller, const Action& action,
                                                       const std::string& name) {
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) {
    return find_children(tx, caller.tenant, {action, name, options_.child_depth_max});
  });
}

}  // namespace carillon
