#include "server/domain/ordinaut.h"
#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/paging.h"
#include "tools/pipeline_answers.h"
#include "tools/resource_uri.h"
#include "tools/schemas.h"
#include "tools/task_answers.h"
#include "tools/tool.h"
#include "tools/webhook_door.h"

namespace carillon::tools {
namespace {

// What the arguments say about the task itself, without those that belong to the command.
Result<TaskDraft> draft_of(json arguments) {
  for (const char* name : {"name", "task", "on_conflict", "confirm", "dry_run", "new_name", "expected_version",
                           "restore", "client_generated_id"})
    arguments.erase(name);
  if (arguments.contains("schedule_kind")) arguments.erase("when");
  return read_draft(arguments);
}

OnConflict on_conflict_of(const json& arguments) {
  const std::string word = text_of(arguments, "on_conflict");
  return word == "update" ? OnConflict::update : word == "keep" ? OnConflict::keep : OnConflict::error;
}

// Ordinaut's task files. Its long form of a schedule goes past the schema, which asks for `when`.
Result<Translated> accept_ordinaut(json arguments) {
  if (!arguments.is_object() || !is_ordinaut(arguments)) return Translated{.arguments = std::move(arguments)};
  auto rewritten = from_ordinaut(arguments);
  if (!rewritten.ok()) return rewritten.error();
  Translated translated{.arguments = std::move(rewritten->arguments), .notes = std::move(rewritten->notes)};
  for (const char* name : {"schedule_kind", "schedule_expr"}) {
    const auto member = translated.arguments.find(name);
    if (member == translated.arguments.end()) continue;
    translated.aside[name] = *member;
    if (!translated.arguments.contains("when") && member->is_string() && !member->get<std::string>().empty())
      translated.arguments["when"] = *member;
    translated.arguments.erase(name);
  }
  return translated;
}

ToolOutcome schedule_task(CallContext& context, const json& arguments) {
  auto draft = draft_of(arguments);
  if (!draft.ok()) return draft.error();
  const ScheduleTask command{.key = command_key(arguments),
                             .name = text_of(arguments, "name"),
                             .draft = std::move(*draft),
                             .on_conflict = on_conflict_of(arguments),
                             .confirm = optional_of<std::string>(arguments, "confirm"),
                             .dry_run = flag_of(arguments, "dry_run")};
  const auto saved = context.ports.engine.schedule_task(context.caller, command);
  if (!saved.ok()) return saved.error();
  return answer(*saved, told_webhook(context.ports, {saved->new_webhook, Secret::shown}));
}

ToolOutcome update_task(CallContext& context, const json& arguments) {
  auto changes = draft_of(arguments);
  if (!changes.ok()) return changes.error();
  const UpdateTask command{.key = command_key(arguments),
                           .task = text_of(arguments, "task"),
                           .changes = std::move(*changes),
                           .new_name = optional_of<std::string>(arguments, "new_name"),
                           .expected_version = optional_of<int>(arguments, "expected_version"),
                           .restore = flag_of(arguments, "restore")};
  const auto saved = context.ports.engine.update_task(context.caller, command);
  if (!saved.ok()) return saved.error();
  return answer(*saved, told_webhook(context.ports, {saved->new_webhook, Secret::shown}));
}

// "any" asks for every state, which is what asking for none does.
std::vector<TaskFilter> filters_of(const json& arguments) {
  std::vector<TaskFilter> filters;
  for (const auto& word : arguments.value("state", std::vector<std::string>{})) {
    if (word == "any") return {};
    filters.push_back(word == "active"   ? TaskFilter::active
                      : word == "paused" ? TaskFilter::paused
                      : word == "done"   ? TaskFilter::done
                                         : TaskFilter::failing);
  }
  return filters;
}

ToolOutcome list_tasks(CallContext& context, const json& arguments) {
  const ListTasks query{.query = optional_of<std::string>(arguments, "query"),
                        .states = filters_of(arguments),
                        .kind = optional_of<std::string>(arguments, "kind"),
                        .agent = optional_of<std::string>(arguments, "agent"),
                        .tag = optional_of<std::string>(arguments, "tag"),
                        .priority = optional_of<int>(arguments, "priority"),
                        .limit = arguments.value("limit", kDefaultLimit),
                        .cursor = optional_of<std::string>(arguments, "cursor")};
  return page_that_fits(query, format_of(arguments),
                        [&](const ListTasks& q) { return context.ports.engine.list_tasks(context.caller, q); });
}

ToolOutcome get_task(CallContext& context, const json& arguments) {
  const auto detail = context.ports.engine.get_task(context.caller, {.task = text_of(arguments, "task")});
  if (!detail.ok()) return detail.error();
  return answer(*detail, format_of(arguments), told_webhook(context.ports, {detail->webhook, Secret::kept}));
}

// The plan of a pipeline has no times.
Result<Answer> preview_plan(const CallContext& context, const json& arguments) {
  for (const char* other : {"when", "task", "from", "to", "calendar"})
    if (arguments.contains(other))
      return Error{ErrorCode::arguments_invalid,
                   "give a pipeline or steps for their plan, or when or task for their times, not both",
                   "/" + std::string(other)};
  const PreviewPlan query{.pipeline = optional_of<std::string>(arguments, "pipeline"),
                          .steps = optional_of<json>(arguments, "steps"),
                          .input = arguments.value("input", json::object()),
                          .stubs = optional_of<json>(arguments, "stubs")};
  const auto planned = context.ports.engine.preview_plan(context.caller, query);
  if (!planned.ok()) return planned.error();
  return answer(*planned);
}

ToolOutcome preview(CallContext& context, const json& arguments) {
  for (const char* of_plan : {"pipeline", "steps", "stubs", "input"})
    if (arguments.contains(of_plan)) return settled(preview_plan(context, arguments));
  const Preview query{.when = optional_of<std::string>(arguments, "when"),
                      .timezone = optional_of<std::string>(arguments, "timezone"),
                      .dst_gap = dst_gap_named(text_of(arguments, "dst_gap")),
                      .dst_overlap = dst_overlap_named(text_of(arguments, "dst_overlap")),
                      .task = optional_of<std::string>(arguments, "task"),
                      .from = optional_of<std::string>(arguments, "from"),
                      .to = optional_of<std::string>(arguments, "to"),
                      .count = arguments.value("count", kPreviewDefault)};
  const auto previewed = context.ports.engine.preview(context.caller, query);
  if (!previewed.ok()) return previewed.error();
  Answer shown = answer(*previewed);
  if (!flag_of(arguments, "calendar")) return shown;
  const std::string text = calendar_text(*previewed, query.task.value_or(query.when.value_or("")));
  shown.structured["calendar"] = text;
  shown.text += "\n" + text;
  return shown;
}

// A key by itself is one of the default namespace; others are named by their URI.
StateKey state_key_named(const std::string& name) {
  if (const auto uri = parse_uri(name))
    if (const auto found = match_uri("state://{namespace}/{key}", *uri))
      return {found->at("namespace"), found->at("key")};
  return {.key = name};
}

ToolOutcome delete_item(CallContext& context, const json& arguments) {
  const std::string name = text_of(arguments, "name");
  const DeleteItem command{.key = command_key(arguments),
                           .kind = text_of(arguments, "kind"),
                           .name = name,
                           .entry = state_key_named(name),
                           .hard = flag_of(arguments, "hard")};
  const auto deleted = context.ports.engine.delete_item(context.caller, command);
  if (!deleted.ok()) return deleted.error();
  return answer(*deleted);
}

const Tool kTaskTools[] = {
    {.name = "schedule_task",
     .title = "Schedule a task",
     .summary = "Create a durable reminder, recurring job, cron, timer, event or webhook trigger. Provide when plus "
                "exactly one of tool, pipeline, steps, prompt or message. Returns the schedule with the next three "
                "times. Repeating a "
                "call changes nothing.",
     .input_schema = schemas::schedule_task,
     .output_schema = output_schemas::schedule_task.text,
     .hints = {.idempotent = true, .open_world = true},
     .scope = Scope::schedule,
     .toolset = Toolset::core,
     .example = R"({"name": "check-build", "when": "in 20m", "message": "Check the build"})",
     .call = schedule_task,
     .translate = accept_ordinaut,
     .makes_tasks = true},
    {.name = "list_tasks",
     .title = "List tasks",
     .summary = "Find tasks. Returns rows, total, next_cursor.",
     .input_schema = schemas::list_tasks,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::core,
     .example = R"({"state": ["active"], "tag": "work"})",
     .call = list_tasks},
    {.name = "get_task",
     .title = "Show a task",
     .summary =
         "One task in full: definition, next five times, last five runs, success rate and durations over 30 days.",
     .input_schema = schemas::get_task,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::core,
     .example = R"({"task": "morning-brief"})",
     .call = get_task},
    {.name = "update_task",
     .title = "Change a task",
     .summary =
         "Change the given fields, or restore a deleted task. An empty string or list clears. Returns what changed.",
     .input_schema = schemas::update_task,
     .hints = {.idempotent = true, .open_world = true},
     .scope = Scope::schedule,
     .toolset = Toolset::core,
     .example = R"({"task": "morning-brief", "when": "weekdays at 08:00"})",
     .call = update_task,
     .makes_tasks = true},
    {.name = "preview",
     .title = "Preview",
     .summary = "The next times of a schedule text or of a task, the agenda of all tasks in a window, or the plan of a "
                "pipeline. Saves and calls nothing.",
     .input_schema = schemas::preview,
     .output_schema = output_schemas::preview.text,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::pipelines,
     .example = R"({"when": "weekdays at 09:00", "timezone": "Europe/Berlin", "count": 3})",
     .call = preview},
    {.name = "delete_item",
     .title = "Delete an item",
     .summary = "Delete a task, pipeline or state key; restorable 30 days unless hard, as runs are. Returns what "
                "refers to it.",
     .input_schema = schemas::delete_item,
     .hints = {.destroys = true, .idempotent = true},
     .scope = Scope::schedule,
     .toolset = Toolset::core,
     .example = R"({"kind": "task", "name": "morning-brief"})",
     .call = delete_item},
};

}  // namespace

std::span<const Tool> task_tools() { return kTaskTools; }

}  // namespace carillon::tools
