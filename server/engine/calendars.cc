#include "server/engine/calendars.h"

#include <algorithm>

#include "server/domain/nearest.h"
#include "server/engine/awaiting.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/standing.h"
#include "server/store/calendar_store.h"

namespace carillon {

namespace {

constexpr std::size_t kNameBytesMax = 200;

Error unknown_calendar(Tx& tx, const TenantId& tenant, const std::string& name, const std::string& pointer) {
  std::vector<std::string> names;
  for (const auto& calendar : CalendarStore{tx}.list(tenant)) names.push_back(calendar.name);
  const auto close = nearest(name, names);
  Error error{ErrorCode::unknown_name,
              "there is no calendar \"" + name + "\"" + did_you_mean(close) + "; carillon calendar add makes one",
              pointer, name};
  error.details["nearest"] = close;
  return error;
}

Status check_calendar(const SaveCalendar& command) {
  if (command.name.empty() || command.name.size() > kNameBytesMax)
    return Error{ErrorCode::arguments_invalid, "a calendar's name has 1 to 200 characters", "/name"};
  if (command.days.empty()) return Error{ErrorCode::arguments_invalid, "a calendar has at least one day", "/days"};
  if (command.days.size() > kCalendarDaysMax)
    return Error{ErrorCode::too_large, "a calendar has at most " + std::to_string(kCalendarDaysMax) + " days", "/days"};
  return Done{};
}

// The task with the calendar's new days: another version, and the next slot that follows from it.
void derive_anew(Tx& tx, Telling& telling, const Call& call, const TaskRecord& task, const CalendarRecord& calendar) {
  const TenantId& tenant = call.caller.tenant;
  auto definition = definition_of(task);
  if (!definition) return;
  for (auto& used : definition->schedule.calendars)
    if (used.name == calendar.name) used.days = calendar.days;
  TaskRecord changed = task;
  changed.version += 1;
  changed.updated_at = call.now;
  const auto next = next_slot(standing_schedule(tx, tenant, task, *definition), task.last_slot);
  if (task.state != TaskState::paused)
    changed.state = next || is_open_ended(definition->schedule) ? TaskState::active : TaskState::done;

  TaskStore tasks{tx};
  tasks.copy_version(tenant, changed, *definition);
  tasks.update(tenant, changed, *definition);
  ScheduleStanding standing{.shard = task.shard,
                            .task_version = changed.version,
                            .last_slot = task.last_slot,
                            .next_fire_at = next ? std::optional{next->at} : std::nullopt};
  if (changed.state != TaskState::active) standing.next_fire_at.reset();
  tasks.set_schedule(tenant, task.id, standing);
  if (changed.state != task.state) tasks.set_state(tenant, task.id, changed.state, {task.state}, call.now);
  telling.task_event("task.updated", changed, {{"changed", {"calendar " + calendar.name}}});
  telling.schedule_changed(task.shard);
  tell_reminders(tx, telling, task.name);
}

json audited(const CalendarRecord& calendar) {
  return {{"name", calendar.name}, {"description", calendar.description}, {"days", reads(calendar.days)}};
}

std::string calendar_subject(const std::string& name) { return "calendar:" + name; }

Result<CalendarSaved> save(Tx& tx, Telling& telling, const Call& call, const SaveCalendar& command) {
  const TenantId& tenant = call.caller.tenant;
  CalendarStore calendars{tx};
  const auto before = calendars.share(tenant, command.name);
  const CalendarRecord after{.name = command.name,
                             .description = command.description.value_or(before ? before->description : ""),
                             .days = in_order(command.days),
                             .updated_at = call.now,
                             .updated_by = call.caller.agent.str()};
  CalendarSaved saved{.name = command.name,
                      .result = before ? "updated" : "created",
                      .days = static_cast<std::int64_t>(after.days.size()),
                      .at = call.now};
  if (before && before->days == after.days && before->description == after.description) {
    saved.result = "unchanged";
    return saved;
  }
  calendars.save(tenant, after);
  telling.audit(calendar_subject(command.name), before ? audited(*before) : json(nullptr), audited(after));
  if (before && before->days == after.days) return saved;
  for (const CalendarUser& user : calendars.users(tenant, command.name)) {
    const auto task = TaskStore{tx}.lock(tenant, {.id = user.task}, user.living ? Living::yes : Living::no);
    if (!task) continue;
    derive_anew(tx, telling, call, *task, after);
    if (user.living) saved.tasks.push_back(user.name);
  }
  return saved;
}

std::vector<std::string> living_users(CalendarStore& calendars, const TenantId& tenant, const std::string& name) {
  std::vector<std::string> tasks;
  for (const CalendarUser& user : calendars.users(tenant, name))
    if (user.living) tasks.push_back(user.name);
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

}  // namespace

Status resolve_calendars(Tx& tx, const Call& call, TaskDefinition& definition, const Schedule* before) {
  definition.schedule.calendars.clear();
  const auto& use = definition.options.calendars;
  if (!use) return Done{};
  const auto add = [&](const std::vector<std::string>& names, CalendarDays::Use how) -> Status {
    for (const auto& name : names) {
      auto calendar = CalendarStore{tx}.share(call.caller.tenant, name);
      if (!calendar) return unknown_calendar(tx, call.caller.tenant, name, "/options/calendars");
      definition.schedule.calendars.push_back({how, name, std::move(calendar->days)});
    }
    return Done{};
  };
  if (auto found = add(use->exclude, CalendarDays::Use::exclude); !found) return found.error();
  if (auto found = add(use->only, CalendarDays::Use::only); !found) return found.error();
  if (before != nullptr && to_json(*before) == to_json(definition.schedule)) return Done{};
  if (is_open_ended(definition.schedule) || next_slot(definition.schedule, call.now - Duration{1})) return Done{};
  return Error{ErrorCode::never_fires, "these calendars leave the schedule no slot", "/options/calendars"};
}

Result<CalendarSaved> Engine::save_calendar(const Caller& caller, const SaveCalendar& command) {
  if (auto fit = check_calendar(command); !fit) return fit.error();
  const Call call{caller, "save_calendar", command.key, parts_.clock.now()};
  return run_once<CalendarSaved>(parts_.store, listeners(), call,
                                 [&](Tx& tx, Telling& telling) { return save(tx, telling, call, command); });
}

Result<CalendarDeleted> Engine::delete_calendar(const Caller& caller, const DeleteCalendar& command) {
  const Call call{caller, "delete_calendar", command.key, parts_.clock.now()};
  const std::string& name = command.name;
  return run_once<CalendarDeleted>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<CalendarDeleted> {
        CalendarStore calendars{tx};
        if (!calendars.remove(caller.tenant, name)) return unknown_calendar(tx, caller.tenant, name, "/name");
        const auto tasks = living_users(calendars, caller.tenant, name);
        if (!tasks.empty()) {
          std::string list;
          for (const auto& task : tasks) list += (list.empty() ? "" : ", ") + task;
          Error error{ErrorCode::conflict,
                      "the calendar is used by " + list + "; take it out of their options.calendars first", "/name",
                      name};
          error.details["tasks"] = tasks;
          return error;
        }
        telling.audit(calendar_subject(name), {{"name", name}}, nullptr);
        return CalendarDeleted{name, call.now};
      });
}

Result<std::vector<CalendarView>> Engine::list_calendars(const Caller& caller, const std::optional<std::string>& name) {
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<std::vector<CalendarView>> {
    CalendarStore calendars{tx};
    std::vector<CalendarView> views;
    for (auto& calendar : calendars.list(caller.tenant)) {
      if (name && calendar.name != *name) continue;
      auto tasks = living_users(calendars, caller.tenant, calendar.name);
      views.push_back({calendar.name, calendar.description, std::move(calendar.days), std::move(tasks),
                       calendar.updated_at, calendar.updated_by});
    }
    if (name && views.empty()) return unknown_calendar(tx, caller.tenant, *name, "/name");
    return views;
  });
}

}  // namespace carillon
