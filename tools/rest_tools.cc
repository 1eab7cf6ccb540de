#include "server/domain/ics_days.h"
#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/render.h"
#include "tools/schemas.h"
#include "tools/tool.h"

// What scripts and people need and a chat does not: calendars and past slots. Offered over REST alone.

namespace carillon::tools {
namespace {

// The days that `days` and `ics` name together.
Result<Days> days_of(const json& arguments) {
  auto days = read_days(text_of(arguments, "days"), "/days");
  if (!days.ok() || !arguments.contains("ics")) return days;
  return with_days_of_ics(*std::move(days), text_of(arguments, "ics"), SystemClock{}.now());
}

ToolOutcome save_calendar(CallContext& context, const json& arguments) {
  auto days = days_of(arguments);
  if (!days.ok()) return days.error();
  const auto saved = context.ports.engine.save_calendar(
      context.caller, {.key = command_key(arguments),
                       .name = text_of(arguments, "name"),
                       .description = optional_of<std::string>(arguments, "description"),
                       .days = std::move(*days)});
  if (!saved.ok()) return saved.error();
  ordered_json facts{{"calendar", saved->name}, {"result", saved->result}, {"days", saved->days}};
  add(facts, "derived_anew", saved->tasks);
  return tell(facts);
}

ToolOutcome list_calendars(CallContext& context, const json& arguments) {
  const auto found = context.ports.engine.list_calendars(context.caller, optional_of<std::string>(arguments, "name"));
  if (!found.ok()) return found.error();
  ordered_json facts{{"calendars", ordered_json::array()}};
  for (const CalendarView& calendar : *found) {
    ordered_json row{{"calendar", calendar.name}, {"days", reads(calendar.days)}};
    add(row, "description", calendar.description);
    add(row, "tasks", calendar.tasks);
    row["updated_at"] = to_rfc3339(calendar.updated_at);
    row["updated_by"] = calendar.updated_by;
    facts["calendars"].push_back(row);
  }
  return tell(facts);
}

ToolOutcome delete_calendar(CallContext& context, const json& arguments) {
  const auto deleted = context.ports.engine.delete_calendar(
      context.caller, {.key = command_key(arguments), .name = text_of(arguments, "name")});
  if (!deleted.ok()) return deleted.error();
  return tell({{"calendar", deleted->name}, {"result", "deleted"}});
}

ToolOutcome backfill_task(CallContext& context, const json& arguments) {
  const auto done = context.ports.engine.backfill(context.caller, {.key = command_key(arguments),
                                                                   .task = text_of(arguments, "task"),
                                                                   .from = text_of(arguments, "from"),
                                                                   .to = arguments.value("to", std::string{"now"}),
                                                                   .dry_run = flag_of(arguments, "dry_run")});
  if (!done.ok()) return done.error();
  ordered_json facts{{"task", done->task}, {"slots", ordered_json::array()}};
  for (const Instant slot : done->slots) facts["slots"].push_back(to_rfc3339_in(slot, done->zone));
  add(facts, "runs", done->runs);
  facts["had_runs"] = done->had_runs;
  return tell(facts);
}

const Tool kRestTools[] = {
    {.name = "save_calendar",
     .title = "Save a calendar",
     .summary = "Make or replace a named calendar, from dates or the text of an iCalendar file. Tasks that use it get "
                "new next slots at once.",
     .input_schema = schemas::save_calendar,
     .hints = {.idempotent = true},
     .scope = Scope::schedule,
     .toolset = Toolset::core,
     .example = R"({"name": "holidays", "days": "2026-12-25, 2026-12-28..2027-01-01"})",
     .call = save_calendar},
    {.name = "list_calendars",
     .title = "List calendars",
     .summary = "The named calendars with their days and the tasks that use them.",
     .input_schema = schemas::list_calendars,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::core,
     .example = R"({"name": "holidays"})",
     .call = list_calendars},
    {.name = "delete_calendar",
     .title = "Delete a calendar",
     .summary = "Delete a named calendar that no task uses.",
     .input_schema = schemas::delete_calendar,
     .hints = {.destroys = true, .idempotent = true},
     .scope = Scope::schedule,
     .toolset = Toolset::core,
     .example = R"({"name": "holidays"})",
     .call = delete_calendar},
    {.name = "backfill_task",
     .title = "Run past slots",
     .summary = "Queue a run for each slot of a past range that had none; repeating it finds nothing left to do.",
     .input_schema = schemas::backfill_task,
     .hints = {.idempotent = true, .open_world = true},
     .scope = Scope::run,
     .toolset = Toolset::core,
     .example = R"({"task": "nightly-etl", "from": "2026-11-01", "to": "2026-11-19", "dry_run": true})",
     .call = backfill_task},
};

}  // namespace

std::span<const Tool> rest_tools() { return kRestTools; }

}  // namespace carillon::tools
