// Triggers: what may start a task, one struct a form of the `when` language.
//
// Slots of a trigger are known ahead when its source is the clock. The others start a task when something happens; what
// they say is here, who watches for it is the engine's business.
//
// Values; thread-safe as such.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/schedule/cron.h"
#include "server/domain/schedule/rrule.h"
#include "server/domain/schedule/zone.h"

namespace carillon {

// As time.md calls them, on the wire and in the database.
enum class ScheduleKind { once, interval, calendar, cron, rrule, event, webhook, condition, chain, manual };
std::string_view name_of(ScheduleKind kind);
std::optional<ScheduleKind> schedule_kind_named(std::string_view name);

// What sets a trigger off.
enum class TriggerSource {
  clock,      // its slots are known ahead
  hand,       // run_now alone
  run_end,    // the end of the task's own last run
  task_slot,  // the slots of another task
  event,
  webhook,
  condition,  // the result of a tool that is called on a rhythm
  chain,      // the end of another task's run
};
std::string_view name_of(TriggerSource source);

// A wall-clock time that does not exist (02:30 when clocks jump from 2 to 3).
enum class DstGap {
  shift,           // 03:30: read with the offset before the change (RFC 5545 3.3.5); default of rules
  earliest_after,  // 03:00: at the end of the gap, as Debian's cron; default of cron
  skip,
};
// A wall-clock time that comes twice.
enum class DstOverlap { first, second, both };
std::string_view name_of(DstGap gap);
std::string_view name_of(DstOverlap overlap);
std::optional<DstGap> dst_gap_named(std::string_view name);
std::optional<DstOverlap> dst_overlap_named(std::string_view name);

// A length of time: calendar units apart from elapsed ones.
struct TimeSpan {
  std::int64_t months = 0, days = 0, seconds = 0;
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

struct ManualTrigger {};

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

// So long after the end of each run, in elapsed time. The first slot is the only one that is known ahead.
struct DelayTrigger {
  Duration delay;
  Instant first;
};

// A recurrence rule with its anchor.
struct RuleTrigger {
  ScheduleKind said_as;  // calendar (a phrase) or rrule
  RecurrenceRule rule;
  LocalSeconds start;  // DTSTART
  std::vector<IcalTime> exdates{}, rdates{};
  std::optional<Seconds> last{};  // of a rule with COUNT: its last occurrence, local, or UTC for rules below a day
  bool anchored = false;          // the start was said, or the rhythm depends on it: the reading names it
};

struct CronTrigger {
  CronExpression expression;
};

struct Anchor;  // reminder.h

// Ahead of a moment that is known, or of every slot of another task (see reminder.h).
struct ReminderTrigger {
  std::vector<TimeSpan> before;  // as said; never empty
  std::string task{};            // the other task's name; empty: `moment` is meant
  Instant moment{};
  std::shared_ptr<const Anchor> anchor{};  // that task as it stands, put in by whoever knows it; never stored
};

// Events whose type matches the pattern (event_filter.h).
struct EventTrigger {
  std::string pattern;  // words joined by dots; `*` is any one word, `#` any number of them
  std::string where;    // JMESPath over the event; empty: every one
};

// A signed POST to the task's own address.
struct WebhookTrigger {};

struct ChainTrigger {
  enum class On { succeeds, fails, finishes } on;
  std::string task;
};
std::string_view name_of(ChainTrigger::On on);

// A tool is called on a rhythm, and its result decides (condition.h).
struct ConditionTrigger {
  enum class Fires { edge, level };  // when the condition becomes true; at every look while it is
  std::string tool;                  // server.tool
  std::string arguments;             // a JSON object as text; "{}" for none
  std::string where;                 // JMESPath over the result; empty: the trigger fires when the result changes
  IntervalTrigger looks;
  Fires fires = Fires::edge;
};

struct Trigger {
  std::variant<ManualTrigger, OnceTrigger, IntervalTrigger, DelayTrigger, RuleTrigger, CronTrigger, ReminderTrigger,
               EventTrigger, WebhookTrigger, ChainTrigger, ConditionTrigger>
      body;
  std::string zone;  // of this trigger (CRON_TZ may differ from the task's); `local` follows the machine
  DstGap gap;
  DstOverlap overlap;
  std::optional<Instant> until{};  // inclusive; of this trigger alone

  ScheduleKind kind() const;
  TriggerSource source() const;
};

}  // namespace carillon
