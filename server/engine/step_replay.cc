#include "server/engine/step_replay.h"

#include <algorithm>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "server/domain/duration_text.h"
#include "server/domain/moment.h"

namespace carillon {
namespace {

using pipeline::Record;
using pipeline::StepEvent;
using pipeline::StepState;

json output_of(const JournalEntry& entry) {
  json output = json::parse(entry.output.value_or("null"), nullptr, false);
  return output.is_discarded() ? json() : output;
}

// By the attempt whose end it is: those that had begun before that was heard, as their rows prove.
using HeardAfter = std::map<Attempt, std::set<Attempt>>;

Attempt attempt_of(const JournalEntry& entry) { return {entry.step_path, static_cast<int>(entry.attempt)}; }

Instant ended_at(const JournalEntry& entry) {
  if (entry.state == name_of(StepState::running))
    return Instant::max();  // lost, as was found after all that is written
  return entry.finished_at.value_or(entry.started_at);
}

// What happened to an attempt of a step after it had begun.
std::vector<Record> ends_of(const JournalEntry& entry) {
  std::vector<Record> records;
  const auto add = [&](StepEvent event) -> Record& {
    return records.emplace_back(Record{.path = entry.step_path,
                                       .event = event,
                                       .attempt = entry.attempt,
                                       .at = entry.finished_at.value_or(entry.started_at)});
  };
  const pipeline::StepFault fault{error_class_named(entry.error_class.value_or("")).value_or(ErrorClass::internal),
                                  entry.error_message.value_or("")};
  switch (pipeline::step_state_named(entry.state).value_or(StepState::skipped)) {
    case StepState::succeeded:
      add(StepEvent::finish).output = output_of(entry);
      break;
    case StepState::failed:
      add(StepEvent::fail).fault = fault;
      break;
    case StepState::cancelled:
      add(StepEvent::ask_to_end);
      add(StepEvent::cancel).fault = fault;
      break;
    case StepState::retrying: {
      Record& retry = add(StepEvent::retry);
      retry.fault = fault;
      retry.not_before = entry.not_before.value_or(retry.at);
      break;
    }
    case StepState::waiting:
      add(StepEvent::wait).not_before = entry.not_before.value_or(Instant::max());
      break;
    case StepState::unknown:
      add(StepEvent::lose_outcome).fault = fault;
      break;
    case StepState::running:
      add(StepEvent::lose_outcome).fault = {ErrorClass::unknown_outcome, "the worker was lost during the call"};
      break;
    default:  // a step that was left out follows from the others
      break;
  }
  return records;
}

// Of a row that was taken over: it stands for a whole step, whatever its kind.
Record end_of(const JournalEntry& entry) {
  if (entry.state == name_of(StepState::skipped))
    return {.path = entry.step_path, .event = StepEvent::left_out, .at = entry.finished_at.value_or(entry.started_at)};
  return ends_of(entry).back();
}

// The same for every worker that takes the run up.
pipeline::RunRoots roots_of(const StepsRun& run, Instant began) {
  json facts{{"id", run.id.str()},
             {"handle", to_string(run.handle)},
             {"attempt", run.handle.retry},
             {"slot", nullptr},
             {"late_by", nullptr}};
  if (run.slot) {
    facts["slot"] = to_rfc3339(*run.slot);
    facts["late_by"] = to_text(std::max(Duration{0}, began - *run.slot));
  }
  return {.input = run.action.input,
          .run = std::move(facts),
          .event = run.event,
          .now = to_rfc3339(began),
          .zone = run.zone};
}

bool tell_end(pipeline::Planner& planner, const JournalEntry& entry) {
  bool heard = false;
  for (const Record& record : ends_of(entry)) heard = planner.apply(record) || heard;
  return heard;
}

// Tells a planner the ends of a journal in the order in which they were heard.
class Retelling {
 public:
  // `missed`: steps that had begun, but for which an earlier telling left no room.
  Retelling(pipeline::Planner& planner, std::vector<JournalEntry> journal, HeardAfter after = {},
            std::set<Attempt> missed = {})
      : planner_(planner), after_(std::move(after)), missed_(std::move(missed)) {
    std::stable_sort(journal.begin(), journal.end(), [](const JournalEntry& left, const JournalEntry& right) {
      return std::pair{ended_at(left), left.attempt} < std::pair{ended_at(right), right.attempt};
    });
    for (JournalEntry& entry : journal) {
      if (entry.state != name_of(StepState::skipped)) to_begin_.emplace(attempt_of(entry), entry.started_at);
      if (!ends_of(entry).empty()) ends_.push_back(std::move(entry));
    }
  }

  // Gives what could not be heard.
  UntoldSteps tell() {
    begin();
    tell_ends();
    // What did not begin even so is no reason to wait.
    is_patient_ = false;
    tell_ends();
    UntoldSteps untold;
    for (JournalEntry& entry : ends_) {
      auto key = attempt_of(entry);
      untold.emplace(std::move(key), std::move(entry));
    }
    return untold;
  }

