// Tasks that belong to Carillon itself: of call_tool, and of each saved pipeline, for the runs that nobody's task asked
// for. They run by hand alone, any number of runs at once, and no listing of tasks shows them. Stateless.
#pragma once

#include <optional>
#include <string>

#include "server/domain/run_id.h"
#include "server/domain/task.h"
#include "server/engine/transaction.h"

namespace carillon {

TaskDefinition hidden_definition(Action action);

struct HiddenTask {
  TaskId id;
  std::string name;
  std::optional<Scopes> scopes{};  // with which its runs call; none: those of whoever asks
};
// Nothing: a living task has the name.
std::optional<TaskRecord> make_hidden_task(Tx& tx, const Call& call, const HiddenTask& hidden,
                                           const TaskDefinition& definition);

}  // namespace carillon
