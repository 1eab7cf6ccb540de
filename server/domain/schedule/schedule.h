// Schedules: when a task is due, as a value, and the pure functions over it.
//
// A Schedule is what a `when` text means once "now" is settled: anchors are stored, so the same schedule gives the same
// slots for ever. The next slot comes from the schedule and `after`, never from the previous run. Nothing here
// reads a clock. next_slots jumps to `after` and is bounded in time, also for rules that never match.
//
// Values; thread-safe as such.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/schedule/cron.h"
#include "server/domain/schedule/rrule.h"
#include "server/domain/schedule/zone.h"

namespace carillon {

// A kind is listed when the product can run it.
enum class ScheduleKind { once, interval, calendar, cron, rrule, manual };
std::string_view name_of(ScheduleKind kind);
std::optional<ScheduleKind> schedule_kind_named(std::string_view name);

// A wall-clock time that does not exist (02:30 when clocks jump from 2 to 3).
enum class DstGap {
  shift,           // 03:30: read with the offset before the change (RFC 5545 3.3.5); default of rules
  earliest_after,  // 03:00: at the end of the gap, as Debian's cron; default of cron
  skip,
};
// A wall-clock time that comes twice.
enum class DstOverlap { first, second, both };

struct OnceTrigger {
  Instant at;
};

// Slots at first, first + every, ... in elapsed time. With a window they start afresh at its beginning each day.
struct IntervalTrigger {
  struct Window {
    Seconds from;           // of the local day
    Seconds to;             // inclusive; not later than `from` means on the next day; 24 h means to the end of the day
    std::uint8_t weekdays;  // bit 0 is Monday; the day on which the window opens
  };
  Duration every;
  Instant first;
  std::optional<Window> window;
  bool anchored = true;  // the reading names the first slot
};

// A recurrence rule with its anchor.
struct RuleTrigger {
  ScheduleKind said_as;  // calendar (a phrase) or rrule
  RecurrenceRule rule;
  LocalSeconds start;  // DTSTART
  std::vector<LocalSeconds> exdates{}, rdates{};
  std::optional<Seconds> last{};  // of a rule with COUNT: its last occurrence, local, or UTC for rules below a day
  bool anchored = false;          // the start was said, or the rhythm depends on it: the reading names it
};

struct CronTrigger {
  CronExpression expression;
};

struct ManualTrigger {};

struct Trigger {
  std::variant<ManualTrigger, OnceTrigger, IntervalTrigger, RuleTrigger, CronTrigger> body;
  std::string zone;  // of this trigger (CRON_TZ may differ from the task's); `local` follows the machine
  DstGap gap;
  DstOverlap overlap;
  std::optional<Instant> until{};  // inclusive; of this trigger alone
  ScheduleKind kind() const;
};

struct Schedule {
  std::string text;               // as typed; two schedules are "unchanged" when this is the same
  std::string zone;               // of the task
  std::vector<Trigger> triggers;  // joined by `or`; never empty
  std::optional<Instant> start;   // bounds, both inclusive
  std::optional<Instant> until;

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

// The `when` language. Errors: when_ambiguous, when_in_past, never_fires, unknown_zone, arguments_invalid; with
// details {"position": byte offset in the text, "now": "Fri 2026-11-20 14:05 Europe/Berlin"} and candidates.
Result<Schedule> parse_when(std::string_view text, const WhenContext& context);

// The long form: schedule_kind (cron, rrule, once, interval, calendar, manual) and schedule_expr, as Ordinaut writes
// them.
Result<Schedule> parse_long_form(std::string_view kind, std::string_view expression, const WhenContext& context);

// At most n slots strictly after `after`, ascending, each instant once. Fewer: the schedule ends there.
std::vector<Slot> next_slots(const Schedule& schedule, Instant after, std::size_t n);
std::optional<Slot> next_slot(const Schedule& schedule, Instant after);
// The slots in (after, until], the first `limit` of them.
std::vector<Slot> slots_between(const Schedule& schedule, Instant after, Instant until, std::size_t limit);

// Plain language: "weekdays at 07:30". Parsed again in the same zone it gives the same slots.
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
// "2026-11-23T07:30:00+01:00"
std::string to_rfc3339_in(Instant instant, std::string_view zone);
// "in 2 d 17 h", "2 h ago", "now"
std::string describe_distance(Instant instant, Instant now);
// "02:30 does not exist on 2027-03-28, clocks go forward: 03:30 instead"; empty without a note.
std::string describe_note(const Slot& slot, std::string_view zone);

}  // namespace carillon
