// One trigger, made ready to be asked for its slots: where wall-clock candidates become instants.
//
// Holds the zone, so a source belongs to one question and is not kept (tzdata may change). Immutable; thread-safe.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "server/domain/schedule/elapsed_grid.h"
#include "server/domain/schedule/local_rule.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

class SlotSource {
 public:
  explicit SlotSource(const Trigger& trigger);
  // The first slot strictly after that instant.
  std::optional<Slot> after(Instant instant) const;

 private:
  struct Bounds {
    Instant until = Instant::max();    // inclusive
    std::int64_t local = kLastSecond;  // for rules that step in local time: no candidate after it
  };
  std::optional<Slot> unbounded_after(Instant instant) const;
  std::optional<Slot> rule_after(Instant instant) const;
  std::optional<Slot> local_after(const LocalRule& rule, UtcSeconds from) const;
  std::optional<Slot> interval_after(const IntervalTrigger& interval, Instant instant) const;
  std::optional<Slot> window_after(const IntervalTrigger& interval, Instant instant) const;
  std::optional<Slot> reminder_after(const ReminderTrigger& reminder, Instant instant) const;
  void prepare(const RuleTrigger& trigger);

  const Trigger& trigger_;
  Zone zone_;
  std::variant<std::monostate, LocalRule, ElapsedGrid> rule_;
  Bounds bounds_;
  std::vector<Instant> added_, removed_;  // RDATE and EXDATE, sorted
};

// When a condition looks at its tool again; nothing for other triggers.
std::optional<Instant> next_look(const Trigger& trigger, Instant after);

// A wall-clock time as an instant: the shifted one in a gap, the first of two.
UtcSeconds instant_of(const Zone& zone, LocalSeconds local);
UtcSeconds instant_of(const Zone& zone, const IcalTime& time);

// A rule without DTSTART starts at the next full minute, or second when it speaks of seconds.
LocalSeconds default_start(LocalSeconds now, const RecurrenceRule& rule);

// COUNT's last occurrence, in the seconds of the rule's clock (local, or UTC below a day); nothing when the rule ends
// before, or has no COUNT. too_many: the rule would have to be walked too far.
struct CountedEnd {
  std::optional<Seconds> last;
  bool too_many = false;
};
CountedEnd counted_end(const RecurrenceRule& rule, LocalSeconds start, const Zone& zone);

}  // namespace carillon
