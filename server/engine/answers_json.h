// The answers of commands as JSON: how the idempotency table keeps them, to give them again word for word. Pure;
// thread-safe.
#pragma once

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/engine/approval_commands.h"
#include "server/engine/calendar_commands.h"
#include "server/engine/event_commands.h"
#include "server/engine/pipeline_commands.h"
#include "server/engine/run_commands.h"
#include "server/engine/state_commands.h"
#include "server/engine/task_commands.h"

namespace carillon {

json to_json(const TaskSaved& answer);
json to_json(const TaskStateSet& answer);
json to_json(const Snoozed& answer);
json to_json(const ItemDeleted& answer);
json to_json(const RunStarted& answer);
json to_json(const RunsRetried& answer);
json to_json(const RunCancelled& answer);
json to_json(const RunResponded& answer);
json to_json(const WorkResponded& answer);
json to_json(const CalendarSaved& answer);
json to_json(const Backfilled& answer);
json to_json(const CalendarDeleted& answer);
json to_json(const EventPublished& answer);
json to_json(const StateChanged& answer);
json to_json(const PipelineSaved& answer);

// Reads back what to_json wrote.
template <class Answer>
Answer answer_from_json(const json& stored);

}  // namespace carillon
