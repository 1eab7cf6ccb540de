// What the task tools answer: the engine's facts in the words and times of a reader. Pure; thread-safe.
#pragma once

#include "server/engine/queries.h"
#include "server/engine/task_commands.h"
#include "tools/arguments.h"
#include "tools/tool.h"

namespace carillon::tools {

// `webhook`: what is told of the task's address, if it has one (webhook_door.h).
Answer answer(const TaskSaved& saved, const ordered_json& webhook = nullptr);
Answer answer(const TaskStateSet& set);
Answer answer(const Snoozed& snoozed);
Answer answer(const ItemDeleted& deleted);
Answer answer(const TaskPage& page, Format format);
Answer answer(const TaskDetail& detail, Format format, const ordered_json& webhook = nullptr);
Answer answer(const Previewed& previewed);
// The times of a preview in iCalendar's format; those of one schedule are called `summary`.
std::string calendar_text(const Previewed& previewed, const std::string& summary);

// {"tool": "everything.echo"}, {"message": …}, {"pipeline": "brief@3"} or {"steps": [ids]}: what a task runs, in short.
ordered_json brief_action(const json& action);

// "Mon 2026-11-23 07:30 (in 2 d 17 h)", with the note of a slot that a clock change moved.
ordered_json say_slots(const std::vector<NextSlot>& slots, const std::string& zone, Instant now);

}  // namespace carillon::tools
