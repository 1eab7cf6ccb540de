#include "server/domain/schedule/misfire.h"

#include <algorithm>
#include <array>

namespace carillon {
namespace {

constexpr std::array<std::pair<Misfire, std::string_view>, 4> kMisfireNames{
    {{Misfire::once, "once"}, {Misfire::skip, "skip"}, {Misfire::all, "all"}, {Misfire::hold, "hold"}}};

constexpr std::size_t kMissedSlotsMax = 10'000;  // slots looked at one by one; longer outages are told as a range
constexpr Duration kDay = std::chrono::hours{24};

// The shortest distance between the coming slots. A day that is short or long by a change of the clock is a day.
std::optional<Duration> period_of(const Schedule& schedule, Instant now) {
  const auto slots = next_slots(schedule, now, 8);
  std::optional<Duration> shortest;
  for (std::size_t i = 1; i < slots.size(); ++i) {
    const Duration gap = slots[i].at - slots[i - 1].at;
    if (!shortest || gap < *shortest) shortest = gap;
  }
  if (!shortest || *shortest < kDay - std::chrono::hours{3}) return shortest;
  return std::max(kDay, std::chrono::duration_cast<Duration>(std::chrono::round<std::chrono::days>(*shortest)));
}

// The latest slot in (after, now], found by looking back in doubling steps rather than by walking the outage.
std::optional<Slot> latest_slot(const Schedule& schedule, Instant after, Instant now) {
  for (Duration back = std::chrono::seconds{1};; back *= 2) {
    const Instant from = now - after <= back ? after : now - back;
    std::optional<Slot> latest;
    for (auto slot = next_slot(schedule, from); slot && slot->at <= now; slot = next_slot(schedule, slot->at))
      latest = slot;
    if (latest || from == after) return latest;
  }
}

// The slots of an outage: all of them, or its beginning and its end.
struct Due {
  std::vector<Slot> slots;
  bool complete;
};

Due due_slots(const Schedule& schedule, Instant after, Instant now) {
  Due due{next_slots(schedule, after, kMissedSlotsMax + 1), true};
  while (!due.slots.empty() && due.slots.back().at > now) due.slots.pop_back();
  if (due.slots.size() <= kMissedSlotsMax) return due;
  // Too many to count: go on with the last stretch only.
  due.complete = false;
  const auto latest = latest_slot(schedule, due.slots.back().at, now);
  if (latest) {
    const Duration stretch = std::max<Duration>(kOnTime, std::chrono::minutes{10});
    auto end = next_slots(schedule, std::max(due.slots.back().at, latest->at - stretch), kMissedSlotsMax);
    while (!end.empty() && end.back().at > now) end.pop_back();
    due.slots.insert(due.slots.end(), end.begin(), end.end());
  }
  return due;
}

bool happens(TriggerSource source) {
  return source == TriggerSource::chain || source == TriggerSource::run_end || source == TriggerSource::event ||
         source == TriggerSource::webhook || source == TriggerSource::condition;
}

// Slots left out, neighbours with the same reason folded into one range.
void leave_out(MisfireDecision& decision, const Slot& slot, std::string reason, bool counted_in_full) {
  const bool folds = !decision.missed.empty() && decision.missed.back().reason == reason;
  if (!folds) {
    decision.missed.push_back({slot.at, slot.at, 1, counted_in_full, std::move(reason)});
    return;
  }
  decision.missed.back().last = slot.at;
  ++decision.missed.back().slots;
}

}  // namespace

std::string_view name_of(Misfire misfire) { return kMisfireNames.at(static_cast<std::size_t>(misfire)).second; }

std::optional<Misfire> misfire_named(std::string_view name) {
  for (const auto& [misfire, known] : kMisfireNames)
    if (known == name) return misfire;
  return std::nullopt;
}

MisfirePolicy default_misfire(const Schedule& schedule, Instant now) {
  const auto period = period_of(schedule, now);
  const auto& triggers = schedule.triggers;
  if (std::all_of(triggers.begin(), triggers.end(), [](const Trigger& each) { return happens(each.source()); }))
    return {Misfire::all, kEventGrace};
  if (!period) return {Misfire::once, kDay};
  if (*period < std::chrono::hours{1}) return {Misfire::skip};
  return {Misfire::once, std::min(*period / 2, kDay)};
}

MisfireDecision decide_misfire(const Schedule& schedule, const MisfirePolicy& policy, Instant last_slot, Instant now) {
  MisfireDecision decision;
  decision.next = next_slot(schedule, now);
  const Due due = due_slots(schedule, last_slot, now);
  if (due.slots.empty()) return decision;
  const Slot latest = due.slots.back();
  const auto lateness = [&](const Slot& slot) { return now - slot.at; };
  const auto too_late = [&](const Slot& slot) {
    return policy.grace && lateness(slot) > std::max(*policy.grace, kOnTime);
  };
  const bool holds = policy.misfire == Misfire::hold && lateness(due.slots.front()) > kLongOutage;
  const bool each = policy.misfire == Misfire::all || policy.misfire == Misfire::hold;
  // For these: the latest max_catch_up of the late slots within grace.
  const auto late =
      std::count_if(due.slots.begin(), due.slots.end(), [&](const Slot& slot) { return lateness(slot) > kOnTime; });
  std::int64_t index = 0;
  for (const auto& slot : due.slots) {
    const std::int64_t from_end = late - index++;
    std::string_view reason;  // empty: the slot is fired
    if (policy.misfire == Misfire::skip) {
      reason = "passed; the misfire policy is skip";
    } else if (too_late(slot)) {
      reason = "later than the grace allows";
    } else if (policy.misfire == Misfire::once && slot.at != latest.at) {
      reason = "folded into the run of a later slot";
    } else if (each && from_end > policy.max_catch_up) {
      reason = "more missed slots than max_catch_up";
    }
    const bool on_time = lateness(slot) <= kOnTime;
    if (on_time || (reason.empty() && !holds)) {
      decision.fire.push_back(slot);
    } else if (reason.empty()) {
      decision.held.push_back(slot);
    } else {
      leave_out(decision, slot, std::string(reason), due.complete);
    }
  }
  return decision;
}

}  // namespace carillon
