#include "server/domain/anchor.h"

#include <algorithm>

namespace carillon {
namespace {

constexpr std::int64_t kSlotsCountedMax = 10'000;  // slots that max_runs leaves and that are looked at

std::shared_ptr<Anchor> make_anchor(const AnchorFacts& facts) {
  if (facts.state == TaskState::done || !can_be_reminded_of(facts.definition.schedule)) return nullptr;
  if (facts.state == TaskState::paused && !facts.paused_until) return nullptr;
  auto anchor = std::make_shared<Anchor>();
  anchor->schedule = with_anchors(with_delay_slot(facts.definition.schedule, std::nullopt), {});
  anchor->changes = facts.changes;
  if (facts.state == TaskState::paused) anchor->from = *facts.paused_until - Duration{1};
  if (const auto most = facts.definition.options.max_runs) {
    const std::int64_t left = std::max<std::int64_t>(*most - facts.fired_count, 0);
    if (left > kSlotsCountedMax) return anchor;
    const auto slots = next_slots(anchor->schedule, facts.last_slot, static_cast<std::size_t>(left));
    const Instant end = slots.empty() ? facts.last_slot : slots.back().at;
    anchor->schedule.until = std::min(end, anchor->schedule.until.value_or(Instant::max()));
  }
  return anchor;
}

}  // namespace

std::shared_ptr<const Anchor> anchor_of(const AnchorFacts& facts) { return make_anchor(facts); }

std::shared_ptr<const Anchor> anchor_after_change(const AnchorFacts& facts) {
  auto anchor = make_anchor(facts);
  if (anchor) anchor->from = std::max(anchor->from, facts.last_slot);
  return anchor;
}

bool can_be_reminded_of(const Schedule& schedule) {
  return std::any_of(schedule.triggers.begin(), schedule.triggers.end(),
                     [](const Trigger& trigger) { return trigger.source() == TriggerSource::clock; });
}

}  // namespace carillon
