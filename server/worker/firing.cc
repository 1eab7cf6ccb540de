#include "server/worker/firing.h"

#include <algorithm>

#include "server/domain/concurrency.h"
#include "server/domain/schedule/misfire.h"
#include "server/worker/anchors.h"
#include "server/worker/cue_answers.h"

namespace carillon {
namespace {

class Decision {
 public:
  Decision(const FiringFacts& facts, const FiringTools& tools)
      : facts_(facts),
        tools_(tools),
        definition_(*facts.definition),
        schedule_(with_delay_slot(definition_.schedule, std::nullopt)),
        busy_(facts.busy) {
    firing_.due = facts.due;
    firing_.last_slot = facts.due.last_slot;
    firing_.priority = static_cast<std::int16_t>(definition_.priority);
    if (auto concurrency = concurrency_of(definition_, facts.due.task, overlap_policy(definition_))) {
      firing_.concurrency_key = std::move(concurrency->key);
      firing_.key_width = concurrency->width;
    }
    if (definition_.dedupe) {
      firing_.dedupe_key = definition_.dedupe->key;
      firing_.dedupe_window = definition_.dedupe->window;
    }
  }

  Firing made() {
    if (facts_.due.task_state == name_of(TaskState::done)) return passed_over();
    const bool paused = facts_.due.task_state == name_of(TaskState::paused);
    if (paused) leave_out_paused(facts_.due.paused_until.value_or(Instant::max()));
    if (!paused || (facts_.due.paused_until && *facts_.due.paused_until <= tools_.now)) fire_what_passed();
    // Slots from before an anchor moved are not asked about again.
    if (is_rederived(facts_)) firing_.last_slot = std::max(firing_.last_slot, tools_.now);
    answer_what_happened();
    // A pause without an end of its own has taken the time out of the row; resuming puts it back.
    if (!paused || facts_.due.next_fire_at) firing_.next_fire_at = next();
    firing_.ended = ended();
    return std::move(firing_);
  }

 private:
  // What still comes for a task that is done starts nothing any more.
  Firing passed_over() {
    for (const Cue& cue : facts_.cues) firing_.cues.push_back(cue.id);
    return std::move(firing_);
  }

  // Slots of the pause: before `until` and not after now. One row for all of them.
  void leave_out_paused(Instant until) {
    std::vector<Slot> slots = next_slots(schedule_, firing_.last_slot, static_cast<std::size_t>(tools_.slots_max));
    const auto end = std::find_if(slots.begin(), slots.end(),
                                  [&](const Slot& slot) { return slot.at > tools_.now || slot.at >= until; });
    slots.erase(end, slots.end());
    if (slots.empty()) return;
    const std::string why = facts_.due.pause_reason.empty() ? "paused" : "paused: " + facts_.due.pause_reason;
    add_range({slots.front().at, slots.back().at, static_cast<std::int64_t>(slots.size()), true, why},
              RunState::skipped);
    firing_.last_slot = slots.back().at;
  }

  void fire_what_passed() {
    const auto decision =
        decide_misfire(schedule_, misfire_policy(definition_, tools_.now), firing_.last_slot, tools_.now);
    for (const auto& range : decision.missed) {
      MissedRange told = range;
      told.reason = "nobody could run it in time: " + range.reason;
      add_range(told, RunState::missed);
      firing_.last_slot = std::max(firing_.last_slot, range.last);
    }
    for (const auto& slot : decision.held) {
      firing_.last_slot = std::max(firing_.last_slot, slot.at);
      if (used_up()) break;
      hold(slot.at);
    }
    for (const auto& slot : decision.fire) {
      firing_.last_slot = std::max(firing_.last_slot, slot.at);
      if (used_up()) break;
      fire(slot.at);
    }
    // A slot that somebody moved was wanted; that its first time fell into a gap does not change that.
    for (const auto& said : facts_.overrides)
      if (said.moved_to && !has_row(said.slot) && said.slot <= tools_.now && !used_up()) fire(said.slot);
  }

  // The slots of the clock up to now are dealt with, so that a cue's slot may come after them: the instant of what
  // happened, or the first one that is free after it.
  void answer_what_happened() {
    const auto answers = answer_cues({facts_.due, definition_, facts_.cues, tools_.now, tools_.depth_max});
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Cue& cue = facts_.cues[i];
      firing_.cues.push_back(cue.id);
      if (answers[i].verdict == CueAnswer::Verdict::pass_over || used_up()) continue;
      const Instant slot = std::max(cue.due_at, firing_.last_slot + Duration{1});
      if (has_row(slot)) continue;  // it was snoozed, and has been seen to with the others
      firing_.last_slot = slot;
      if (answers[i].verdict == CueAnswer::Verdict::start)
        fire(slot);
      else if (answers[i].verdict == CueAnswer::Verdict::hold)
        hold(slot);
      else
        add_range({slot, slot, 1, true, answers[i].reason}, answers[i].state);
      caused_by(cue, answers[i].reason);
    }
  }

