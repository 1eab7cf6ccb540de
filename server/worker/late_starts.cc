#include "server/worker/late_starts.h"

#include <algorithm>

#include "server/domain/pipeline/pipeline.h"

namespace carillon {
namespace {

constexpr Duration kLate = std::chrono::minutes{1};

std::string key_of(const Firing& firing) { return firing.due.tenant.str() + '\n' + *firing.concurrency_key; }

}  // namespace

bool LateStarts::may_need_network(const Action& action) const {
  const auto may = [&](const std::string& tool) { return !stays_here_ || !stays_here_(tool); };
  if (action.kind == ActionKind::tool) return may(action.tool);
  if (action.kind != ActionKind::steps) return false;
  const auto leaves = pipeline::leaves_of(*action.pipeline);
  return std::any_of(leaves.begin(), leaves.end(), [&](const pipeline::Step* step) {
    return step->kind == pipeline::StepKind::tool && may(step->body.at("uses").get_ref<const std::string&>());
  });
}

Instant LateStarts::next_start(Instant now) {
  given_ = std::max(given_, now - kLatePace.between * kLatePace.at_once) + kLatePace.between;
  return std::clamp(given_, now, now + kLatePace.longest);
}

LateStarts::PutOff LateStarts::put_off(const Firing& firing, const std::optional<TaskDefinition>& definition,
                                       Instant now) {
  const PutOff* earlier = ahead_of(firing);
  if (gate_.is_shut() && definition && may_need_network(definition->action)) return {now + gate_.longest(), true};
  if (earlier != nullptr && earlier->for_network) return *earlier;
  const Instant start = next_start(now);
  return {earlier != nullptr ? std::max(start, earlier->until) : start, false};
}

const LateStarts::PutOff* LateStarts::ahead_of(const Firing& firing) {
  if (!firing.concurrency_key) return nullptr;
  const auto found = by_key_.find(key_of(firing));
  return found == by_key_.end() ? nullptr : &found->second;
}

void LateStarts::ease_in(Firing& firing, const std::optional<TaskDefinition>& definition, Instant now) {
  if (now - swept_ >= kLatePace.longest) {
    std::erase_if(by_key_, [&](const auto& each) { return each.second.until <= now; });
    swept_ = now;
  }
  for (FiredSlot& slot : firing.slots) {
    if (slot.state != RunState::queued) continue;
    const PutOff* earlier = ahead_of(firing);
    const bool stays_behind = earlier != nullptr && slot.run_at < earlier->until;
    if (slot.run_at > now - kLate && !stays_behind) continue;
    const PutOff given = put_off(firing, definition, now);
    if (given.until <= now) continue;
    slot.run_at = given.until;
    if (given.for_network) slot.reason += (slot.reason.empty() ? "" : "; ") + std::string{kWaitsForNetwork};
    if (firing.concurrency_key) by_key_.insert_or_assign(key_of(firing), given);
  }
}

void LateStarts::network_wait_ended(Instant last) {
  for (auto& [key, put_off] : by_key_)
    if (put_off.for_network) put_off = {last, false};
}

}  // namespace carillon
