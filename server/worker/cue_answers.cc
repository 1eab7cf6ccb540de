#include "server/worker/cue_answers.h"

#include <algorithm>

#include "server/domain/schedule/chain.h"
#include "server/domain/schedule/event_filter.h"

namespace carillon {
namespace {

using CueVerdict = CueAnswer::Verdict;

bool is_condition(const Cue& cue) { return cue.source == name_of(TriggerSource::condition); }

bool is_webhook(const Cue& cue) { return cue.source == name_of(TriggerSource::webhook); }
bool is_event(const Cue& cue) { return cue.source == name_of(TriggerSource::event) || is_webhook(cue); }

// By its type alone: whether the rest of the trigger fits was decided when the event was told.
bool waits_for_event(const Schedule& schedule, const Cue& cue) {
  return std::any_of(schedule.triggers.begin(), schedule.triggers.end(), [&](const Trigger& trigger) {
    if (is_webhook(cue)) return trigger.source() == TriggerSource::webhook;
    const auto* event = std::get_if<EventTrigger>(&trigger.body);
    return event != nullptr && topic_matches(event->pattern, cue.anchor);
  });
}

bool is_waited_for(const Schedule& schedule, const Cue& cue) {
  if (is_condition(cue)) return true;  // an edit takes them away
  if (is_event(cue)) return waits_for_event(schedule, cue);
  if (cue.source == name_of(TriggerSource::run_end)) return delay_after_run(schedule).has_value();
  const auto end = run_state_named(cue.outcome);
  return cue.source == name_of(TriggerSource::chain) && end && waits_for_end(schedule, cue.anchor, *end);
}

bool has_slot(const CueQuestion& question, const Cue& cue) {
  const Schedule& schedule = question.definition.schedule;
  if (schedule.start && cue.due_at < *schedule.start) return false;
  if (schedule.until && cue.due_at > *schedule.until) return false;
  return is_waited_for(schedule, cue);
}

// What it followed from, for people; the first slot of a fixed delay follows from nothing.
std::string after(const Cue& cue) {
  if (cue.told.empty()) return "";
  return is_condition(cue) || is_event(cue) ? " (" + cue.told + ")" : " (after " + cue.told + ")";
}

// Of a start: what happened.
std::string what_happened(const Cue& cue) {
  if (cue.told.empty() || is_condition(cue) || is_event(cue)) return cue.told;
  return "after " + cue.told + " " + cue.outcome;
}

// Why the slot is left out; empty: it is not.
std::string skipped_because(const CueQuestion& question, const Cue& cue) {
  const bool paused = question.due.task_state == name_of(TaskState::paused) &&
                      cue.due_at < question.due.paused_until.value_or(Instant::max());
  if (paused) return question.due.pause_reason.empty() ? "paused" : "paused: " + question.due.pause_reason;
  if (!is_open_day(question.definition.schedule, cue.due_at)) return "its calendars leave this day out";
  if (cue.depth <= question.depth_max) return {};
  return "cut off: " + std::to_string(question.depth_max) +
         " runs have caused one another; if they are no circle, raise worker.chain_depth_max";
}

std::string missed_because(const CueQuestion& question, const Cue& cue, Instant latest_late) {
  const auto& options = question.definition.options;
  const Duration late = question.now - cue.due_at;
  if (late <= kOnTime) return {};
  if (options.misfire == Misfire::skip) return "passed; the misfire policy is skip";
  if (late > std::max(options.grace.value_or(kEventGrace), kOnTime)) return "later than the grace allows";
  if (options.misfire == Misfire::once && cue.due_at != latest_late) return "folded into the run of a later slot";
  return {};
}

bool is_held(const CueQuestion& question, const Cue& cue) {
  const bool long_outage = question.now - question.cues.front().due_at > kLongOutage;
  return question.definition.options.misfire == Misfire::hold && long_outage && question.now - cue.due_at > kOnTime;
}

}  // namespace

std::vector<CueAnswer> answer_cues(const CueQuestion& question) {
  Instant latest_late = Instant::min();
  for (const Cue& cue : question.cues)
    if (question.now - cue.due_at > kOnTime) latest_late = std::max(latest_late, cue.due_at);
  std::vector<CueAnswer> answers;
  for (const Cue& cue : question.cues) {
    if (!has_slot(question, cue)) {
      answers.push_back({CueVerdict::pass_over});
    } else if (is_condition(cue) && cue.outcome == "failing") {
      answers.push_back(
          {CueVerdict::leave_out, RunState::missed, "nobody could look, several times in a row: " + cue.told});
    } else if (is_event(cue) && cue.outcome == "failing") {
      answers.push_back({CueVerdict::leave_out, RunState::skipped, "its where could not be evaluated: " + cue.told});
    } else if (auto why = skipped_because(question, cue); !why.empty()) {
      answers.push_back({CueVerdict::leave_out, RunState::skipped, why + after(cue)});
    } else if (auto missed = missed_because(question, cue, latest_late); !missed.empty()) {
      answers.push_back(
          {CueVerdict::leave_out, RunState::missed, "nobody could run it in time: " + missed + after(cue)});
    } else {
      const auto verdict = is_held(question, cue) ? CueVerdict::hold : CueVerdict::start;
      answers.push_back({verdict, RunState::queued, what_happened(cue)});
    }
  }
  return answers;
}

}  // namespace carillon
