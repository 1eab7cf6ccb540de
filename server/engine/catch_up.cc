#include "server/engine/catch_up.h"

#include <algorithm>

#include "server/engine/run_starting.h"

namespace carillon {

namespace {

struct LateSlot {
  Instant slot;
  bool has_row = false;  // that says it was skipped
};

class CatchingUp {
 public:
  CatchingUp(const Pausing& pausing, const PauseEnd& pause)
      : pausing_(pausing),
        pause_(pause),
        tenant_(pausing.call.caller.tenant),
        now_(pausing.call.now),
        quiet_(quiet_hours_of(pause.definition, {tenant_, pause.task.agent}, pausing.quiet)) {}

  CaughtUp made() {
    const auto late = wanted();
    const Instant left_out_until = late.empty() ? now_ : late.front().slot - Duration{1};
    CaughtUp caught_up{.left_out = count_slots(pause_.schedule, pause_.task.last_slot, left_out_until)};
    caught_up.slots = caught_up.left_out.slots +
                      std::count_if(late.begin(), late.end(), [](const LateSlot& each) { return !each.has_row; });
    std::string why = "paused";
    if (!pause_.task.pause_reason.empty()) why += ": " + pause_.task.pause_reason;
    if (!caught_up.left_out.in_full) why += " (more slots than were counted)";
    record(caught_up.left_out, why);
    caught_up.runs = start(late);
    return caught_up;
  }

 private:
  std::int64_t most() const {
    if (pause_.meanwhile == Meanwhile::once) return 1;
    return pause_.definition.options.max_catch_up.value_or(MisfirePolicy{}.max_catch_up);
  }

  // The latest slots of (after, until].
  std::vector<Slot> latest(Instant after, Instant until) const {
    const bool once = pause_.meanwhile == Meanwhile::once;
    const MisfirePolicy policy{.misfire = once ? Misfire::once : Misfire::all, .max_catch_up = most()};
    return decide_misfire(pause_.schedule, policy, after, until).fire;
  }

  // Those of the slots that have skipped rows since the pause began.
  std::vector<LateSlot> with_rows() const {
    if (!pause_.task.paused_at) return {};
    std::vector<LateSlot> late;
    for (const LeftOut& row :
         RunStore{pausing_.tx}.slots_left_out(tenant_, pause_.task.id,
                                              {.from = first_id_at(*pause_.task.paused_at),
                                              .before = std::min(pause_.task.paused_until.value_or(now_), now_),
                                              .limit = most()})) {
      if (!row.slot_until) late.push_back({row.slot, true});
      if (row.slot_until)
        for (const Slot& slot : latest(row.slot - Duration{1}, *row.slot_until)) late.push_back({slot.at, true});
    }
    return late;
  }

  // The latest slots of the pause that are to run after all, in their order.
  std::vector<LateSlot> wanted() const {
    if (pause_.meanwhile == Meanwhile::drop) return {};
    std::vector<LateSlot> late = with_rows();
    for (const Slot& slot : latest(pause_.task.last_slot, now_)) late.push_back({slot.at});
    std::stable_sort(late.begin(), late.end(),
                     [](const LateSlot& left, const LateSlot& right) { return left.slot < right.slot; });
    late.erase(std::unique(late.begin(), late.end(),
                           [](const LateSlot& left, const LateSlot& right) { return left.slot == right.slot; }),
               late.end());
    // What has just passed counts as on time for the misfire rules, however many slots it is.
    if (std::ssize(late) > most()) late.erase(late.begin(), late.end() - most());
    return late;
  }

  // One row of the history for all of them.
  void record(const CountedSlots& left_out, const std::string& reason) {
    if (left_out.slots == 0) return;
    const TaskRecord& task = pause_.task;
    const std::int64_t number = TaskStore{pausing_.tx}.next_run_number(tenant_, task.id);
    const RunId id = pausing_.ids.next(now_);
    RunStore{pausing_.tx}.insert_unstarted(tenant_, {.id = id,
                                                     .task = task.id,
                                                     .task_version = task.version,
                                                     .number = number,
                                                     .slot = left_out.first,
                                                     .slot_until = left_out.slots > 1 ? left_out.last : std::nullopt,
                                                     .folded = left_out.slots - 1,
                                                     .run_at = *left_out.first,
                                                     .finished_at = now_,
                                                     .origin = "schedule",
                                                     .agent = task.agent,
                                                     .correlation_id = pausing_.call.caller.correlation_id,
                                                     .outcome = RunState::skipped,
                                                     .reason = reason});
    pausing_.telling.run_event("task.run.skipped", {id, task.id, task.name, number},
                               {{"reason", reason}, {"slots", left_out.slots}});
  }

  // Why a slot does not run although its pause is made up for; empty when it does.
  std::string kept_away(Instant slot, const QuietVerdict& quiet) const {
    for (const SlotOverride& said : overrides_)
      if (said.slot == slot && !said.moved_to) return said.reason.empty() ? "snoozed" : "snoozed: " + said.reason;
    return quiet.act == QuietVerdict::Act::skip ? quiet.reason : "";
  }

  // Queues runs behind each other; gives their handles.
  std::vector<std::string> start(const std::vector<LateSlot>& late) {
    if (late.empty()) return {};
    overrides_ = TaskStore{pausing_.tx}.overrides(tenant_, pause_.task.id, late.front().slot - Duration{1});
    std::vector<SlotRun> runs;
    std::vector<QuietVerdict> verdicts;
    for (const LateSlot& each : late) {
      const QuietVerdict quiet = decide_quiet_late(quiet_, each.slot, now_);
      const std::string why = kept_away(each.slot, quiet);
      if (why.empty()) {
        runs.push_back({each.slot, pausing_.ids.next(now_)});
        verdicts.push_back(quiet);
      } else if (!each.has_row) {
        record({.slots = 1, .first = each.slot, .last = each.slot}, why);
      }
    }
    if (runs.empty()) return {};
    const auto taken = RunStore{pausing_.tx}.take_slots(tenant_, pause_.task.id, runs);
    std::vector<std::string> handles;
    for (std::size_t i = 0; i < runs.size(); ++i)
      if (std::find(taken.begin(), taken.end(), runs[i].run) != taken.end())
        handles.push_back(queue(runs[i], verdicts[i]));
    return handles;
  }

  std::string queue(const SlotRun& run, const QuietVerdict& quiet) {
    const bool deferred = quiet.act == QuietVerdict::Act::defer;
    return start_run({pausing_.call, pausing_.tx, pausing_.telling, pausing_.ids},
                     {.task = pause_.task,
                      .definition = pause_.definition,
                      .version = pause_.task.version,
                      .origin = "schedule",
                      .run_at = deferred ? quiet.at : now_,
                      .overlap = Overlap::queue_all,
                      .reason = "its slot fell into a pause" + (deferred ? "; deferred by " + quiet.reason : ""),
                      .slot = run.slot,
                      .id = run.run})
        .run;
  }

  const Pausing& pausing_;
  const PauseEnd& pause_;
  const TenantId& tenant_;
  const Instant now_;
  const std::vector<BoundQuiet> quiet_;
  std::vector<SlotOverride> overrides_{};
};

}  // namespace

CaughtUp catch_up(const Pausing& pausing, const PauseEnd& pause) { return CatchingUp{pausing, pause}.made(); }

}  // namespace carillon
