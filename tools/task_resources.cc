#include "server/domain/schedule/schedule.h"
#include "server/engine/engine.h"
#include "tools/resource.h"
#include "tools/task_answers.h"

// Tasks: their definition and what comes next.

namespace carillon::tools {
namespace {

constexpr int kNextShown = 50;

Result<Reading> read_task(const ReadCall& call) {
  const auto detail = call.ports.engine.get_task(call.caller, {.task = call.at("name")});
  if (!detail.ok()) return detail.error();
  json facts = answer(*detail, Format::detailed).structured;
  facts["definition"] = as_arguments(detail->definition);  // whole, however long
  facts.erase("definition_resource");
  return Reading{.blocks = {json_block(facts)}};
}

Result<Reading> read_next(const ReadCall& call) {
  const std::string& task = call.at("name");
  const auto coming = call.ports.engine.preview(call.caller, {.task = task, .count = kNextShown});
  if (!coming.ok()) return coming.error();
  return Reading{.blocks = {json_block(answer(*coming).structured), {kCalendar, calendar_text(*coming, task)}}};
}

constexpr Variable kTask[] = {{"name", suggest_tasks}};

constexpr Resource kTaskResources[] = {
    {.pattern = "task://{name}",
     .name = "task",
     .title = "Task",
     .summary = "A task in full: definition, next times, latest runs, success rate and durations over 30 days.",
     .mime_type = kJson,
     .variables = kTask,
     .watch = Watch::task,
     .example = "task://morning-brief",
     .read = read_task},
    {.pattern = "task://{name}/next",
     .name = "task_next",
     .title = "Coming times of a task",
     .summary = "The next 50 times of a task, as JSON and as a calendar.",
     .mime_type = kJson,
     .variables = kTask,
     .watch = Watch::task,
     .example = "task://morning-brief/next",
     .read = read_next},
};

}  // namespace

std::span<const Resource> task_resources() { return kTaskResources; }

std::string task_uri(std::string_view task) { return fill_uri(kTaskResources[0].pattern, {task}); }

}  // namespace carillon::tools