  // The row that was made last is an answer to the cue.
  void caused_by(const Cue& cue, const std::string& reason) {
    FiredSlot& made = firing_.slots.back();
    made.cue = cue.id;
    made.cause = cue.cause;
    made.depth = cue.depth;
    if (!cue.correlation_id.empty()) made.correlation_id = cue.correlation_id;
    if (made.reason.empty()) made.reason = reason;
  }

  // A catch-up that waits for somebody's decision.
  void hold(Instant slot) {
    ++firing_.fired;
    add_run(slot, kHeldUntil, "held after an outage, until set_task_state decides");
    firing_.slots.back().expires_at.reset();
    --busy_.queued;  // what is held keeps no later slot out
  }

  void fire(Instant slot) {
    ++firing_.fired;
    const auto said = std::find_if(facts_.overrides.begin(), facts_.overrides.end(),
                                   [&](const SlotChange& each) { return each.slot == slot; });
    if (said != facts_.overrides.end()) return follow(*said);
    const Instant start = jittered(definition_, facts_.due.task, slot);
    const QuietVerdict quiet = decide_quiet_late(facts_.quiet, start, tools_.now);
    if (quiet.act == QuietVerdict::Act::skip) return add_skipped(slot, quiet.reason);
    const bool deferred = quiet.act == QuietVerdict::Act::defer;
    const OverlapVerdict verdict = decide_overlap(overlap_policy(definition_), busy_);
    if (verdict == OverlapVerdict::skip)
      return add_skipped(slot, deferred ? quiet.reason + ": an earlier run waits for their end, or goes on"
                                        : "overlap: the run before it had not ended");
    if (verdict == OverlapVerdict::cancel_and_start) firing_.earlier_runs = Earlier::cancel;
    add_run(slot, deferred ? quiet.at : start, deferred ? "deferred by " + quiet.reason : "");
  }

  void follow(const SlotChange& said) {
    const std::string why = said.reason.empty() ? "snoozed" : "snoozed: " + said.reason;
    if (!said.moved_to) return add_skipped(said.slot, why);
    add_run(said.slot, *said.moved_to, why);
  }

  void add_run(Instant slot, Instant run_at, const std::string& reason) {
    FiredSlot run = row(slot, reason);
    run.run_at = run_at;
    run.expires_at = expires_at(definition_, std::max(slot, run_at));
    firing_.slots.push_back(std::move(run));
    ++busy_.queued;
  }

  void add_skipped(Instant slot, const std::string& reason) {
    FiredSlot skipped = row(slot, reason);
    skipped.state = RunState::skipped;
    firing_.slots.push_back(std::move(skipped));
  }

  void add_range(const MissedRange& range, RunState state) {
    FiredSlot left_out = row(range.first, range.reason + (range.counted_in_full ? "" : " (at least so many)"));
    left_out.state = state;
    if (range.slots > 1) {
      left_out.slot_until = range.last;
      left_out.folded = static_cast<std::int32_t>(std::min<std::int64_t>(range.slots - 1, INT32_MAX));
    }
    firing_.slots.push_back(std::move(left_out));
  }

  FiredSlot row(Instant slot, std::string reason) const {
    FiredSlot made;
    made.id = tools_.next_id();
    made.slot = made.run_at = slot;
    made.reason = std::move(reason);
    made.correlation_id = tools_.next_correlation_id();
    return made;
  }

  bool has_row(Instant slot) const {
    return std::any_of(firing_.slots.begin(), firing_.slots.end(),
                       [&](const FiredSlot& each) { return each.slot == slot && each.state != RunState::missed; });
  }

  bool used_up() const {
    const auto most = definition_.options.max_runs;
    return most && facts_.due.fired_count + firing_.fired >= *most;
  }

  std::optional<Instant> next() const {
    if (used_up()) return std::nullopt;
    const auto slot = next_slot(schedule_, firing_.last_slot);
    return slot ? std::optional{slot->at} : std::nullopt;
  }

  bool ended() const {
    if (firing_.next_fire_at) return false;
    const auto& until = schedule_.until;
    return used_up() || !is_open_ended(schedule_) || (until && *until < tools_.now);
  }

  const FiringFacts& facts_;
  const FiringTools& tools_;
  const TaskDefinition& definition_;
  const Schedule schedule_;  // what the clock knows of it: the slots of a fixed delay come as cues
  Busy busy_;
  Firing firing_;
};

// A definition that nobody can read still had a slot: a run is made of it, which fails and says why.
Firing unreadable(const FiringFacts& facts, const FiringTools& tools) {
  Firing firing;
  firing.due = facts.due;
  const Instant slot = facts.due.next_fire_at.value_or(facts.due.last_slot + Duration{1});
  firing.last_slot = std::max(facts.due.last_slot, slot);
  firing.ended = true;
  firing.fired = 1;
  for (const Cue& cue : facts.cues) firing.cues.push_back(cue.id);
  FiredSlot run;
  run.id = tools.next_id();
  run.slot = run.run_at = slot;
  run.correlation_id = tools.next_correlation_id();
  firing.slots.push_back(std::move(run));
  return firing;
}

}  // namespace

Firing decide_firing(const FiringFacts& facts, const FiringTools& tools) {
  return facts.definition ? Decision{facts, tools}.made() : unreadable(facts, tools);
}

}  // namespace carillon
