// An iCalendar text: its days ascend and are not too many, or it is refused with a line of the text.
#include <algorithm>

#include "server/base/check.h"
#include "server/domain/ics_days.h"
#include "tests/fuzz/patience.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void ics_days(std::string_view text) {
  if (text.size() > 20'000) return;
  const Patience patience;
  const auto days = days_of_ics(text, *parse_rfc3339("2026-11-20T13:00:00Z"));
  if (days) {
    CARILLON_CHECK(!days->empty() && days->size() <= kCalendarDaysMax);
    CARILLON_CHECK(std::adjacent_find(days->begin(), days->end(), std::greater_equal<>{}) == days->end());
  } else if (days.error().code != ErrorCode::too_large) {
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    const auto line = days.error().details.at("line").get<std::int64_t>();
    CARILLON_CHECK(line >= 1 && line <= lines);
  }
  patience.check();
}

const Target kIcsDaysTarget{"ics_days", ics_days};

}  // namespace
}  // namespace carillon::fuzz