  // By missed step: the end after which it could not begin any more.
  const std::map<Attempt, Attempt>& too_early() const { return too_early_; }

 private:
  // Ends of one moment stand in any order: those that cannot be heard yet are told again.
  void tell_ends() {
    for (bool again = true; std::exchange(again, false);)
      for (auto end = ends_.begin(); end != ends_.end();) {
        if (must_wait(*end) || !hear(*end)) {
          ++end;
          continue;
        }
        end = ends_.erase(end);
        if (!after_.empty()) end = ends_.begin();  // what had to wait is next
        again = true;
      }
  }

  bool must_wait(const JournalEntry& end) const {
    const auto known = is_patient_ ? after_.find(attempt_of(end)) : after_.end();
    return known != after_.end() && std::any_of(known->second.begin(), known->second.end(),
                                                [this](const Attempt& step) { return to_begin_.contains(step); });
  }

  bool hear(const JournalEntry& end) {
    if (!tell_end(planner_, end)) return false;
    to_begin_.erase(attempt_of(end));  // the time of a container was up, whose beginning nobody writes
    begin();
    for (const Attempt& step : missed_)
      if (to_begin_.contains(step) && !planner_.may_begin(step.first)) too_early_.try_emplace(step, attempt_of(end));
    return true;
  }

  // A row proves that its step began. Whatever stopped the list later found it under way, so it begins as soon as it
  // can.
  void begin() {
    for (bool again = true; std::exchange(again, false);)
      for (const auto& start : planner_.plan(Instant::max()).starts) {
        const auto row = to_begin_.extract({start.path, start.attempt});
        if (row.empty()) continue;
        planner_.apply({.path = start.path, .event = StepEvent::begin, .attempt = start.attempt, .at = row.mapped()});
        again = true;
      }
  }

  pipeline::Planner& planner_;
  const HeardAfter after_;
  const std::set<Attempt> missed_;
  std::list<JournalEntry> ends_;         // still to be told
  std::map<Attempt, Instant> to_begin_;  // and when it did
  bool is_patient_ = true;
  std::map<Attempt, Attempt> too_early_;
};

constexpr int kFoldsMax = 100;  // of one journal; more are not worth the time

// Steps that have begun and that a fold left no room for; what is undone is heard of when its turn comes.
std::set<Attempt> missed_by(const UntoldSteps& untold) {
  std::set<Attempt> missed;
  for (const auto& [attempt, entry] : untold)
    if (attempt.first.find("!undo") == std::string::npos) missed.insert(attempt);
  return missed;
}

}  // namespace

Instant began_at(const StepsRun& run, const std::vector<JournalEntry>& journal) {
  Instant first = Instant::max();
  for (const JournalEntry& entry : journal)
    if (!entry.reused_from) first = std::min(first, entry.started_at);
  return first == Instant::max() ? run.started_at : first;
}

UntoldSteps replay(pipeline::Planner& planner, std::vector<JournalEntry> journal) {
  return Retelling{planner, std::move(journal)}.tell();
}

bool tell_instead(pipeline::Planner& planner, const pipeline::Start& start, UntoldSteps& untold) {
  const auto row = untold.extract({start.path, start.attempt});
  if (row.empty()) return false;
  const JournalEntry& entry = row.mapped();
  planner.apply({.path = start.path, .event = StepEvent::begin, .attempt = start.attempt, .at = entry.started_at});
  return tell_end(planner, entry);
}

FoldedRun fold_run(const pipeline::Pipeline& pipeline, const StepsRun& run, std::vector<JournalEntry> journal) {
  const Instant began = began_at(run, journal);
  std::vector<Record> reused;
  for (const JournalEntry& entry : journal)
    if (entry.reused_from) reused.push_back(end_of(entry));
  std::erase_if(journal, [](const JournalEntry& entry) { return entry.reused_from.has_value(); });
  HeardAfter after;
  std::set<Attempt> missed, hopeless;
  for (int folds = 1;; ++folds) {
    FoldedRun folded{.planner = {pipeline, roots_of(run, began), began, reused}, .untold = {}};
    if (run.undoes) folded.planner.must_undo();
    Retelling retelling{folded.planner, journal, after, missed};
    folded.untold = retelling.tell();
    const std::set<Attempt> before = std::exchange(missed, missed_by(folded.untold));
    for (const Attempt& step : hopeless) missed.erase(step);
    if (missed.empty() || (retelling.too_early().empty() && missed == before) || folds == kFoldsMax) return folded;
    for (const auto& [step, end] : retelling.too_early()) {
      if (after[end].insert(step).second) continue;
      after[end].erase(step);  // waiting for it was of no use
      hopeless.insert(step);
      missed.erase(step);
    }
  }
}

}  // namespace carillon
