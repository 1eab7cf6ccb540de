#include "server/engine/reusing_steps.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "server/domain/nearest.h"
#include "server/domain/pipeline/pipeline.h"
#include "server/domain/run_payload.h"
#include "server/engine/lookup.h"
#include "server/engine/step_replay.h"

namespace carillon {
namespace {

using pipeline::Record;
using pipeline::Step;
using pipeline::StepKind;
using pipeline::StepState;

// Of the outermost list: "each" of "each[3].post!undo".
std::string outermost(const std::string& path) { return path.substr(0, path.find_first_of(".[!")); }

bool is_undo(const std::string& path) { return path.ends_with("!undo"); }

StepState state_after(pipeline::StepEvent end) {
  switch (end) {
    case pipeline::StepEvent::finish:
      return StepState::succeeded;
    case pipeline::StepEvent::fail:
      return StepState::failed;
    case pipeline::StepEvent::left_out:
      return StepState::skipped;
    default:
      return StepState::unknown;
  }
}

// What the earlier run has done, by its outermost steps.
class EarlierRun {
 public:
  EarlierRun(const RunRecord& run, const Action& action, StepsRun what, std::vector<JournalEntry> journal)
      : run_(run), action_(action), journal_(std::move(journal)), folded_(fold_run(*action.pipeline, what, journal_)) {}

  // Why the step of the retry cannot be taken over; empty: it can.
  std::string lacking(const Step& step, const json& written) const {
    const auto& steps = action_.pipeline->steps;
    const auto same = std::find_if(steps.begin(), steps.end(), [&](const Step& each) { return each.id == step.id; });
    if (same == steps.end()) return "is new in this version of the task";
    if (action_.steps.at(static_cast<std::size_t>(same - steps.begin())) != written)
      return "is another in this version of the task";
    const bool undone = std::any_of(journal_.begin(), journal_.end(), [&](const JournalEntry& entry) {
      return is_undo(entry.step_path) && outermost(entry.step_path) == step.id;
    });
    if (undone) return "was undone";
    const StepState state = folded_.planner.state_of(step.id);
    if (state == StepState::succeeded || state == StepState::skipped) return {};
    const bool bad = state == StepState::failed || state == StepState::unknown;
    if (bad && step.on_error.what != pipeline::AfterError::fail) return {};
    return bad ? "is " + std::string(name_of(state)) : "has not ended";
  }

  JournalEntry row_of(const std::string& id) const {
    const Record end = folded_.planner.end_of(id);
    JournalEntry row{.step_path = id,
                     .attempt = end.attempt,
                     .state = std::string(name_of(state_after(end.event))),
                     .tool = "",
                     .started_at = Instant::max(),
                     .finished_at = Instant::min(),
                     .reused_from = run_.id};
    for (const JournalEntry& entry : journal_) {
      if (outermost(entry.step_path) != id) continue;
      row.started_at = std::min(row.started_at, entry.started_at);
      row.finished_at = std::max(*row.finished_at, entry.finished_at.value_or(entry.started_at));
      if (entry.step_path == id) row.tool = entry.tool;
      if (entry.reused_from) row.reused_from = entry.reused_from;
    }
    // A container without anything inside it has no rows.
    if (row.started_at == Instant::max()) row.started_at = *(row.finished_at = run_.started_at.value_or(run_.run_at));
    if (row.state == name_of(StepState::succeeded)) {
      row.output = end.output.dump(-1, ' ', false, json::error_handler_t::replace);
      row.output_bytes = static_cast<std::int64_t>(row.output->size());
    } else if (row.state != name_of(StepState::skipped)) {
      row.error_class = describe(end.fault.error_class).name;
      row.error_message = end.fault.message;
    }
    return row;
  }

 private:
  const RunRecord& run_;
  const Action& action_;
  const std::vector<JournalEntry> journal_;
  const FoldedRun folded_;
};

Error nowhere(const std::string& from, const pipeline::Pipeline& steps) {
  std::vector<std::string> names{std::string(kFromStart), std::string(kFromFailedStep)};
  for (const Step& step : steps.steps) names.push_back(step.id);
  Error error{ErrorCode::unknown_name,
              "`from` is start, failed_step or one of the outermost steps" + did_you_mean(nearest(from, names)),
              "/from", from};
  error.details["accepted"] = names;
  return error;
}

// Which steps of the retry run again, by their places.
class Choice {
 public:
  Choice(const Action& action, const EarlierRun& earlier) : steps_(action.pipeline->steps), again_(steps_.size()) {
    for (std::size_t i = 0; i < steps_.size(); ++i) lacking_.push_back(earlier.lacking(steps_[i], action.steps.at(i)));
  }

  Status choose(const ReuseWanted& wanted, const pipeline::Pipeline& pipeline) {
    for (std::size_t i = 0; i < steps_.size(); ++i) again_[i] = !lacking_[i].empty();
    if (wanted.from == kFromFailedStep) {
      if (wanted.run.state != RunState::succeeded) return spread();
      Error error{ErrorCode::conflict, handle_of(wanted.run) + " has succeeded: say from which step it is to go on",
                  "/from", wanted.from};
      error.details["accepted"] = nowhere("", pipeline).details["accepted"];
      return error;
    }
    const auto found =
        std::find_if(steps_.begin(), steps_.end(), [&](const Step& step) { return step.id == wanted.from; });
    if (found == steps_.end()) return nowhere(wanted.from, pipeline);
    again_[static_cast<std::size_t>(found - steps_.begin())] = true;
    if (const Step* before = unready_before(*found)) {
      Error error{ErrorCode::conflict,
                  "it cannot begin with \"" + wanted.from + "\": \"" + before->id + "\", which comes before it, " +
                      lacking_[static_cast<std::size_t>(before - steps_.data())],
                  "/from", wanted.from};
      error.try_instead = json::array({{{"from", std::string(kFromFailedStep)}}, {{"from", before->id}}});
      return error;
    }
    return spread();
  }

