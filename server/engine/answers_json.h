// Answers as JSON: how the idempotency table keeps them, and the facts a tool's structured content is made of. Instants
// are RFC 3339 in UTC, durations text; what is empty is left out. Pure; thread-safe.
#pragma once

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/engine/queries.h"
#include "server/engine/run_commands.h"
#include "server/engine/task_commands.h"

namespace carillon {

json to_json(const TaskSaved& answer);
json to_json(const TaskStateSet& answer);
json to_json(const Snoozed& answer);
json to_json(const ItemDeleted& answer);
json to_json(const RunStarted& answer);
json to_json(const RunCancelled& answer);

// Reads back what to_json wrote.
template <class Answer>
Answer answer_from_json(const json& stored);

json to_json(const RunRow& row);
json to_json(const RunPage& page);
json to_json(const RunDetail& detail);
json to_json(const TaskRow& row);
json to_json(const TaskPage& page);
json to_json(const TaskDetail& detail);
json to_json(const Previewed& previewed);
json to_json(const StatusReport& status);

}  // namespace carillon
