// A schedule text: what is understood reads back as the same schedule, is stored and read again, and has slots that
// ascend; what is refused says where. Nothing takes long.
#include "server/base/check.h"
#include "server/domain/schedule/schedule.h"
#include "tests/fuzz/patience.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void check_schedule(const Schedule& schedule, const WhenContext& context) {
  const auto slots = next_slots(schedule, context.now, 5);
  for (std::size_t i = 1; i < slots.size(); ++i) CARILLON_CHECK(slots[i - 1].at < slots[i].at);
  CARILLON_CHECK(slots.empty() || slots.front().at > context.now);
  const auto again = parse_when(reads(schedule), context);
  CARILLON_CHECK(again.ok());
  CARILLON_CHECK(reads(*again) == reads(schedule));
  const auto others = next_slots(*again, context.now, 5);
  CARILLON_CHECK(others.size() == slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) CARILLON_CHECK(others[i].at == slots[i].at);
  CARILLON_CHECK(schedule_from_json(to_json(schedule)).ok());
}

void when(std::string_view text) {
  const WhenContext context{*parse_rfc3339("2026-11-20T13:00:00Z"), "Europe/Berlin"};
  const Patience patience;
  const auto schedule = parse_when(text, context);
  if (schedule) {
    check_schedule(*schedule, context);
  } else {
    CARILLON_CHECK(schedule.error().details.at("position") <= text.size());
  }
  patience.check();
}

const Target kWhenTarget{"when", when};

}  // namespace
}  // namespace carillon::fuzz