  bool runs_again(const std::string& id) const {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (steps_[i].id == id) return again_[i];
    return false;
  }
  std::vector<std::string> reused() const {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (!again_[i]) ids.push_back(steps_[i].id);
    return ids;
  }

 private:
  // What needs something that runs again runs again, and so does where the error of that may lead.
  Status spread() {
    for (bool more = true; more;) {
      more = false;
      for (std::size_t i = 0; i < steps_.size(); ++i) {
        if (again_[i] || !comes_after_again(i)) continue;
        more = again_[i] = true;
      }
    }
    return Done{};
  }

  bool comes_after_again(std::size_t place) const {
    const auto& needs = steps_[place].needs;
    if (std::any_of(needs.begin(), needs.end(), [&](std::size_t need) { return again_[need]; })) return true;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const pipeline::OnError& after = steps_[i].on_error;
      if (again_[i] && after.what == pipeline::AfterError::go_to && after.target == place) return true;
    }
    return false;
  }

  const Step* unready_before(const Step& step) const {
    for (const std::size_t need : step.needs) {
      if (const Step* before = unready_before(steps_[need])) return before;
      if (!lacking_[need].empty()) return &steps_[need];
    }
    return nullptr;
  }

  const std::vector<Step>& steps_;
  std::vector<std::string> lacking_;
  std::vector<bool> again_;
};

// Of the items of a map one stands for all.
std::string without_items(const std::string& path) {
  std::string text;
  for (const char c : path)
    if (text.empty() || text.back() != '[' || c < '0' || c > '9') text += c;
  return text;
}

// Steps that Carillon performs itself leave no row among the effects of calls, nor do those that run pipelines.
bool tells_or_changes(const Step& step) {
  return step.kind == StepKind::event || step.kind == StepKind::child ||
         (step.kind == StepKind::state && step.body.value("op", "") != "get");
}

void add_own_effects(const Action& action, const std::vector<JournalEntry>& journal, std::set<std::string>& effects) {
  std::set<std::string> ids;
  for (const Step* step : leaves_of(*action.pipeline))
    if (tells_or_changes(*step)) ids.insert(step->id);
  for (const JournalEntry& entry : journal) {
    const std::string id = entry.step_path.substr(entry.step_path.rfind('.') + 1);
    if (entry.state == name_of(StepState::succeeded) && !entry.reused_from && ids.count(id) != 0)
      effects.insert(without_items(entry.step_path));
  }
}

// "charge (pay.charge)", "tell", "pay.charge" for a run that is one call.
std::set<std::string> effects_of(Tx& tx, const TenantId& tenant, const RunRecord& run) {
  RunStore runs{tx};
  std::vector<RunId> ids;
  for (const int retry : runs.retries(tenant, {run.task, run.number}))
    if (const auto id = runs.find_id(tenant, {run.task, run.number}, retry)) ids.push_back(*id);
  std::set<std::string> effects;
  for (const StepEffect& each : StepStore{tx}.effects(tenant, ids))
    effects.insert(each.step.empty() ? each.tool : each.step + " (" + each.tool + ")");
  return effects;
}

}  // namespace

Result<Reuse> reuse_steps(Tx& tx, const TenantId& tenant, const ReuseWanted& wanted) {
  std::set<std::string> effects = effects_of(tx, tenant, wanted.run);
  const bool has_steps = wanted.was.action.kind == ActionKind::steps && wanted.now.action.kind == ActionKind::steps;
  const bool whole = wanted.from == kFromStart;
  if (!has_steps && !whole)
    return Error{ErrorCode::conflict, "it is one call and has no steps: leave `from` out", "/from", wanted.from};
  if (!has_steps) return Reuse{.repeated = {effects.begin(), effects.end()}};
  auto journal = StepStore{tx}.journal(tenant, wanted.run.id);
  const auto action = action_with_payload(wanted.was.action, wanted.was_payload);
  if (!action) return action.error();
  add_own_effects(*action, journal, effects);
  if (whole) return Reuse{.repeated = {effects.begin(), effects.end()}};
  const StepsRun what{.id = wanted.run.id,
                      .handle = {wanted.run.task_name, wanted.run.number, wanted.run.retry},
                      .slot = wanted.run.slot,
                      .action = *action,
                      .event = event_of(wanted.was_payload),
                      .zone = wanted.was.schedule.zone,
                      .started_at = wanted.run.started_at.value_or(wanted.run.run_at)};
  const EarlierRun earlier{wanted.run, *action, what, std::move(journal)};
  Choice choice{wanted.now.action, earlier};
  if (auto chosen = choice.choose(wanted, *wanted.now.action.pipeline); !chosen) return chosen.error();
  Reuse reuse{.reused = choice.reused()};
  for (const std::string& id : reuse.reused) reuse.rows.push_back(earlier.row_of(id));
  for (const std::string& effect : effects)
    if (choice.runs_again(outermost(effect.substr(0, effect.find(' '))))) reuse.repeated.push_back(effect);
  return reuse;
}

}  // namespace carillon
