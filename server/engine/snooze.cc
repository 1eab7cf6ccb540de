#include <algorithm>

#include "server/domain/duration_text.h"
#include "server/domain/moment.h"
#include "server/domain/run_payload.h"
#include "server/engine/awaiting.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/run_pausing.h"
#include "server/engine/run_starting.h"
#include "server/engine/standing.h"
#include "server/store/step_store.h"

// snooze: delay or skip the next occurrence of a task, deliver a message again later, or move the next attempt of a
// run.

namespace carillon {

namespace {

constexpr int kSkipMax = 1000;

Status check_command(const Snooze& command) {
  if (command.task.has_value() == command.run.has_value())
    return Error{ErrorCode::arguments_invalid, "say what: exactly one of task and run", "/task"};
  const int ways = (command.delay ? 1 : 0) + (command.until ? 1 : 0) + (command.skip ? 1 : 0);
  if (ways != 1) {
    Error error{ErrorCode::arguments_invalid, "say how long: exactly one of for, until and skip", "/for"};
    error.try_instead = json::array({{{"for", "10m"}}, {{"until", "tomorrow 09:00"}}, {{"skip", 1}}});
    return error;
  }
  if (command.delay && command.delay->count() <= 0)
    return Error{ErrorCode::arguments_invalid, "a delay is longer than nothing", "/for", to_text(*command.delay)};
  if (command.skip && (*command.skip < 0 || *command.skip > kSkipMax))
    return Error{ErrorCode::arguments_invalid, "skip from 1 to 1000 slots; 0 takes every snooze of the task back",
                 "/skip", *command.skip};
  if (command.skip && command.run)
    return Error{ErrorCode::arguments_invalid,
                 "skip belongs to a task; a run is delivered again after `for` or `until`", "/skip", *command.skip};
  return Done{};
}

Error nothing_next(const TaskRecord& task) {
  return Error{ErrorCode::conflict, "\"" + task.name + "\" has no next occurrence that could be moved or skipped",
               "/task", task.name};
}

struct Snoozing {
  const Call& call;
  const Snooze& command;
  Tx& tx;
  Telling& telling;
  std::optional<Instant> until;
  const QuietSettings& quiet;
};

bool is_skipped(const std::vector<SlotOverride>& overrides, Instant slot) {
  return std::any_of(overrides.begin(), overrides.end(),
                     [&](const SlotOverride& said) { return said.slot == slot && !said.moved_to; });
}

// The slots that would run next, in the order of the schedule.
std::vector<Slot> slots_to_come(const Rhythm& rhythm, Instant now, std::size_t n) {
  std::vector<Slot> slots = plain_slots(rhythm, now, n + rhythm.overrides.size());
  std::erase_if(slots, [&](const Slot& slot) { return is_skipped(rhythm.overrides, slot.at); });
  if (slots.size() > n) slots.resize(n);
  return slots;
}

void say(const Snoozing& snoozing, const TaskRecord& task, const SlotOverride& said) {
  TaskStore{snoozing.tx}.set_override(snoozing.call.caller.tenant, task.id, said, snoozing.call.caller.agent,
                                      snoozing.call.now);
}

Result<Done> skip_slots(const Snoozing& snoozing, const TaskRecord& task, const Rhythm& rhythm, Snoozed& snoozed) {
  const auto slots = slots_to_come(rhythm, snoozing.call.now, static_cast<std::size_t>(*snoozing.command.skip));
  if (slots.empty()) return nothing_next(task);
  for (const Slot& slot : slots) {
    say(snoozing, task, {.slot = slot.at, .moved_to = std::nullopt, .reason = snoozing.command.reason});
    snoozed.skipped.push_back(slot.at);
  }
  return Done{};
}

Result<Done> move_slot(const Snoozing& snoozing, const TaskRecord& task, const Rhythm& rhythm) {
  const auto slots = slots_to_come(rhythm, snoozing.call.now, 1);
  if (slots.empty()) return nothing_next(task);
  const Instant slot = slots.front().at;
  Instant planned = slot;
  for (const SlotOverride& said : rhythm.overrides)
    if (said.slot == slot && said.moved_to) planned = *said.moved_to;
  const Instant moved_to = snoozing.until ? *snoozing.until : planned + *snoozing.command.delay;
  if (moved_to <= slot) {
    Error error{ErrorCode::arguments_invalid,
                "the next occurrence comes later than that; snooze moves it back, never forward", "/until"};
    error.details["next"] = to_rfc3339_in(slot, task.zone);
    return error;
  }
  say(snoozing, task, {.slot = slot, .moved_to = moved_to, .reason = snoozing.command.reason});
  return Done{};
}

Result<Snoozed> snooze_task(const Snoozing& snoozing) {
  const TenantId& tenant = snoozing.call.caller.tenant;
  const auto task = find_task(snoozing.tx, tenant, {.text = *snoozing.command.task, .lock = Lock::row});
  if (!task) return task.error();
  const auto definition = definition_of(*task);
  if (!definition) return definition.error();
  TaskStore tasks{snoozing.tx};
  const RhythmSource source{snoozing.tx, tenant, snoozing.quiet};
  const auto next_of = [&]() -> std::optional<Instant> {
    const auto next = upcoming(rhythm_of(source, *task, *definition), snoozing.call.now, 1);
    return next.empty() ? std::nullopt : std::optional{next.front().at};
  };
  Snoozed snoozed{.task = task->name,
                  .zone = definition->schedule.zone,
                  .was_next = next_of(),
                  .reads = reads(definition->schedule),
                  .at = snoozing.call.now};
  const Rhythm rhythm = rhythm_of(source, *task, *definition);
  Result<Done> said = Done{};
  if (snoozing.command.skip == 0)
    snoozed.restored = static_cast<std::int64_t>(tasks.drop_overrides(tenant, task->id, task->last_slot).size());
  else
    said = snoozing.command.skip ? skip_slots(snoozing, *task, rhythm, snoozed) : move_slot(snoozing, *task, rhythm);
  if (!said) return said.error();
  snoozed.next = next_of();

  json more{{"reason", snoozing.command.reason}, {"skipped", snoozed.skipped.size()}, {"restored", snoozed.restored}};
  if (snoozed.next) more["next"] = to_rfc3339(*snoozed.next);
  snoozing.telling.task_event("task.snoozed", *task, more);
  const json was = snoozed.was_next ? json(to_rfc3339(*snoozed.was_next)) : json(nullptr);
  snoozing.telling.audit(subject_of(task->id), {{"next", was}}, more);
  snoozing.telling.schedule_changed(task->shard);
  tell_reminders(snoozing.tx, snoozing.telling, task->name);
  return snoozed;
}

// A message that was delivered is delivered again, as a run of its own.
Result<Snoozed> deliver_again(const Snoozing& snoozing, const RunRecord& run, RunIdMaker& ids) {
  const TenantId& tenant = snoozing.call.caller.tenant;
  const auto task = TaskStore{snoozing.tx}.lock(tenant, {.id = run.task});
  if (!task) return Error{ErrorCode::conflict, "the run's task is deleted", "/run", *snoozing.command.run};
  const auto stored = TaskStore{snoozing.tx}.definition(tenant, task->id, run.task_version);
  const auto definition = stored ? definition_from_json(*stored) : definition_of(*task);
  if (!definition) return definition.error();
  const std::string payload = RunStore{snoozing.tx}.body(tenant, run.id).payload;
  const auto action = action_with_payload(definition->action, payload);
  if (!action || action->kind != ActionKind::message) {
    Error error{ErrorCode::conflict,
                "only a message that was delivered can be delivered again; snooze the task, or retry_run the run",
                "/run", handle_of(run)};
    error.try_instead = json::array({{{"tool", "retry_run"}, {"arguments", {{"run", handle_of(run)}}}}});
    return error;
  }
  const Instant at = snoozing.until ? *snoozing.until : snoozing.call.now + *snoozing.command.delay;
  const RunOrder order{.task = *task,
                       .definition = *definition,
                       .version = run.task_version,
                       .origin = "retry",
                       .run_at = at,
                       .payload = payload,
                       .reason = "snoozed " + handle_of(run)};
  const RunStarted started = start_run({snoozing.call, snoozing.tx, snoozing.telling, ids}, order);
  snoozing.telling.audit(subject_of(RunId{started.run_id}), {{"run", handle_of(run)}},
                         {{"run", started.run}, {"run_at", to_rfc3339(at)}});
  return Snoozed{.task = task->name,
                 .zone = definition->schedule.zone,
                 .was_next = std::nullopt,
                 .next = at,
                 .reads = reads(definition->schedule),
                 .run = started.run,
                 .at = snoozing.call.now};
}

Error waits_for_no_retry(const RunRecord& run) {
  const std::string doing = run.state != RunState::queued ? "is " + std::string(name_of(run.state))
                                                          : "has not begun; snooze its task instead";
  Error error{ErrorCode::conflict, handle_of(run) + " waits for no other attempt: it " + doing, "/run", handle_of(run)};
  error.details["state"] = name_of(run.state);
  error.try_instead = json::array({{{"tool", "get_run"}, {"arguments", {{"run", handle_of(run)}}}}});
  return error;
}

// The next attempt of a run, or of steps of it, comes at another time. Nothing: it moved on while we looked.
Result<std::optional<MovedRetry>> move_retry(const Snoozing& snoozing, const RunRecord& run) {
  if (!paused_how(run, snoozing.call.now).empty())
    return Error{ErrorCode::conflict, handle_of(run) + " is paused; resume it by set_task_state {runs, state: active}",
                 "/run", handle_of(run)};
  const TenantId& tenant = snoozing.call.caller.tenant;
  const Move move{.to = snoozing.until, .by = snoozing.command.delay.value_or(Duration{0})};
  RunStore runs{snoozing.tx};
  if (run.state == RunState::queued && run.attempt > 1) {
    const MovedRetry moved{run.run_at, snoozing.until.value_or(run.run_at + move.by)};
    if (!runs.move_ready(tenant, place_of(run), moved.at)) return std::optional<MovedRetry>{};
    StepStore{snoozing.tx}.move_retries(tenant, run.id, move);
    snoozing.telling.run_ready(*run.shard, moved.at);
    return std::optional{moved};
  }
  if (run.state != RunState::waiting) return waits_for_no_retry(run);
  // Beside what it waits for otherwise. Whoever has it next reckons anew when it goes on.
  const auto shard = runs.wake(tenant, run.id);
  if (!shard) return std::optional<MovedRetry>{};
  const auto moved = StepStore{snoozing.tx}.move_retries(tenant, run.id, move);
  if (moved.empty()) return waits_for_no_retry(run);
  snoozing.telling.run_told(run.id, *shard);
  return std::optional{*std::min_element(moved.begin(), moved.end(),
                                         [](const MovedRetry& a, const MovedRetry& b) { return a.was_at < b.was_at; })};
}

Result<Snoozed> snooze_run(const Snoozing& snoozing, RunIdMaker& ids) {
  const std::string& wanted = *snoozing.command.run;
  for (int look = 0; look < kLooksMax; ++look) {
    const auto run = find_run(snoozing.tx, snoozing.call.caller.tenant, wanted);
    if (!run) return run.error();
    if (is_final(run->state)) return deliver_again(snoozing, *run, ids);
    const auto moved = move_retry(snoozing, *run);
    if (!moved) return moved.error();
    if (!*moved) continue;
    snoozing.telling.audit(subject_of(run->id), {{"retry", to_rfc3339((*moved)->was_at)}},
                           {{"retry", to_rfc3339((*moved)->at)}, {"reason", snoozing.command.reason}});
    return Snoozed{.task = run->task_name,
                   .zone = run->zone,
                   .was_next = (*moved)->was_at,
                   .next = (*moved)->at,
                   .run = handle_of(*run),
                   .at = snoozing.call.now};
  }
  return Error{ErrorCode::unavailable, "the run keeps changing its place; repeat the call", "/run", wanted};
}

}  // namespace

Result<Snoozed> Engine::snooze(const Caller& caller, const Snooze& command) {
  if (auto fit = check_command(command); !fit) return fit.error();
  const Call call{caller, "snooze", command.key, parts_.clock.now()};
  std::optional<Instant> until;
  if (command.until) {
    const auto read = read_moment(*command.until, {.now = call.now, .zone = zone_of(caller), .pointer = "/until"});
    if (!read) return read.error();
    if (*read <= call.now) {
      Error error{ErrorCode::when_in_past, "that has passed", "/until", *command.until};
      error.details["now"] = describe_local(call.now, zone_of(caller));
      return error;
    }
    until = *read;
  }
  return run_once<Snoozed>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<Snoozed> {
    const Snoozing snoozing{call, command, tx, telling, until, options_.quiet};
    return command.task ? snooze_task(snoozing) : snooze_run(snoozing, parts_.ids);
  });
}

}  // namespace carillon
