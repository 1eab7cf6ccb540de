#include "server/worker/anchors.h"

#include <algorithm>
#include <map>

#include "server/domain/anchor.h"
#include "server/worker/known_tasks.h"

namespace carillon {
namespace {

using Key = std::pair<TenantId, std::string>;

struct Read {
  DueSchedule row;
  std::optional<TaskDefinition> definition;
  std::vector<Anchor::Change> changes;
};

std::map<Key, Read> read_anchors(ScheduleRows& rows, const std::vector<ScheduleRows::Named>& named) {
  std::map<Key, Read> read;
  auto found = rows.anchors(named);
  if (found.empty()) return read;
  for (auto& row : found) {
    Read one{row, read_task(row.task_name, row.definition).definition, {}};
    read.insert_or_assign({row.tenant, row.task_name}, std::move(one));
    row.last_slot -= kMovedFor;
  }
  for (const auto& said : rows.overrides(found, Instant::max()))
    for (auto& [key, one] : read)
      if (one.row.task == said.task && one.row.tenant == said.tenant) one.changes.push_back({said.slot, said.moved_to});
  return read;
}

}  // namespace

bool is_rederived(const FiringFacts& facts) {
  return std::any_of(facts.cues.begin(), facts.cues.end(),
                     [](const Cue& cue) { return cue.source == name_of(TriggerSource::task_slot); });
}

void put_anchors(ScheduleRows& rows, std::vector<FiringFacts>& facts) {
  std::vector<ScheduleRows::Named> named;
  for (const auto& each : facts)
    if (each.definition)
      for (auto& task : reminded_tasks(each.definition->schedule)) named.push_back({each.due.tenant, std::move(task)});
  if (named.empty()) return;
  const auto read = read_anchors(rows, named);
  for (auto& each : facts) {
    if (!each.definition) continue;
    Anchors anchors;
    for (const auto& task : reminded_tasks(each.definition->schedule)) {
      const auto found = read.find({each.due.tenant, task});
      if (found == read.end() || !found->second.definition) continue;
      const DueSchedule& row = found->second.row;
      const AnchorFacts anchor{*found->second.definition, task_state_named(row.task_state).value_or(TaskState::done),
                               row.paused_until,          row.last_slot,
                               row.fired_count,           found->second.changes};
      anchors[task] = is_rederived(each) ? anchor_after_change(anchor) : anchor_of(anchor);
    }
    each.definition->schedule = with_anchors(std::move(each.definition->schedule), anchors);
  }
}

}  // namespace carillon
