#include <algorithm>

#include "server/domain/moment.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/run_starting.h"
#include "server/engine/standing.h"

// backfill: runs for the slots of a past range that had none.

namespace carillon {

namespace {

constexpr std::size_t kBackfilledMax = 1000;

struct Range {
  Instant from, to;
};

Result<Range> read_range(const Backfill& command, Instant now, const std::string& zone) {
  const auto from = read_moment(command.from, {.now = now, .zone = zone, .pointer = "/from"});
  if (!from) return from.error();
  const auto to = read_moment(command.to, {.now = now, .zone = zone, .pointer = "/to"});
  if (!to) return to.error();
  if (*to > now)
    return Error{ErrorCode::arguments_invalid, "a backfill ends not later than now; what comes runs by itself", "/to",
                 command.to};
  if (*to < *from) return Error{ErrorCode::arguments_invalid, "the range ends before it begins", "/to", command.to};
  return Range{*from, *to};
}

// The slots of the range, without those that had a run.
Result<std::vector<Instant>> open_slots(Tx& tx, const TenantId& tenant, const TaskRecord& task, const Range& range,
                                        Backfilled& answer) {
  const auto definition = definition_of(task);
  if (!definition) return definition.error();
  std::vector<Instant> slots;
  const Schedule standing = standing_schedule(tx, tenant, task, *definition);
  for (const Slot& slot : slots_between(standing, range.from - Duration{1}, range.to, kBackfilledMax + 1))
    slots.push_back(slot.at);
  if (slots.size() > kBackfilledMax)
    return Error{ErrorCode::too_large,
                 "more than " + std::to_string(kBackfilledMax) +
                     " slots lie in the range; backfill it in parts, the first until " +
                     to_rfc3339_in(slots[kBackfilledMax - 1], task.zone),
                 "/to"};
  const auto ran = RunStore{tx}.slots_that_ran(tenant, task.id, slots);
  answer.had_runs = static_cast<std::int64_t>(ran.size());
  std::erase_if(slots, [&](Instant slot) { return std::find(ran.begin(), ran.end(), slot) != ran.end(); });
  return slots;
}

// Queues a run for each slot that nobody took meanwhile, behind each other.
void start(const Starting& starting, const TaskRecord& task, const TaskDefinition& definition, Backfilled& answer) {
  const Caller& caller = starting.call.caller;
  std::vector<SlotRun> wanted;
  for (const Instant slot : answer.slots) wanted.push_back({slot, starting.ids.next(starting.call.now)});
  const auto taken = RunStore{starting.tx}.take_slots(caller.tenant, task.id, wanted);
  answer.slots.clear();
  for (const SlotRun& run : wanted) {
    if (std::find(taken.begin(), taken.end(), run.run) == taken.end()) {
      ++answer.had_runs;
      continue;
    }
    const RunStarted started = start_run(starting, {.task = task,
                                                    .definition = definition,
                                                    .version = task.version,
                                                    .origin = "schedule",
                                                    .run_at = starting.call.now,
                                                    .overlap = Overlap::queue_all,
                                                    .reason = "backfill by " + caller.agent.str(),
                                                    .slot = run.slot,
                                                    .id = run.run});
    answer.slots.push_back(run.slot);
    answer.runs.push_back(started.run);
  }
}

}  // namespace

Result<Backfilled> Engine::backfill(const Caller& caller, const Backfill& command) {
  const Call call{caller, "backfill", command.key, parts_.clock.now()};
  return run_once<Backfilled>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<Backfilled> {
    const auto task = find_task(tx, caller.tenant, {.text = command.task, .lock = Lock::row});
    if (!task) return task.error();
    const auto definition = definition_of(*task);
    if (!definition) return definition.error();
    const auto range = read_range(command, call.now, definition->schedule.zone);
    if (!range) return range.error();
    Backfilled answer{.task = task->name, .zone = definition->schedule.zone, .at = call.now};
    auto slots = open_slots(tx, caller.tenant, *task, *range, answer);
    if (!slots) return slots.error();
    answer.slots = std::move(*slots);
    if (command.dry_run) return answer;
    start({call, tx, telling, parts_.ids}, *task, *definition, answer);
    if (!answer.runs.empty())
      telling.audit(
          subject_of(task->id), nullptr,
          {{"backfill", answer.runs.size()}, {"from", to_rfc3339(range->from)}, {"to", to_rfc3339(range->to)}});
    return answer;
  });
}

}  // namespace carillon
