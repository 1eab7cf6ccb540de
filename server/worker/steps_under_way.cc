#include "server/worker/steps_under_way.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/worker/run_in_flight.h"

namespace carillon {
namespace {

using pipeline::Record;
using pipeline::StepEvent;
using pipeline::StepState;

Instant told_at(const JournalEntry& entry) { return entry.finished_at.value_or(entry.started_at); }

json output_of(const JournalEntry& entry) {
  json output = json::parse(entry.output.value_or("null"), nullptr, false);
  return output.is_discarded() ? json() : output;
}

// Everything that happened to one attempt of a step.
std::vector<Record> records_of(const JournalEntry& entry) {
  const auto state = pipeline::step_state_named(entry.state);
  const auto record = [&](StepEvent event, Instant at) {
    return Record{.path = entry.step_path, .event = event, .attempt = entry.attempt, .at = at};
  };
  std::vector<Record> records{record(StepEvent::begin, entry.started_at)};
  const auto add = [&](StepEvent event) -> Record& { return records.emplace_back(record(event, told_at(entry))); };
  const pipeline::StepFault fault{error_class_named(entry.error_class.value_or("")).value_or(ErrorClass::internal),
                                  entry.error_message.value_or("")};
  switch (state.value_or(StepState::skipped)) {
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
      retry.not_before = entry.not_before.value_or(told_at(entry));
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
    default:
      return {};  // a step that was left out follows from the others
  }
  return records;
}

}  // namespace

void replay(pipeline::Planner& planner, std::vector<JournalEntry> journal) {
  std::stable_sort(journal.begin(), journal.end(), [](const JournalEntry& left, const JournalEntry& right) {
    return std::pair{told_at(left), left.attempt} < std::pair{told_at(right), right.attempt};
  });
  std::vector<std::vector<Record>> untold;
  for (const JournalEntry& entry : journal)
    if (auto records = records_of(entry); !records.empty()) untold.push_back(std::move(records));
  for (std::size_t before = untold.size() + 1; untold.size() < before;) {
    before = untold.size();
    std::erase_if(untold, [&](const std::vector<Record>& records) {
      // Lists do not begin by themselves; only their time can run out.
      const bool begun = planner.apply(records.front());
      if (!begun && records.back().event != StepEvent::fail) return false;
      bool heard = begun;
      for (std::size_t i = 1; i < records.size(); ++i) heard = planner.apply(records[i]) || heard;
      return heard;
    });
  }
}

RunInFlight::RunInFlight(LeasedRun leased) : run(std::move(leased)) {}
RunInFlight::~RunInFlight() = default;

}  // namespace carillon
