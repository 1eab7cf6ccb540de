#include <algorithm>
#include <functional>

#include "server/domain/moment.h"
#include "server/domain/schedule/chain.h"
#include "server/domain/schedule/reminder.h"
#include "server/engine/awaiting.h"
#include "server/engine/confirmation.h"
#include "server/engine/conflicts.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/paging.h"
#include "server/engine/standing.h"

// preview: when something would run. Saves nothing.

namespace carillon {

namespace {

constexpr Duration kAgendaDefault = std::chrono::days{7};
constexpr int kAgendaTasksMax = 500;

struct Window {
  Instant from;
  std::optional<Instant> to{};
};

Result<Window> read_window(const Preview& query, Instant now, const std::string& zone) {
  Window window{.from = now};
  if (query.from) {
    const auto from = read_moment(*query.from, {.now = now, .zone = zone, .pointer = "/from"});
    if (!from) return from.error();
    window.from = *from;
  }
  if (query.to) {
    const auto to = read_moment(*query.to, {.now = now, .zone = zone, .pointer = "/to"});
    if (!to) return to.error();
    if (*to <= window.from)
      return Error{ErrorCode::arguments_invalid, "the window ends before it begins", "/to", *query.to};
    window.to = *to;
  }
  return window;
}

// The first `count` of the window, and whether there are more.
void fill(Previewed& previewed, std::vector<NextSlot> slots, const Window& window, std::size_t count) {
  std::erase_if(slots, [&](const NextSlot& slot) { return window.to && slot.at > *window.to; });
  previewed.more = slots.size() > count;
  if (previewed.more) slots.resize(count);
  previewed.next = std::move(slots);
}

// What the tasks that a schedule names make of it. Asked only where it names any: most previews need no database, and
// are answered by the thread that read the call.
struct AmongTasks {
  Schedule standing;
  std::vector<std::string> warnings{};
};

bool names_tasks(const Schedule& schedule) {
  return !awaited_tasks(schedule).empty() || !reminded_tasks(schedule).empty();
}

struct Asking {
  Instant now;
  const std::string& zone;
  const QuietOwner owner;
  const QuietSettings& quiet;
  std::function<AmongTasks(const Schedule&)> among_tasks;
};

// Where conflicts are looked for.
Horizon horizon_of(const Window& window) { return {window.from, window.to.value_or(window.from + kAgendaDefault)}; }

Result<Previewed> preview_when(const Asking& asking, const Preview& query) {
  const auto& [now, zone, owner, quiet, among_tasks] = asking;
  const auto schedule =
      parse_when(*query.when, {.now = now, .zone = zone, .gap = query.dst_gap, .overlap = query.dst_overlap});
  if (!schedule) return schedule.error();
  const auto window = read_window(query, now, zone);
  if (!window) return window.error();
  AmongTasks among = names_tasks(*schedule) ? among_tasks(*schedule) : AmongTasks{*schedule};
  TaskDefinition definition;
  definition.action.kind = ActionKind::tool;  // nobody has said yet; the quiet hours of messages are not meant
  definition.schedule = std::move(among.standing);
  Previewed previewed{.kind = std::string(name_of(schedule->kind())),
                      .reads = reads(*schedule),
                      .zone = schedule->zone,
                      .warnings = schedule_warnings(*schedule, now),
                      .now = now};
  for (auto& warning : among.warnings) previewed.warnings.push_back(std::move(warning));
  previewed.confirm = to_text(confirmation_of(definition.schedule, *query.when, now));
  const auto count = static_cast<std::size_t>(query.count);
  const Rhythm rhythm{.definition = definition,
                      .last_slot = window->from - Duration{1},
                      .quiet = quiet_hours_of(definition, owner, quiet)};
  fill(previewed, upcoming(rhythm, window->from, count + 1), *window, count);
  previewed.conflicts = find_quiet_conflicts(rhythm, horizon_of(*window));
  return previewed;
}

Result<Previewed> preview_task(const RhythmSource& source, const Preview& query, Instant now) {
  const auto task = find_task(source.tx, source.tenant, {.text = *query.task});
  if (!task) return task.error();
  const auto definition = definition_of(*task);
  if (!definition) return definition.error();
  const auto window = read_window(query, now, definition->schedule.zone);
  if (!window) return window.error();
  Previewed previewed{.kind = std::string(name_of(definition->schedule.kind())),
                      .reads = reads(definition->schedule),
                      .zone = definition->schedule.zone,
                      .warnings = schedule_warnings(definition->schedule, now),
                      .now = now};
  for (auto& warning : awaited_warnings(source.tx, source.tenant, definition->schedule))
    previewed.warnings.push_back(std::move(warning));
  for (auto& note : look_notes(source.tx, source.tenant, {task->id, definition->schedule, now}))
    previewed.warnings.push_back(std::move(note));
  if (task->state == TaskState::paused) previewed.warnings.emplace_back("the task is paused; this is what would run");
  Rhythm rhythm = rhythm_of(source, *task, *definition);
  rhythm.last_slot = window->from - Duration{1};
  const auto count = static_cast<std::size_t>(query.count);
  fill(previewed, upcoming(rhythm, window->from, count + 1), *window, count);
  previewed.conflicts = find_conflicts(source, *task, rhythm, horizon_of(*window));
  if (delay_after_run(definition->schedule) && !task->delay_slot && task->state == TaskState::active)
    previewed.warnings.emplace_back("the next slot is known when the run that is going has ended");
  return previewed;
}

Result<Previewed> preview_agenda(const RhythmSource& source, const Preview& query, Window window) {
  if (!window.to) window.to = window.from + kAgendaDefault;
  const auto count = static_cast<std::size_t>(query.count);
  Previewed previewed{};
  for (const TaskRecord& task : TaskStore{source.tx}.upcoming(source.tenant, *window.to, kAgendaTasksMax)) {
    const auto definition = definition_of(task);
    if (!definition) continue;
    Rhythm rhythm = rhythm_of(source, task, *definition);
    rhythm.last_slot = std::max(task.last_slot, window.from - Duration{1});
    for (NextSlot& slot : upcoming(rhythm, window.from, count + 1))
      if (slot.at <= *window.to) previewed.agenda.push_back({slot.at, task.name, task.zone, std::move(slot.note)});
  }
  std::stable_sort(previewed.agenda.begin(), previewed.agenda.end(),
                   [](const AgendaEntry& a, const AgendaEntry& b) { return a.at < b.at; });
  previewed.more = previewed.agenda.size() > count;
  if (previewed.more) previewed.agenda.resize(count);
  return previewed;
}

}  // namespace

Result<Previewed> Engine::preview(const Caller& caller, const Preview& query) {
  if (auto fit = check_limit(query.count, "/count"); !fit) return fit.error();
  if ((query.dst_gap || query.dst_overlap) && !query.when)
    return Error{ErrorCode::arguments_invalid,
                 "dst_gap and dst_overlap belong to a when; a task has its own in options",
                 query.dst_gap ? "/dst_gap" : "/dst_overlap"};
  if (query.when && query.task)
    return Error{ErrorCode::arguments_invalid, "give when or task, not both", "/task", *query.task};
  const Instant now = parts_.clock.now();
  const std::string zone = query.timezone.value_or(zone_of(caller));
  if (const auto known = find_zone(zone, "/timezone"); !known) return known.error();
  if (query.when) {
    const auto among_tasks = [&](const Schedule& schedule) {
      return parts_.store.in_tx(caller.tenant, [&](Tx& tx) {
        return AmongTasks{with_known_anchors(tx, caller.tenant, schedule),
                          awaited_warnings(tx, caller.tenant, schedule)};
      });
    };
    return preview_when({now, zone, {caller.tenant, caller.agent}, options_.quiet, among_tasks}, query);
  }
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<Previewed> {
    const RhythmSource source{tx, caller.tenant, options_.quiet};
    if (query.task) return preview_task(source, query, now);
    const auto window = read_window(query, now, zone);
    if (!window) return window.error();
    auto agenda = preview_agenda(source, query, *window);
    if (!agenda) return agenda;
    agenda->zone = zone;
    agenda->now = now;
    return agenda;
  });
}

}  // namespace carillon
