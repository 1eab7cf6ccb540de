// Planner: what a run of a pipeline has to do next, as a fold over its journal. The journal is the truth: the same
// records in the same order give the same plan, whoever folds them, so a run goes on wherever its worker was lost.
//
// A record says what happened to one step instance, known by its path: "brief" for a step of the pipeline,
// "label[3].post" for one inside item 3 of a map, "deploy.0.build" inside branch 0 of a parallel or switch step,
// "seq.inner" inside a sequence, and "charge!undo" for the undo of one. Containers (sequence, parallel, map, switch)
// leave no records of their own, unless their time ran out: what becomes of them follows from the steps inside.
//
// A failed step that nobody handles (on_error) ends the list that holds it: what is under way there is left to end,
// nothing else begins. When the pipeline itself has failed, or was cancelled to be undone, the undo of each succeeded
// step runs once, in reverse order of completion; a failed undo is told and hides nothing. Where it is not known
// whether a step had its effect nothing is undone.
//
// No clock, no I/O, no chance: time comes with records and questions. Belongs to one thread at a time. `pipeline` must
// outlive it.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/domain/error_class.h"
#include "server/domain/pipeline/pipeline.h"
#include "server/domain/pipeline/step_state.h"
#include "server/domain/run_state.h"

namespace carillon::pipeline {

struct StepFault {
  ErrorClass error_class = ErrorClass::internal;
  std::string message;
};

// What happened to a step. `attempt` counts from 1.
struct Record {
  std::string path;
  StepEvent event = StepEvent::begin;
  int attempt = 1;
  Instant at{};
  json output = nullptr;  // finish
  StepFault fault{};      // retry, fail, lose_outcome
  Instant not_before{};   // retry; wait: when it wakes by itself, Instant::max() for never
};

// A leaf to begin, the first time or again.
struct Start {
  std::string path;
  const Step* step = nullptr;
  int attempt = 1;
  bool is_undo = false;
};

// Why nothing can begin here and now: what a run that waits is waiting for.
struct Waiting {
  std::string path;
  StepKind kind = StepKind::tool;
  StepState state = StepState::running;
  Instant not_before{};  // Instant::max(): for something that is told
  int attempt = 1;
  Instant began_at{};
  std::string expect{};  // of a child: JMESPath that its result has to satisfy; empty: any does
};

struct RunEnd {
  RunState state = RunState::succeeded;  // succeeded, failed, cancelled or unknown
  json output = nullptr;
  std::string path{};  // of the step that ended it
  StepFault fault{};
  std::optional<bool> compensated{};      // whether every undo that there was has ended well; none: nothing was to be
  std::vector<std::string> not_undone{};  // paths whose undo failed, and reused steps that have one
};

struct Plan {
  std::vector<Start> starts;
  std::vector<std::string> cancels;  // leaves under way whose end is wished, until a record says so
  std::vector<std::string> overdue;  // containers whose time is up: each to be recorded as failed by timeout
  std::vector<Waiting> waits;
  std::optional<Instant> wake_at;  // when to ask again although nothing was told
  bool is_held = false;            // something would begin now if the run were not held
  std::optional<RunEnd> end;
};

// What the templates of a run may name besides its steps.
struct RunRoots {
  json input = json::object();
  json run = json::object();  // id, handle, slot, attempt, previous_success_at, late_by
  json event = nullptr;
  std::string now;  // RFC 3339; frozen for the run
  std::string zone = "UTC";
};

// How a run ends that is not wanted any more.
enum class Cancel {
  stop,        // what is under way is asked to end
  expire,      // the same, then what succeeded is undone
  compensate,  // what is under way is left to end, then what succeeded is undone
};

class Planner {
 public:
  // `reused`: ends of steps of the outermost list, which an earlier run has done (finish, fail, lose_outcome,
  // left_out). Each is taken over when its step would begin, and is never undone: it stays what that run did.
  Planner(const Pipeline& pipeline, RunRoots roots, Instant started_at, std::vector<Record> reused = {});
  ~Planner();
  Planner(Planner&&) noexcept;

  // What the journal says next. A record that the step's state does not allow (it comes twice, or too late) changes
  // nothing: false.
  bool apply(const Record& record);
  // Once; later ones change nothing, but for the wish that it is undone.
  void cancel(Cancel how, Instant at);
  // Told before the journal is: that wish was there, wherever in the journal; so it does not end well.
  void must_undo();
  // Nothing new begins while it is held, undos excepted; what is under way ends.
  void hold(bool held);

  Plan plan(Instant now) const;
  // What it did is undone before it ends, or was.
  bool undoes() const;

  // What the templates of a step may name; only the values that its text mentions. The path is one of a Start.
  json roots_of(const std::string& path) const;
  StepState state_of(const std::string& path) const;  // pending for one that does not exist yet
  // Whether a step that is not under way may yet begin, the first time or again, as far as was told; also one that does
  // not exist yet.
  bool may_begin(const std::string& path) const;
  // How a step has ended that has, also a container: what another run may take over.
  Record end_of(const std::string& path) const;
  // Of a step that has begun: what it waits for, as in a plan.
  Waiting waiting(const std::string& path) const;
  // What the steps of the outermost list gave, by their ids and `save_as`.
  json values() const;
  // Every step that exists, in the order of the definition, with its state.
  std::vector<std::pair<std::string, StepState>> states() const;

 private:
  struct Fold;
  std::unique_ptr<Fold> fold_;
};

}  // namespace carillon::pipeline
