// Schedules: when a task is due, as a value, and the pure functions over it.
//
// A Schedule is what a `when` text means once "now" is settled: anchors are stored, so the same schedule gives the same
// slots for ever. The next slot comes from the schedule and `after`, never from the previous run. Nothing here
// reads a clock. next_slots jumps to `after` and is bounded in time, also for rules that never match.
//
// Values; thread-safe as such.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/schedule/trigger.h"
#include "server/domain/schedule/zone.h"

namespace carillon {

// The days of a named calendar, as they were when the task was saved or the calendar last changed: on those nothing is
// due, or on those alone something is. Of several that say `only`, any may name the day.
struct CalendarDays {
  enum class Use { exclude, only } use = Use::exclude;
  std::string name;
  std::vector<std::int32_t> days;  // since 1 January 1970, in the schedule's zone; ascending, each once
};

struct Schedule {
  std::string text;               // as typed; two schedules are "unchanged" when this is the same
  std::string zone;               // of the task
  std::vector<Trigger> triggers;  // joined by `or`; never empty
  std::optional<Instant> start;   // bounds, both inclusive
  std::optional<Instant> until;
  std::vector<CalendarDays> calendars{};

  ScheduleKind kind() const { return triggers.front().kind(); }
};

struct Slot {
  enum class Note { none, shifted_by_gap, first_of_two, second_of_two };
  Instant at;
  Note note = Note::none;
  LocalSeconds wanted{};  // the wall-clock time that was asked for, when there is a note
};

struct WhenContext {
  Instant now;
  std::string zone;  // of naive times: the task's, else the agent's, the tenant's, the machine's
  std::optional<DstGap> gap{};
  std::optional<DstOverlap> overlap{};
};

// The `when` language (docs/when.md). Errors: when_ambiguous, when_in_past, never_fires, unknown_zone,
// arguments_invalid; with details {"position": where in the text, in bytes from 0, the first word begins that cannot
// stand, "now": "Fri 2026-11-20 14:05 Europe/Berlin"} and candidates.
Result<Schedule> parse_when(std::string_view text, const WhenContext& context);

// The long form: schedule_kind, which is any ScheduleKind, and schedule_expr, what follows its first word, as Ordinaut
// writes them: ("event", "deploy.finished") is `on event deploy.finished`. `position` counts in the expression.
Result<Schedule> parse_long_form(std::string_view kind, std::string_view expression, const WhenContext& context);

// At most n slots strictly after `after`, ascending, each instant once: those of the triggers that the clock sets off,
// and the first of a fixed delay. Fewer: the schedule ends there.
std::vector<Slot> next_slots(const Schedule& schedule, Instant after, std::size_t n);
std::optional<Slot> next_slot(const Schedule& schedule, Instant after);
// Whether its calendars leave that day to the schedule; also asked about what no clock sets off.
bool is_open_day(const Schedule& schedule, Instant at);
// The slots in (after, until], the first `limit` of them.
std::vector<Slot> slots_between(const Schedule& schedule, Instant after, Instant until, std::size_t limit);

// The slot that the end of a run brings about, when the schedule has a fixed delay.
std::optional<Slot> slot_after_run(const Schedule& schedule, Instant finished);
// The shortest of its fixed delays, counted from the ends of the task's own runs.
std::optional<Duration> delay_after_run(const Schedule& schedule);
// The schedule whose fixed delay stands at that slot, or at none while no end of a run has brought one about. What
// parse_when gives stands at the first one.
Schedule with_delay_slot(Schedule schedule, std::optional<Instant> slot);
// Runs may still come although there is no next slot: something else than the clock starts them, a hand at least.
bool is_open_ended(const Schedule& schedule);

// Plain language: "weekdays at 07:30". Parsed again with the same context it is the same schedule; what English cannot
// say ends with the rule or cron line in parentheses.
std::string reads(const Schedule& schedule);

// "the next slot is more than a year away" and the like; empty when there is nothing to say.
std::vector<std::string> schedule_warnings(const Schedule& schedule, Instant now);

// How the database keeps it; from_json trusts only what to_json wrote (anything else: arguments_invalid).
json to_json(const Schedule& schedule);
Result<Schedule> schedule_from_json(const json& stored);

// "Mon 2026-11-23 07:30 (in 2 d 17 h)"; past times say "2 h ago".
std::string describe_instant(Instant instant, std::string_view zone, Instant now);
// "Mon 2026-11-23 07:30 Europe/Berlin"
std::string describe_local(Instant instant, std::string_view zone);
// "2026-11-23T07:30:00+01:00"; a fraction of a second is shown where there is one.
std::string to_rfc3339_in(Instant instant, std::string_view zone);
// "in 2 d 17 h", "2 h ago", "now"
std::string describe_distance(Instant instant, Instant now);
// "02:30 does not exist on 2027-03-28, clocks go forward: 03:30 instead"; empty without a note.
std::string describe_note(const Slot& slot, std::string_view zone);

}  // namespace carillon
