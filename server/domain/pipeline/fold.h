// The state of a planner: step instances, the lists that hold them, and what has been decided. Internal to this folder:
// planner.cc folds records into it, fold_lists.cc decides what follows inside a list, fold_values.cc says what
// templates may name.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "server/domain/pipeline/planner.h"

namespace carillon::pipeline {

// Nothing more begins; what is under way is left to end, or is asked to.
enum class Stop { none, quiet, hard };
enum class ScopeResult { open, ok, failed, unknown, cancelled };

struct Scope;

// One instance of a step.
struct Node {
  const Step* step = nullptr;
  Scope* scope = nullptr;
  std::size_t place = 0;  // in its list
  std::size_t number = 0;
  std::string path{};
  StepState state = StepState::pending;
  int attempt = 0;
  json output = nullptr;
  StepFault fault{};
  Instant not_before{}, began_at{};
  Instant ended_at{};     // of a container: when the last of its steps did
  bool bypassed = false;  // an error led past it
  bool is_reused = false;
  bool end_is_wished = false;
  Node* undoes = nullptr;        // of an undo
  std::vector<Scope*> scopes{};  // of a container, in the order of branches or items
  std::optional<Instant> deadline{};
  bool is_overdue = false;
  Stop stop = Stop::none;  // of a container
  json items = nullptr;    // map
  json results = nullptr, failures = nullptr;
  std::size_t next_item = 0, open_scopes = 0;
};

// One list of steps under way: the pipeline's own, a branch, or one item of a map.
struct Scope {
  Node* owner = nullptr;
  const std::vector<Step>* steps = nullptr;
  std::vector<Node*> nodes{};
  std::size_t index = 0;  // of the branch or item
  Stop stop = Stop::none;
  ScopeResult result = ScopeResult::open;
  std::set<std::size_t> targets{};  // places that errors led to
  Node* failed = nullptr;           // that nobody handled
  json error = nullptr;             // that was handled last
};

struct Planner::Fold {
  Fold(const Pipeline& what, RunRoots roots, Instant started_at, std::vector<Record> done);

  // planner.cc
  bool apply(const Record& record);
  void cancel(Cancel how, Instant at);
  Plan plan(Instant now) const;
  static Waiting waiting_of(const Node& node);
  void settle();  // what follows from what has changed
  void set(Node& node, StepEvent event);
  void end(Node& node, StepEvent event, json output, StepFault fault);
  bool take_over(Node& node);
  void root_ended();
  void next_undo();
  void undo_ended(Node& undo);
  void finish();
  Node& add_node(Node node);

  // fold_lists.cc
  Scope& open_scope(Node* owner, const std::vector<Step>& steps, const std::string& prefix);
  void advance(Scope& scope);
  bool look_at(Scope& scope, Node& node);
  void make_ready(Node& node);
  void begin_container(Node& node);
  void begin_map(Node& node);
  void begin_choice(Node& node);
  void open_items(Node& node);
  void stop_scope(Scope& scope, Stop how);
  void stop_container(Node& node, Stop how);
  void scope_ended(Scope& scope);
  void branch_ended(Node& node);
  void item_ended(Node& node, const Scope& scope);
  void end_container(Node& node, json output);

  // fold_values.cc
  json roots_for(const Node& node, const std::string& text) const;
  Result<bool> holds(const Node& node, const std::string& condition) const;
  static json value_of(const Scope& scope);
  static json error_of(const Node& node);

  const Pipeline& pipeline;
  const RunRoots given;
  std::deque<Node> nodes;  // stable addresses
  std::deque<Scope> scopes;
  std::map<std::string, Node*, std::less<>> by_path;
  std::deque<Scope*> changed;
  std::set<std::size_t> active;                       // numbers of nodes that have begun or may, and have not ended
  std::map<std::string, Record, std::less<>> reused;  // by path; still to be taken over
  std::vector<Node*> completed;                       // with an undo
  std::vector<Node*> undos;                           // still to be done, the next one last
  std::vector<std::string> not_undone;
  Instant now;  // of the record that is being folded
  bool is_held = false, is_cancelled = false, must_undo = false, is_undoing = false;
  std::optional<RunEnd> over;
};

}  // namespace carillon::pipeline
