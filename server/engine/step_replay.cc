#include "server/engine/step_replay.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

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

using Attempt = std::pair<std::string, int>;  // a path, and which

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

bool tell_ends(pipeline::Planner& planner, const JournalEntry& entry) {
  bool heard = false;
  for (const Record& record : ends_of(entry)) heard = planner.apply(record) || heard;
  return heard;
}

// A row proves that its step began. Whatever stopped the list later found it under way, so it begins as soon as it can.
class Beginnings {
 public:
  Beginnings(pipeline::Planner& planner, const std::vector<JournalEntry>& journal) : planner_(planner) {
    for (const JournalEntry& entry : journal)
      if (entry.state != name_of(StepState::skipped)) rows_.emplace(attempt_of(entry), entry.started_at);
  }
  void tell() {
    for (bool again = true; again;) {
      again = false;
      for (const auto& start : planner_.plan(Instant::max()).starts) {
        const auto row = rows_.find({start.path, start.attempt});
        if (row == rows_.end()) continue;
        again = planner_.apply(
                    {.path = start.path, .event = StepEvent::begin, .attempt = start.attempt, .at = row->second}) ||
                again;
      }
    }
  }

 private:
  pipeline::Planner& planner_;
  std::map<Attempt, Instant> rows_;
};

// Rows of ends that somebody else may have written than the worker that begins steps, the latest first.
std::vector<JournalEntry> told_ends(const pipeline::Pipeline& pipeline, const std::vector<JournalEntry>& journal) {
  std::set<std::string, std::less<>> told;
  for (const pipeline::Step* step : pipeline::leaves_of(pipeline))
    if (step->kind != pipeline::StepKind::tool && step->kind != pipeline::StepKind::http &&
        step->kind != pipeline::StepKind::script)
      told.insert(step->id);
  std::vector<JournalEntry> ends;
  std::copy_if(journal.begin(), journal.end(), std::back_inserter(ends), [&](const JournalEntry& entry) {
    const std::string_view path = entry.step_path;
    return entry.finished_at && told.contains(path.substr(path.rfind('.') + 1));
  });
  std::sort(ends.begin(), ends.end(),
            [](const auto& left, const auto& right) { return ended_at(right) < ended_at(left); });
  return ends;
}

// Steps that have begun and that the fold leaves no room for; what is undone is heard of when its turn comes.
std::vector<Instant> misfits_of(const FoldedRun& folded) {
  std::vector<Instant> begun;
  for (const auto& [attempt, entry] : folded.untold)
    if (attempt.first.find("!undo") == std::string::npos) begun.push_back(entry.started_at);
  std::sort(begun.begin(), begun.end());
  return begun;
}

// Looks for moments of hearing with which every step that has begun could begin. Nearly always the rows' own moments
// are such.
class Fitting {
 public:
  Fitting(std::function<FoldedRun(const HeardLater&)> fold, std::vector<JournalEntry> told)
      : fold_(std::move(fold)), told_(std::move(told)) {}
  FoldedRun best() {
    FoldedRun folded = fold_({});
    std::vector<Instant> misfits = misfits_of(folded);
    if (misfits.empty()) return folded;
    while (!misfits.empty() && makes_room(misfits)) continue;
    return fold_(heard_);
  }

 private:
  static constexpr int kFoldsMax = 200;  // more are not worth the time

  // Puts one end behind the beginning of a misfit where that leaves fewer of them. False: no end does.
  bool makes_room(std::vector<Instant>& misfits) {
    for (const Instant begun : misfits)
      for (const JournalEntry& end : told_) {
        const auto known = heard_.find(attempt_of(end));
        if ((known == heard_.end() ? ended_at(end) : known->second) > begun) continue;
        if (++folds_ > kFoldsMax) return false;
        HeardLater heard = heard_;
        heard[attempt_of(end)] = begun + Duration{1};
        auto left = misfits_of(fold_(heard));
        if (left.size() >= misfits.size()) continue;
        heard_ = std::move(heard);
        misfits = std::move(left);
        return true;
      }
    return false;
  }

  const std::function<FoldedRun(const HeardLater&)> fold_;
  const std::vector<JournalEntry> told_;
  HeardLater heard_;
  int folds_ = 0;
};

}  // namespace

Instant began_at(const StepsRun& run, const std::vector<JournalEntry>& journal) {
  Instant first = Instant::max();
  for (const JournalEntry& entry : journal)
    if (!entry.reused_from) first = std::min(first, entry.started_at);
  return first == Instant::max() ? run.started_at : first;
}

UntoldSteps replay(pipeline::Planner& planner, std::vector<JournalEntry> journal, const HeardLater& heard) {
  const auto heard_at = [&](const JournalEntry& entry) {
    const auto later = heard.find(attempt_of(entry));
    return later == heard.end() ? ended_at(entry) : later->second;
  };
  std::stable_sort(journal.begin(), journal.end(), [&](const JournalEntry& left, const JournalEntry& right) {
    return std::pair{heard_at(left), left.attempt} < std::pair{heard_at(right), right.attempt};
  });
  Beginnings beginnings{planner, journal};
  beginnings.tell();
  std::erase_if(journal, [](const JournalEntry& entry) { return ends_of(entry).empty(); });
  // Ends of one moment stand in any order: those that cannot be heard yet are told again.
  for (std::size_t before = journal.size() + 1; journal.size() < before;) {
    before = journal.size();
    std::erase_if(journal, [&](const JournalEntry& entry) {
      const bool is_heard = tell_ends(planner, entry);
      if (is_heard) beginnings.tell();
      return is_heard;
    });
  }
  UntoldSteps untold;
  for (JournalEntry& entry : journal) {
    auto key = attempt_of(entry);
    untold.emplace(std::move(key), std::move(entry));
  }
  return untold;
}

bool tell_instead(pipeline::Planner& planner, const pipeline::Start& start, UntoldSteps& untold) {
  const auto row = untold.extract({start.path, start.attempt});
  if (row.empty()) return false;
  const JournalEntry& entry = row.mapped();
  planner.apply({.path = start.path, .event = StepEvent::begin, .attempt = start.attempt, .at = entry.started_at});
  return tell_ends(planner, entry);
}

FoldedRun fold_run(const pipeline::Pipeline& pipeline, const StepsRun& run, std::vector<JournalEntry> journal) {
  const Instant began = began_at(run, journal);
  std::vector<Record> reused;
  for (const JournalEntry& entry : journal)
    if (entry.reused_from) reused.push_back(end_of(entry));
  std::erase_if(journal, [](const JournalEntry& entry) { return entry.reused_from.has_value(); });
  return Fitting{[&](const HeardLater& heard) {
                   FoldedRun folded{.planner = {pipeline, roots_of(run, began), began, reused}, .untold = {}};
                   if (run.undoes) folded.planner.must_undo();
                   folded.untold = replay(folded.planner, journal, heard);
                   return folded;
                 },
                 told_ends(pipeline, journal)}
      .best();
}

}  // namespace carillon
