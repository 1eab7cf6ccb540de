#include "server/domain/duration_text.h"
#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/schemas.h"
#include "tools/task_answers.h"
#include "tools/tool.h"

namespace carillon::tools {
namespace {

ToolOutcome set_task_state(CallContext& context, const json& arguments) {
  const SetTaskState command{.key = command_key(arguments),
                             .state = *task_state_named(text_of(arguments, "state")),
                             .tasks = arguments.value("tasks", std::vector<std::string>{}),
                             .tag = text_of(arguments, "tag"),
                             .all = flag_of(arguments, "all"),
                             .runs = arguments.value("runs", std::vector<std::string>{}),
                             .until = optional_of<std::string>(arguments, "until"),
                             .reason = text_of(arguments, "reason"),
                             .meanwhile = meanwhile_named(text_of(arguments, "meanwhile"))};
  const auto set = context.ports.engine.set_task_state(context.caller, command);
  if (!set.ok()) return set.error();
  return answer(*set);
}

ToolOutcome snooze(CallContext& context, const json& arguments) {
  Snooze command{.key = command_key(arguments),
                 .task = optional_of<std::string>(arguments, "task"),
                 .run = optional_of<std::string>(arguments, "run"),
                 .until = optional_of<std::string>(arguments, "until"),
                 .skip = optional_of<int>(arguments, "skip"),
                 .reason = text_of(arguments, "reason")};
  if (const auto delay = optional_of<std::string>(arguments, "for")) {
    const auto read = read_duration(*delay, "/for");
    if (!read.ok()) return read.error();
    command.delay = *read;
  }
  const auto snoozed = context.ports.engine.snooze(context.caller, command);
  if (!snoozed.ok()) return snoozed.error();
  return answer(*snoozed);
}

const Tool kTaskStateTools[] = {
    {.name = "set_task_state",
     .title = "Pause or resume tasks",
     .summary = "Pause or resume tasks by name, by tag, or all, or single runs. Returns what was left out meanwhile.",
     .input_schema = schemas::set_task_state,
     .hints = {.idempotent = true},
     .scope = Scope::schedule,
     .toolset = Toolset::core,
     .example = R"({"state": "paused", "tasks": ["morning-brief"], "until": "2026-12-07 06:00"})",
     .call = set_task_state},
    {.name = "snooze",
     .title = "Snooze the next occurrence",
     .summary = "Delay or skip only the next occurrence of a task, or deliver a reminder again. Give task or run, and "
                "one of for, until, skip.",
     .input_schema = schemas::snooze,
     .hints = {},
     .scope = Scope::schedule,
     .toolset = Toolset::core,
     .example = R"({"task": "morning-brief", "for": "30m"})",
     .call = snooze},
};

}  // namespace

std::span<const Tool> task_state_tools() { return kTaskStateTools; }

}  // namespace carillon::tools
