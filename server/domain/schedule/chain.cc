#include "server/domain/schedule/chain.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace carillon {
namespace {

using On = ChainTrigger::On;

struct Counted {
  On on;
  RunState end;
};
constexpr auto kCounted = std::to_array<Counted>({
    {On::succeeds, RunState::succeeded},
    {On::fails, RunState::failed},
    {On::fails, RunState::unknown},
    {On::finishes, RunState::succeeded},
    {On::finishes, RunState::failed},
    {On::finishes, RunState::cancelled},
    {On::finishes, RunState::unknown},
});

}  // namespace

bool sets_off(On on, RunState end) {
  return std::any_of(kCounted.begin(), kCounted.end(),
                     [&](const Counted& row) { return row.on == on && row.end == end; });
}

std::vector<std::string> ends_that_count(On on) {
  std::vector<std::string> ends;
  for (const Counted& row : kCounted)
    if (row.on == on) ends.emplace_back(name_of(row.end));
  return ends;
}

bool waits_for_end(const Schedule& schedule, std::string_view task, RunState end) {
  return std::any_of(schedule.triggers.begin(), schedule.triggers.end(), [&](const Trigger& trigger) {
    const auto* chain = std::get_if<ChainTrigger>(&trigger.body);
    return chain != nullptr && chain->task == task && sets_off(chain->on, end);
  });
}

std::vector<AwaitedTask> awaited_tasks(const Schedule& schedule) {
  std::map<std::string, std::set<std::string>> ends;
  for (const auto& trigger : schedule.triggers)
    if (const auto* chain = std::get_if<ChainTrigger>(&trigger.body))
      for (auto& end : ends_that_count(chain->on)) ends[chain->task].insert(std::move(end));
  std::vector<AwaitedTask> awaited;
  for (const auto& [task, outcomes] : ends) awaited.push_back({task, {outcomes.begin(), outcomes.end()}});
  return awaited;
}

}  // namespace carillon
