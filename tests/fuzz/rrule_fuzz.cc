// A recurrence rule: what parses writes itself as the same rule, and expands in bounded time from any start.
#include "server/base/check.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_source.h"
#include "tests/fuzz/patience.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void rrule(std::string_view text) {
  const auto rule = parse_rrule(text);
  if (!rule) {
    CARILLON_CHECK(rule.error().details.at("position") <= text.size());
    return;
  }
  const auto again = parse_rrule(to_text(*rule));
  CARILLON_CHECK(again.ok() && *again == *rule);
  const Patience patience;
  RuleTrigger trigger{ScheduleKind::rrule, *rule,
                      LocalSeconds{std::chrono::local_days{std::chrono::March / 28 / 2027}}};
  const auto end = counted_end(*rule, trigger.start, *Zone::named("Europe/Berlin"));
  if (end.too_many) return;
  trigger.last = end.last;
  const Schedule schedule{"", "Europe/Berlin", {{trigger, "Europe/Berlin", DstGap::shift, DstOverlap::both}}, {}, {}};
  Instant after = *parse_rfc3339("2027-03-27T20:00:00Z");
  for (const auto& slot : next_slots(schedule, after, 5)) {
    CARILLON_CHECK(slot.at > after);
    after = slot.at;
  }
  patience.check();
}

const Target kRruleTarget{"rrule", rrule};

}  // namespace
}  // namespace carillon::fuzz
