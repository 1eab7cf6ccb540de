// Chains: which ends of a task's runs set off the tasks that wait for it.
//
// An end is what a run came to. A slot that was missed or skipped had no run, so nothing follows from it; a run that
// was cancelled has finished, and neither succeeded nor failed. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/domain/run_state.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

bool sets_off(ChainTrigger::On on, RunState end);
// The ends that count, by name.
std::vector<std::string> ends_that_count(ChainTrigger::On on);

// Whether the schedule waits for this end of a run of that task.
bool waits_for_end(const Schedule& schedule, std::string_view task, RunState end);

// The tasks that the schedule waits for, each with the ends that count, by name.
struct AwaitedTask {
  std::string task;
  std::vector<std::string> outcomes;
};
std::vector<AwaitedTask> awaited_tasks(const Schedule& schedule);

}  // namespace carillon
