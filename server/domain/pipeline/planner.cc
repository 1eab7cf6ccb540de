#include "server/domain/pipeline/planner.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/domain/pipeline/fold.h"
#include "server/domain/template.h"

namespace carillon::pipeline {
namespace {

// The run's own end for a list's.
RunState run_state_of(ScopeResult result) {
  switch (result) {
    case ScopeResult::ok:
      return RunState::succeeded;
    case ScopeResult::unknown:
      return RunState::unknown;
    case ScopeResult::cancelled:
      return RunState::cancelled;
    default:
      return RunState::failed;
  }
}

// By which a step has come to that state.
StepEvent end_event_of(StepState ended) {
  switch (ended) {
    case StepState::failed:
      return StepEvent::fail;
    case StepState::skipped:
      return StepEvent::left_out;
    case StepState::unknown:
      return StepEvent::lose_outcome;
    case StepState::cancelled:
      return StepEvent::cancel;
    default:  // succeeded, undone
      return StepEvent::finish;
  }
}

// What only the planner itself decides; a record cannot say it.
bool is_derived(StepEvent event) {
  return event == StepEvent::needs_met || event == StepEvent::left_out || event == StepEvent::undo;
}

// Itself, or a step inside it.
bool has_undo(const Step& step) {
  return !step.undo.empty() || std::any_of(step.branches.begin(), step.branches.end(), [](const Branch& branch) {
    return std::any_of(branch.steps.begin(), branch.steps.end(), has_undo);
  });
}

void wake(Plan& plan, Instant at) {
  if (at == Instant::max()) return;
  if (!plan.wake_at || at < *plan.wake_at) plan.wake_at = at;
}

}  // namespace

Planner::Fold::Fold(const Pipeline& what, RunRoots roots, Instant started_at, std::vector<Record> done)
    : pipeline(what), given(std::move(roots)), now(started_at) {
  for (Record& record : done) {
    std::string path = record.path;
    reused.emplace(std::move(path), std::move(record));
  }
  open_scope(nullptr, pipeline.steps, "");
  settle();
}

Node& Planner::Fold::add_node(Node node) {
  node.number = nodes.size();
  nodes.push_back(std::move(node));
  by_path.emplace(nodes.back().path, &nodes.back());
  return nodes.back();
}

void Planner::Fold::set(Node& node, StepEvent event) {
  const auto next = next_state(node.state, event);
  CARILLON_CHECK(next.has_value());
  node.state = *next;
  if (has_ended(node.state))
    active.erase(node.number);
  else if (node.state != StepState::pending)
    active.insert(node.number);
}

bool Planner::Fold::apply(const Record& record) {
  const auto found = by_path.find(record.path);
  if (found == by_path.end() || over) return false;
  Node& node = *found->second;
  // That something begins moves nothing: a journal may be told with its beginnings early.
  if (record.event != StepEvent::begin) now = std::max(now, record.at);
  if (is_container(node.step->kind)) {
    if (record.event != StepEvent::fail || node.state != StepState::running || node.is_overdue) return false;
    node.is_overdue = true;
    node.fault = record.fault;
    stop_container(node, Stop::hard);
    settle();
    return true;
  }
  if (is_derived(record.event) || !next_state(node.state, record.event)) return false;
  if (record.event == StepEvent::begin) {
    node.attempt = record.attempt;
    node.began_at = record.at;
  }
  if (has_ended(*next_state(node.state, record.event))) {
    node.ended_at = record.at;
    end(node, record.event, record.event == StepEvent::finish ? record.output : json(), record.fault);
  } else {
    set(node, record.event);
    node.fault = record.fault;
    node.not_before = record.not_before;
    // It would have been asked to end while it was under way.
    if (node.state == StepState::retrying && node.scope->stop != Stop::none && node.undoes == nullptr)
      end(node, StepEvent::cancel, nullptr, node.fault);
    if (node.state == StepState::ready && node.scope->stop != Stop::none && node.undoes == nullptr)
      end(node, StepEvent::cancel, nullptr, node.fault);
  }
  settle();
  return true;
}

void Planner::Fold::cancel(Cancel how, Instant at) {
  if (over) return;
  must_undo = must_undo || how != Cancel::stop;
  now = std::max(now, at);
  if (std::exchange(is_cancelled, true) || is_undoing) return;
  stop_scope(scopes.front(), how == Cancel::compensate ? Stop::quiet : Stop::hard);
  changed.push_back(&scopes.front());
  settle();
}

void Planner::Fold::end(Node& node, StepEvent event, json output, StepFault fault) {
  set(node, event);
  node.output = std::move(output);
  node.fault = std::move(fault);
  if (node.undoes != nullptr) return undo_ended(node);
  for (const Scope* scope : node.scopes)
    for (const Node* inner : scope->nodes) node.ended_at = std::max(node.ended_at, inner->ended_at);
  if (node.state == StepState::succeeded && !node.is_reused && !node.step->undo.empty()) completed.push_back(&node);
  changed.push_back(node.scope);
}

// Whatever kind of step it is; it is ready. False: it has to be done here.
bool Planner::Fold::take_over(Node& node) {
  const auto done = reused.extract(node.path);
  if (done.empty()) return false;
  Record& record = done.mapped();
  node.is_reused = true;
  node.attempt = record.attempt;
  node.began_at = node.ended_at = record.at;
  if (record.event != StepEvent::left_out) set(node, StepEvent::begin);
  end(node, record.event, std::move(record.output), std::move(record.fault));
  return true;
}

void Planner::Fold::settle() {
  while (!changed.empty()) {
    Scope* scope = changed.front();
    changed.pop_front();
    if (scope->result == ScopeResult::open) advance(*scope);
  }
}

void Planner::Fold::root_ended() {
  ScopeResult& result = scopes.front().result;
  if (must_undo && result == ScopeResult::ok) result = ScopeResult::cancelled;
  const bool undoes = result == ScopeResult::failed || (must_undo && result == ScopeResult::cancelled);
  if (!undoes) return finish();
  is_undoing = true;
  for (Node* node : completed)
    if (node->state == StepState::succeeded) undos.push_back(node);
  must_undo = must_undo || !undos.empty();
  // By what the journal says, and not by what was heard first: whoever folds it anew undoes in the same order.
  std::stable_sort(undos.begin(), undos.end(),
                   [](const Node* left, const Node* right) { return left->ended_at < right->ended_at; });
  for (const Node* node : scopes.front().nodes)
    if (node->is_reused && node->state == StepState::succeeded && has_undo(*node->step))
      not_undone.push_back(node->path);
  next_undo();
}

void Planner::Fold::next_undo() {
  if (undos.empty()) return finish();
  Node* undone = undos.back();
  undos.pop_back();
  Node& undo = add_node(
      {.step = &undone->step->undo.front(), .scope = undone->scope, .path = undone->path + "!undo", .undoes = undone});
  set(undo, StepEvent::needs_met);
}

void Planner::Fold::undo_ended(Node& undo) {
  if (undo.state == StepState::succeeded)
    set(*undo.undoes, StepEvent::undo);
  else
    not_undone.push_back(undo.undoes->path);
  next_undo();
}

void Planner::Fold::finish() {
  const Scope& root = scopes.front();
  RunEnd end{.state = run_state_of(root.result)};
  if (root.failed != nullptr) {
    end.path = root.failed->path;
    end.fault = root.failed->fault;
  }
  if (must_undo || !not_undone.empty()) end.compensated = is_undoing && not_undone.empty();
  end.not_undone = not_undone;
  if (end.state == RunState::succeeded) {
    const Node& last = *root.nodes.back();
    end.output = pipeline.output.is_null() ? value_of(root) : pipeline.output;
    if (!pipeline.output.is_null()) {
      auto made = render_template(pipeline.output, roots_for(last, pipeline.output.dump()), {.zone = given.zone});
      if (made) {
        end.output = *std::move(made);
      } else {
        end = {.state = RunState::failed, .fault = {ErrorClass::invalid_arguments, "output: " + made.error().message}};
      }
    }
  }
  over = std::move(end);
}

Waiting Planner::Fold::waiting_of(const Node& node) {
  const bool sleeps = node.state == StepState::waiting || node.state == StepState::retrying;
  return {.path = node.path,
          .kind = node.step->kind,
          .state = node.state,
          .not_before = sleeps ? node.not_before : Instant::max(),
          .attempt = node.attempt,
          .began_at = node.began_at,
          .expect = node.step->kind == StepKind::child ? node.step->expect : ""};
}

Plan Planner::Fold::plan(Instant at) const {
  Plan plan;
  plan.end = over;
  for (const std::size_t number : active) {
    const Node& node = nodes[number];
    if (is_container(node.step->kind)) {
      if (!node.deadline || node.is_overdue) continue;
      if (*node.deadline <= at)
        plan.overdue.push_back(node.path);
      else
        wake(plan, *node.deadline);
      continue;
    }
    const bool is_due = node.state == StepState::ready || (node.state == StepState::retrying && node.not_before <= at);
    if (is_due) {
      if (is_held && node.undoes == nullptr)
        plan.is_held = true;
      else
        plan.starts.push_back({node.path, node.step, node.attempt + 1, node.undoes != nullptr});
      continue;
    }
    if (node.end_is_wished && node.state != StepState::cancelling) plan.cancels.push_back(node.path);
    plan.waits.push_back(waiting_of(node));
    wake(plan, plan.waits.back().not_before);
  }
  return plan;
}

Planner::Planner(const Pipeline& pipeline, RunRoots roots, Instant started_at, std::vector<Record> reused)
    : fold_(std::make_unique<Fold>(pipeline, std::move(roots), started_at, std::move(reused))) {}
Planner::~Planner() = default;
Planner::Planner(Planner&&) noexcept = default;

bool Planner::apply(const Record& record) { return fold_->apply(record); }
void Planner::cancel(Cancel how, Instant at) { fold_->cancel(how, at); }
void Planner::must_undo() { fold_->must_undo = true; }
bool Planner::undoes() const { return fold_->must_undo || fold_->is_undoing; }
void Planner::hold(bool held) { fold_->is_held = held; }
Plan Planner::plan(Instant now) const { return fold_->plan(now); }

json Planner::roots_of(const std::string& path) const {
  const auto found = fold_->by_path.find(path);
  CARILLON_CHECK(found != fold_->by_path.end());
  const Node& node = *found->second;
  return fold_->roots_for(node, node.step->body.dump(-1, ' ', false, json::error_handler_t::replace));
}

StepState Planner::state_of(const std::string& path) const {
  const auto found = fold_->by_path.find(path);
  return found == fold_->by_path.end() ? StepState::pending : found->second->state;
}

bool Planner::may_begin(const std::string& path) const {
  // The step, or the innermost that is to hold it.
  std::string_view known = path;
  auto found = fold_->by_path.find(known);
  for (; found == fold_->by_path.end(); found = fold_->by_path.find(known)) {
    const auto cut = known.find_last_of(".[");
    if (cut == std::string_view::npos) return false;
    known = known.substr(0, cut);
  }
  const Node& node = *found->second;
  return !has_ended(node.state) && node.stop == Stop::none && node.scope->stop == Stop::none;
}

Record Planner::end_of(const std::string& path) const {
  const auto found = fold_->by_path.find(path);
  CARILLON_CHECK(found != fold_->by_path.end() && has_ended(found->second->state));
  const Node& node = *found->second;
  return {.path = path,
          .event = end_event_of(node.state),
          .attempt = std::max(node.attempt, 1),
          .at = node.ended_at,
          .output = node.output,
          .fault = node.fault};
}

Waiting Planner::waiting(const std::string& path) const {
  const auto found = fold_->by_path.find(path);
  CARILLON_CHECK(found != fold_->by_path.end());
  return Fold::waiting_of(*found->second);
}

json Planner::values() const {
  json values = json::object();
  for (const Node* node : fold_->scopes.front().nodes) {
    if (node->state != StepState::succeeded) continue;
    values[node->step->id] = node->output;
    if (!node->step->save_as.empty()) values[node->step->save_as] = node->output;
  }
  return values;
}

std::vector<std::pair<std::string, StepState>> Planner::states() const {
  std::vector<std::pair<std::string, StepState>> states;
  for (const Node& node : fold_->nodes) states.emplace_back(node.path, node.state);
  return states;
}

}  // namespace carillon::pipeline
