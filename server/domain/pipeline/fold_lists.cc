// What follows inside a list of steps, and what becomes of the step that holds it.
#include <algorithm>

#include "server/domain/pipeline/fold.h"
#include "server/domain/template.h"

namespace carillon::pipeline {
namespace {

constexpr std::size_t kItemsMax = 10'000;

bool has_failed(const Node& node) { return node.state == StepState::failed || node.state == StepState::unknown; }

// What is not known outweighs what has failed: a person has to look, and nothing is undone before.
bool is_worse(const Node& node, const Node& than) {
  return node.state == StepState::unknown && than.state != StepState::unknown;
}

ScopeResult result_of(const Scope& scope) {
  if (scope.failed != nullptr)
    return scope.failed->state == StepState::unknown ? ScopeResult::unknown : ScopeResult::failed;
  // A branch that was to stop and had nothing left to do has ended well.
  const bool is_cut = std::any_of(scope.nodes.begin(), scope.nodes.end(),
                                  [](const Node* node) { return node->state == StepState::cancelled; });
  return is_cut || (scope.owner == nullptr && scope.stop != Stop::none) ? ScopeResult::cancelled : ScopeResult::ok;
}

// What was to stop and had nothing left to do has ended well.
bool is_whole(const Node& node) {
  return node.next_item == node.items.size() &&
         std::none_of(node.scopes.begin(), node.scopes.end(),
                      [](const Scope* scope) { return scope->result == ScopeResult::cancelled; });
}

// Whether the error of a step that has not ended can lead to that place.
bool may_lead_to(const Scope& scope, std::size_t place) {
  return std::any_of(scope.nodes.begin(), scope.nodes.end(), [&](const Node* node) {
    const OnError& after = node->step->on_error;
    return !has_ended(node->state) && after.what == AfterError::go_to && after.target == place;
  });
}

StepFault fault_of(const Error& error) { return {ErrorClass::invalid_arguments, error.message}; }

}  // namespace

Scope& Planner::Fold::open_scope(Node* owner, const std::vector<Step>& steps, const std::string& prefix) {
  scopes.push_back({.owner = owner, .steps = &steps});
  Scope& scope = scopes.back();
  for (std::size_t place = 0; place < steps.size(); ++place)
    scope.nodes.push_back(
        &add_node({.step = &steps[place], .scope = &scope, .place = place, .path = prefix + steps[place].id}));
  if (owner != nullptr) {
    scope.index = owner->scopes.size();
    owner->scopes.push_back(&scope);
    ++owner->open_scopes;
  }
  changed.push_back(&scope);
  return scope;
}

// Looks at each step of the list until nothing changes; the list has ended when nothing in it is under way and nothing
// can begin.
void Planner::Fold::advance(Scope& scope) {
  for (Node* node : scope.nodes) {
    if (node->state == StepState::cancelled) stop_scope(scope, Stop::quiet);
    if (!has_failed(*node) || (scope.failed != nullptr && !is_worse(*node, *scope.failed))) continue;
    const OnError& after = node->step->on_error;
    if (after.what == AfterError::go_to && scope.targets.insert(after.target).second) scope.error = error_of(*node);
    if (after.what == AfterError::go_on && scope.error.is_null()) scope.error = error_of(*node);
    if (after.what != AfterError::fail) continue;
    scope.failed = node;
    stop_scope(scope, Stop::quiet);
  }
  for (bool moved = true; moved;) {
    moved = false;
    for (Node* node : scope.nodes) {
      if (node->state != StepState::pending || !look_at(scope, *node)) continue;
      if (has_failed(*node)) return;  // at once: where its error leads is seen before the others are
      moved = true;
    }
  }
  bool is_over = true;
  for (const Node* node : scope.nodes)
    is_over = is_over && (has_ended(node->state) || (node->state == StepState::pending && scope.stop != Stop::none));
  if (!is_over) return;
  // A step that failed just now has not been looked at yet.
  if (std::find(changed.begin(), changed.end(), &scope) != changed.end()) return;
  for (Node* node : scope.nodes)
    if (node->state == StepState::pending)
      set(*node, scope.failed != nullptr ? StepEvent::left_out : StepEvent::cancel);
  scope.result = result_of(scope);
  scope_ended(scope);
}

// True: it is pending no more.
bool Planner::Fold::look_at(Scope& scope, Node& node) {
  if (scope.stop != Stop::none) return false;
  const bool is_target = scope.targets.count(node.place) != 0;
  bool leads_past = false;
  for (const std::size_t need : node.step->needs) {
    const Node& needed = *scope.nodes[need];
    if (!has_ended(needed.state)) return false;
    leads_past =
        leads_past || needed.bypassed || (has_failed(needed) && needed.step->on_error.what == AfterError::go_to);
  }
  if (leads_past && !is_target) {
    if (may_lead_to(scope, node.place)) return false;
    node.bypassed = true;
    end(node, StepEvent::left_out, nullptr, {});
    return true;
  }
  make_ready(node);
  return true;
}

void Planner::Fold::make_ready(Node& node) {
  set(node, StepEvent::needs_met);
  if (take_over(node)) return;
  if (!node.step->condition.empty()) {
    const auto wanted = holds(node, node.step->condition);
    if (!wanted) return end(node, StepEvent::fail, nullptr, fault_of(wanted.error()));
    if (!*wanted) return end(node, StepEvent::left_out, nullptr, {});
  }
  if (is_container(node.step->kind)) begin_container(node);
}

void Planner::Fold::begin_container(Node& node) {
  if (node.step->timeout) node.deadline = now + *node.step->timeout;
  if (node.step->kind == StepKind::map) return begin_map(node);
  if (node.step->kind == StepKind::choice) return begin_choice(node);
  set(node, StepEvent::begin);
  const bool is_sequence = node.step->kind == StepKind::sequence;
  for (std::size_t i = 0; i < node.step->branches.size(); ++i)
    open_scope(&node, node.step->branches[i].steps, node.path + (is_sequence ? "." : "." + std::to_string(i) + "."));
}

void Planner::Fold::begin_map(Node& node) {
  const json& said = node.step->body;
  auto items = render_template(said, roots_for(node, said.dump(-1, ' ', false, json::error_handler_t::replace)),
                               {.zone = given.zone});
  if (!items) return end(node, StepEvent::fail, nullptr, fault_of(items.error()));
  if (!items->is_array() || items->size() > kItemsMax)
    return end(node, StepEvent::fail, nullptr,
               {ErrorClass::invalid_arguments,
                items->is_array() ? "a map has at most 10000 items" : "what a map goes over is not a list"});
  set(node, StepEvent::begin);
  node.items = *std::move(items);
  node.results = json(json::array_t(node.items.size()));
  node.failures = json::array();
  open_items(node);
  if (node.items.empty()) end_container(node, {{"results", node.results}, {"failed", node.failures}});
}

void Planner::Fold::begin_choice(Node& node) {
  for (std::size_t i = 0; i < node.step->branches.size(); ++i) {
    const Branch& branch = node.step->branches[i];
    const auto taken = branch.condition.empty() ? Result<bool>{true} : holds(node, branch.condition);
    if (!taken) return end(node, StepEvent::fail, nullptr, fault_of(taken.error()));
    if (!*taken) continue;
    set(node, StepEvent::begin);
    open_scope(&node, branch.steps, node.path + "." + std::to_string(i) + ".");
    return;
  }
  end(node, StepEvent::left_out, nullptr, {});
}

void Planner::Fold::open_items(Node& node) {
  for (; node.open_scopes < node.step->max_parallel && node.next_item < node.items.size(); ++node.next_item)
    open_scope(&node, node.step->branches.front().steps, node.path + "[" + std::to_string(node.next_item) + "].");
}

void Planner::Fold::stop_scope(Scope& scope, Stop how) {
  if (scope.stop >= how || scope.result != ScopeResult::open) return;
  scope.stop = how;
  for (Node* node : scope.nodes) {
    if (node->state == StepState::ready || node->state == StepState::retrying) {
      end(*node, StepEvent::cancel, nullptr, node->fault);
    } else if (node->state == StepState::waiting) {
      // A child is work under way, like a call.
      node->end_is_wished = node->end_is_wished || how == Stop::hard || node->step->kind != StepKind::child;
    } else if (node->state == StepState::running) {
      if (is_container(node->step->kind))
        stop_container(*node, how);
      else
        node->end_is_wished = node->end_is_wished || how == Stop::hard;
    }
  }
  changed.push_back(&scope);
}

void Planner::Fold::stop_container(Node& node, Stop how) {
  node.stop = std::max(node.stop, how);
  for (Scope* scope : node.scopes) stop_scope(*scope, how);
}

void Planner::Fold::scope_ended(Scope& scope) {
  if (scope.owner == nullptr) return root_ended();
  Node& owner = *scope.owner;
  --owner.open_scopes;
  if (owner.step->kind == StepKind::parallel) return branch_ended(owner);
  if (owner.step->kind == StepKind::map) return item_ended(owner, scope);
  end_container(owner, value_of(scope));
}

// Ends a container whose lists have all ended: with `output`, unless one of them has not ended well.
void Planner::Fold::end_container(Node& node, json output) {
  if (node.is_overdue) return end(node, StepEvent::fail, nullptr, node.fault);
  const bool fails = node.step->kind != StepKind::map || node.step->on_error.what != AfterError::go_on;
  const bool joined = node.step->kind == StepKind::parallel && !output.is_null();
  const Node* failed = nullptr;
  for (const Scope* scope : node.scopes)
    if (scope->failed != nullptr && (failed == nullptr || is_worse(*scope->failed, *failed))) failed = scope->failed;
  if (failed != nullptr && fails && !joined) {
    const bool is_known = failed->state != StepState::unknown;
    StepFault fault = failed->fault;
    fault.message = failed->path + ": " + fault.message;
    return end(node, is_known ? StepEvent::fail : StepEvent::lose_outcome, nullptr, std::move(fault));
  }
  // Also where nothing has asked it to stop: who folds the journal anew hears of steps that were cancelled before it
  // hears that the run is.
  if (joined || is_whole(node)) return end(node, StepEvent::finish, std::move(output), {});
  set(node, StepEvent::ask_to_end);
  end(node, StepEvent::cancel, nullptr, {});
}

void Planner::Fold::branch_ended(Node& node) {
  std::size_t good = 0, open = 0;
  for (const Scope* scope : node.scopes) {
    good += scope->result == ScopeResult::ok ? 1 : 0;
    open += scope->result == ScopeResult::open ? 1 : 0;
  }
  const std::size_t needed = needed_branches(node.step->join, node.scopes.size());
  const bool is_decided = good >= needed || good + open < needed;
  if (open > 0) {
    if (is_decided && node.step->join.fail_fast)
      for (Scope* scope : node.scopes) stop_scope(*scope, Stop::hard);
    return;
  }
  if (good < needed) return end_container(node, nullptr);
  json values = json::array();
  for (const Scope* scope : node.scopes) values.push_back(scope->result == ScopeResult::ok ? value_of(*scope) : json());
  end_container(node, std::move(values));
}

void Planner::Fold::item_ended(Node& node, const Scope& scope) {
  if (scope.result == ScopeResult::ok) node.results[scope.index] = value_of(scope);
  if (scope.failed != nullptr) {
    node.failures.push_back({{"index", scope.index}, {"error", error_of(*scope.failed)}});
    if (node.step->on_error.what != AfterError::go_on) stop_container(node, Stop::quiet);
  }
  if (node.stop == Stop::none) open_items(node);
  if (node.open_scopes > 0) return;
  std::sort(node.failures.begin(), node.failures.end(),
            [](const json& left, const json& right) { return left["index"] < right["index"]; });
  end_container(node, {{"results", node.results}, {"failed", node.failures}});
}

}  // namespace carillon::pipeline
