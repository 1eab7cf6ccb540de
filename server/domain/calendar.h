// Calendars: named sets of days, as people write them: "2026-12-25, 2026-12-28..2027-01-01". Values and pure functions;
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace carillon {

using Days = std::vector<std::int32_t>;  // since 1 January 1970; ascending, each once

inline constexpr std::size_t kCalendarDaysMax = 5000;

std::optional<std::int32_t> day_from(std::string_view date);  // "2026-12-25"
std::string date_text(std::int32_t day);
Days in_order(Days days);

// Dates and ranges of dates, both ends included, separated by commas, spaces or lines. Errors: arguments_invalid (the
// word that is no date), too_large.
Result<Days> read_days(std::string_view text, std::string_view pointer);
// The other way round, neighbours as ranges.
std::string reads(const Days& days);

}  // namespace carillon
