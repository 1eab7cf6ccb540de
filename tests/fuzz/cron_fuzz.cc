// A cron line: what parses parses again as it was folded, and its next slot is found in bounded time.
#include "server/base/check.h"
#include "server/domain/schedule/schedule.h"
#include "tests/fuzz/patience.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void cron(std::string_view text) {
  const auto cron = parse_cron(text);
  if (!cron) {
    CARILLON_CHECK(cron.error().details.at("position") <= text.size());
    return;
  }
  const auto again = parse_cron(cron->text);
  CARILLON_CHECK(again.ok() && again->hours == cron->hours && again->minutes == cron->minutes);
  const Schedule schedule{
      "", "Europe/Berlin", {{CronTrigger{*cron}, "Europe/Berlin", DstGap::earliest_after, DstOverlap::both}}, {}, {}};
  const Patience patience;
  Instant after = *parse_rfc3339("2027-10-30T20:00:00Z");
  for (const auto& slot : next_slots(schedule, after, 5)) {
    CARILLON_CHECK(slot.at > after);
    after = slot.at;
  }
  patience.check();
}

const Target kCronTarget{"cron", cron};

}  // namespace
}  // namespace carillon::fuzz
