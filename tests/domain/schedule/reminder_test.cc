// Reminders: counted back on the calendar, and following the task that they stand ahead of.
#include "server/domain/schedule/reminder.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using carillon::test::kBerlin;
using carillon::test::kNow;

namespace {

std::vector<std::string> ahead_of_task(const std::string& reminder, const std::string& anchor, std::size_t n = 3) {
  const Schedule said = *parse_when(reminder, kBerlin);
  std::vector<std::string> out;
  for (const auto& slot :
       reminder_slots(std::get<ReminderTrigger>(said.triggers.front().body), {*parse_when(anchor, kBerlin)}, kNow, n))
    out.push_back(to_rfc3339_in(slot.at, "Europe/Berlin").substr(0, 16));
  return out;
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("reminders stand ahead of every slot of their task", "[domain][schedule][reminder]") {
  const auto [reminder, anchor, slots] = GENERATE(table<std::string, std::string, Times>({
      {"2h before task x", "weekdays at 09:00", {"2026-11-23T07:00", "2026-11-24T07:00", "2026-11-25T07:00"}},
      {"1d, 1h before task x", "weekdays at 09:00", {"2026-11-22T09:00", "2026-11-23T08:00", "2026-11-23T09:00"}},
      {"1 month before task x", "2027-03-31 09:00", {"2027-02-28T09:00"}},
      {"7d before task x", "2026-11-24 09:00", {}},
      {"1h before task x", "manual", {}},
      {"1 month before task x", "every day at 09:00", {"2026-11-21T09:00", "2026-11-22T09:00", "2026-11-23T09:00"}},
  }));
  INFO(reminder << " / " << anchor);
  CHECK(ahead_of_task(reminder, anchor) == slots);
}

TEST_CASE("four days of March have one reminder a month before", "[domain][schedule][reminder]") {
  const Schedule said = *parse_when("1 month before task x", kBerlin);
  const Schedule anchor = *parse_when("every day at 09:00", kBerlin);
  const auto slots = reminder_slots(std::get<ReminderTrigger>(said.triggers.front().body), {anchor},
                                    *parse_rfc3339("2027-02-26T12:00:00Z"), 3);
  REQUIRE(slots.size() == 3);
  CHECK(to_rfc3339_in(slots[0].at, "Europe/Berlin") == "2027-02-27T09:00:00+01:00");
  CHECK(to_rfc3339_in(slots[1].at, "Europe/Berlin") == "2027-02-28T09:00:00+01:00");
  CHECK(to_rfc3339_in(slots[2].at, "Europe/Berlin") == "2027-03-01T09:00:00+01:00");
}

TEST_CASE("days count on the calendar and hours on the clock", "[domain][schedule][reminder]") {
  const Zone berlin = *Zone::named("Europe/Berlin");
  const Instant sunday = *parse_rfc3339("2027-03-28T07:00:00Z");  // 09:00, five hours after the change
  CHECK(ahead_of(sunday, {0, 1, 0}, berlin) == *parse_rfc3339("2027-03-27T08:00:00Z"));
  CHECK(ahead_of(sunday, {0, 0, 86400}, berlin) == *parse_rfc3339("2027-03-27T07:00:00Z"));
  CHECK(ahead_of(sunday, {1, 0, 3600}, berlin) == *parse_rfc3339("2027-02-28T07:00:00Z"));
}

TEST_CASE("reminders ahead of a task that never rests are found at once", "[domain][schedule][reminder]") {
  CHECK(ahead_of_task("6 months before task x", "every 1s", 2).size() == 2);
}
