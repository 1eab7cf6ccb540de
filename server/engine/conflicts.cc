#include "server/engine/conflicts.h"

#include <algorithm>
#include <array>

#include "server/domain/duration_text.h"
#include "server/domain/run_id.h"
#include "server/engine/lookup.h"
#include "server/store/run_store.h"

namespace carillon {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kSlotsComparedMax = 500;  // of one task within the horizon
constexpr int kDuplicatesMax = 20;
constexpr Duration kMeasuredOver = std::chrono::days{30};
// Intervals that people say.
constexpr auto kRoundIntervals = std::to_array<Duration>(
    {seconds{1}, seconds{2}, seconds{5},  seconds{10}, seconds{15}, seconds{20}, seconds{30}, minutes{1},
     minutes{2}, minutes{5}, minutes{10}, minutes{15}, minutes{20}, minutes{30}, hours{1},    hours{2},
     hours{3},   hours{4},   hours{6},    hours{8},    hours{12},   hours{24}});

struct ConflictSearch {
  const RhythmSource& source;
  const TaskRecord& task;
  const Rhythm& rhythm;
  const Horizon& horizon;
  std::vector<Instant> slots;  // of the schedule, within the horizon
};

Duration usual_duration(const RhythmSource& source, TaskId task, Instant now) {
  return RunStore{source.tx}
      .statistics(source.tenant, task, first_id_at(now - kMeasuredOver))
      .p95.value_or(Duration{0});
}

std::vector<Instant> slots_within(const Schedule& schedule, const Horizon& horizon) {
  std::vector<Instant> slots;
  for (const Slot& slot : slots_between(schedule, horizon.from - Duration{1}, horizon.to, kSlotsComparedMax))
    slots.push_back(slot.at);
  return slots;
}

std::string said(Duration duration) { return to_text(std::chrono::ceil<seconds>(duration)); }

std::optional<Duration> round_interval(Duration at_least) {
  const auto* found = std::find_if(kRoundIntervals.begin(), kRoundIntervals.end(),
                                   [&](Duration interval) { return interval >= at_least; });
  return found == kRoundIntervals.end() ? std::nullopt : std::optional{*found};
}

void find_self_overlap(const ConflictSearch& looking, Duration usual, std::vector<Conflict>& conflicts) {
  for (std::size_t i = 1; i < looking.slots.size(); ++i) {
    const Duration gap = looking.slots[i] - looking.slots[i - 1];
    if (usual <= gap) continue;
    const auto interval = round_interval(usual);
    const bool is_interval = looking.rhythm.definition.schedule.kind() == ScheduleKind::interval;
    conflicts.push_back({.kind = "overlaps_itself",
                         .at = looking.slots[i],
                         .why = "95 of 100 runs take up to " + said(usual) + ", the next slot comes after " + said(gap),
                         .suggestion = is_interval && interval
                                           ? "every " + to_text(*interval)
                                           : "leave " + said(usual) + " between slots, or choose options.overlap"});
    return;
  }
}

// The first pair of slots of which the later one comes while the earlier one's run goes on.
std::optional<Instant> first_meeting(const std::vector<Instant>& mine, Duration mine_takes,
                                     const std::vector<Instant>& theirs, Duration theirs_takes) {
  for (const Instant at : mine)
    for (const Instant other : theirs)
      if (at == other || (at < other && other < at + mine_takes) || (other < at && at < other + theirs_takes))
        return std::max(at, other);
  return std::nullopt;
}

void find_same_lock(const ConflictSearch& looking, Duration usual, std::vector<Conflict>& conflicts) {
  const std::string& lock = looking.rhythm.definition.lock;
  if (lock.empty()) return;
  for (const auto& [name, stored] :
       TaskStore{looking.source.tx}.neighbours(looking.source.tenant, looking.task.shard, looking.task.id)) {
    const auto other = definition_from_json(stored);
    if (!other || other->lock != lock) continue;
    const auto found = find_task(looking.source.tx, looking.source.tenant, {.text = name});
    if (!found || found->state != TaskState::active) continue;
    const Duration takes = usual_duration(looking.source, found->id, looking.horizon.from);
    const auto meeting = first_meeting(looking.slots, usual, slots_within(other->schedule, looking.horizon), takes);
    if (!meeting) continue;
    const Duration apart = std::max<Duration>(round_interval(std::max(usual, takes)).value_or(hours{24}), minutes{1});
    conflicts.push_back({.kind = "same_lock",
                         .with = name,
                         .at = *meeting,
                         .why = "both have the lock " + lock + ", so one waits for the other",
                         .suggestion = "move one of them by " + to_text(apart)});
  }
}

void find_duplicates(const ConflictSearch& looking, std::vector<Conflict>& conflicts) {
  for (const TaskRecord& other : TaskStore{looking.source.tx}.similar(
           looking.source.tenant, looking.rhythm.definition.action, looking.task.id, kDuplicatesMax)) {
    const auto definition = definition_of(other);
    if (!definition || other.state != TaskState::active) continue;
    const auto meeting =
        first_meeting(looking.slots, Duration{0}, slots_within(definition->schedule, looking.horizon), Duration{0});
    if (!meeting) continue;
    conflicts.push_back({.kind = "duplicate",
                         .with = other.name,
                         .at = *meeting,
                         .why = "both do the same at the same time",
                         .suggestion = "delete one of the two"});
  }
}

const Schedule& schedule_of(const Rhythm& rhythm) {
  return rhythm.standing ? *rhythm.standing : rhythm.definition.schedule;
}

void find_quiet_slots(const Rhythm& rhythm, const std::vector<Instant>& within, std::vector<Conflict>& conflicts) {
  if (rhythm.quiet.empty()) return;
  std::optional<Conflict> first;
  std::int64_t slots = 0;
  for (const Instant slot : within) {
    const QuietVerdict verdict = decide_quiet(rhythm.quiet, slot);
    if (verdict.act == QuietVerdict::Act::start) continue;
    ++slots;
    if (first) continue;
    const bool skipped = verdict.act == QuietVerdict::Act::skip;
    first = Conflict{.kind = "quiet_hours", .at = slot, .why = (skipped ? "skipped: " : "deferred: ") + verdict.reason};
    first->suggestion = skipped ? "choose a time outside them"
                                : "choose " + describe_local(verdict.at, rhythm.definition.schedule.zone) + " or later";
  }
  if (!first) return;
  first->slots = slots;
  conflicts.push_back(std::move(*first));
}

}  // namespace

