#include "server/engine/upcoming.h"

#include <algorithm>

namespace carillon {

namespace {

const SlotOverride* override_of(const Rhythm& rhythm, Instant slot) {
  const auto found = std::find_if(rhythm.overrides.begin(), rhythm.overrides.end(),
                                  [&](const SlotOverride& said) { return said.slot == slot; });
  return found == rhythm.overrides.end() ? nullptr : &*found;
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
  const std::string& zone = rhythm.definition.schedule.zone;
  std::vector<NextSlot> next;
  for (const Slot& slot : plain_slots(rhythm, now, n + rhythm.overrides.size())) {
    const SlotOverride* said = override_of(rhythm, slot.at);
    if (said == nullptr)
      next.push_back({slot.at, describe_note(slot, zone)});
    else if (said->moved_to)
      next.push_back({*said->moved_to, "snoozed from " + describe_local(slot.at, zone)});
  }
  std::stable_sort(next.begin(), next.end(), [](const NextSlot& a, const NextSlot& b) { return a.at < b.at; });
  if (next.size() > n) next.resize(n);
  return next;
}

}  // namespace carillon
