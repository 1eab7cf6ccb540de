#include "server/engine/upcoming.h"

#include <algorithm>

namespace carillon {

namespace {

constexpr std::size_t kQuietAhead = 200;

const SlotOverride* override_of(const Rhythm& rhythm, Instant slot) {
  const auto found = std::find_if(rhythm.overrides.begin(), rhythm.overrides.end(),
                                  [&](const SlotOverride& said) { return said.slot == slot; });
  return found == rhythm.overrides.end() ? nullptr : &*found;
}

// When the slot's run would start; nothing when it is left out.
std::optional<NextSlot> coming_of(const Rhythm& rhythm, const Slot& slot) {
  const std::string& zone = rhythm.definition.schedule.zone;
  if (const SlotOverride* said = override_of(rhythm, slot.at)) {
    if (!said->moved_to) return std::nullopt;
    return NextSlot{*said->moved_to, "snoozed from " + describe_local(slot.at, zone)};
  }
  const QuietVerdict verdict = decide_quiet(rhythm.quiet, slot.at);
  if (verdict.act == QuietVerdict::Act::skip) return std::nullopt;
  if (verdict.act == QuietVerdict::Act::start) return NextSlot{slot.at, describe_note(slot, zone)};
  return NextSlot{verdict.at, "deferred from " + describe_local(slot.at, zone) + " by " + verdict.reason};
}

// A slot whose run would start when an earlier one's does, after quiet hours, is skipped then (overlap).
bool stands_behind(const Rhythm& rhythm, const std::vector<NextSlot>& earlier, const NextSlot& coming) {
  if (rhythm.quiet.empty() || earlier.empty() || earlier.back().at != coming.at) return false;
  const Overlap policy = overlap_policy(rhythm.definition);
  return policy != Overlap::allow && policy != Overlap::queue_all;
}

}  // namespace

std::vector<Slot> plain_slots(const Rhythm& rhythm, Instant now, std::size_t n) {
  if (rhythm.definition.options.max_runs) {
    const std::int64_t left = *rhythm.definition.options.max_runs - rhythm.fired_count;
    n = std::min(n, static_cast<std::size_t>(std::max<std::int64_t>(left, 0)));
  }
  if (n == 0) return {};
  // A slot that is due at this very instant has not been fired yet.
  const Schedule& schedule = rhythm.standing ? *rhythm.standing : rhythm.definition.schedule;
  return next_slots(schedule, std::max(rhythm.last_slot, now - Duration{1}), n);
}

std::vector<NextSlot> upcoming(const Rhythm& rhythm, Instant now, std::size_t n) {
  // Quiet hours fold a night's slots into one or leave them out, so more of them are looked at than are told.
  const std::size_t ahead = n + rhythm.overrides.size() + (rhythm.quiet.empty() ? 0 : kQuietAhead);
  std::vector<NextSlot> next;
  for (const Slot& slot : plain_slots(rhythm, now, ahead)) {
    const auto coming = coming_of(rhythm, slot);
    if (coming && !stands_behind(rhythm, next, *coming)) next.push_back(*coming);
  }
  std::stable_sort(next.begin(), next.end(), [](const NextSlot& a, const NextSlot& b) { return a.at < b.at; });
  if (next.size() > n) next.resize(n);
  return next;
}

}  // namespace carillon