std::vector<Conflict> find_conflicts(const RhythmSource& source, const TaskRecord& task, const Rhythm& rhythm,
                                     const Horizon& horizon) {
  const ConflictSearch looking{source, task, rhythm, horizon, slots_within(schedule_of(rhythm), horizon)};
  const Duration usual = usual_duration(source, task.id, horizon.from);
  std::vector<Conflict> conflicts;
  find_self_overlap(looking, usual, conflicts);
  find_same_lock(looking, usual, conflicts);
  find_duplicates(looking, conflicts);
  find_quiet_slots(rhythm, looking.slots, conflicts);
  return conflicts;
}

std::vector<Conflict> find_quiet_conflicts(const Rhythm& rhythm, const Horizon& horizon) {
  std::vector<Conflict> conflicts;
  if (!rhythm.quiet.empty()) find_quiet_slots(rhythm, slots_within(schedule_of(rhythm), horizon), conflicts);
  return conflicts;
}

std::vector<std::string> conflict_warnings(const RhythmSource& source, const TaskRecord& task, const Rhythm& rhythm,
                                           const Horizon& horizon) {
  const bool has_run = task.version > 1;
  if (!has_run && rhythm.definition.lock.empty() && rhythm.quiet.empty()) return {};
  const ConflictSearch looking{source, task, rhythm, horizon, slots_within(schedule_of(rhythm), horizon)};
  const Duration usual = has_run ? usual_duration(source, task.id, horizon.from) : Duration{0};
  std::vector<Conflict> conflicts;
  find_self_overlap(looking, usual, conflicts);
  find_same_lock(looking, usual, conflicts);
  find_quiet_slots(rhythm, looking.slots, conflicts);
  std::vector<std::string> warnings;
  for (const Conflict& conflict : conflicts)
    warnings.push_back(conflict.kind + (conflict.with.empty() ? "" : " with " + conflict.with) + " at " +
                       describe_local(conflict.at, rhythm.definition.schedule.zone) + ": " + conflict.why + "; " +
                       conflict.suggestion);
  return warnings;
}

}  // namespace carillon
