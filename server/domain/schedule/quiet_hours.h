// Quiet hours: the times in which nothing may start, and the first moment after them.
//
// Written as "22:00-07:00", "22:00-07:00 on weekdays", several joined by commas or " or ". A window belongs to the day
// on which it opens and is read in its zone, through every change of the clock. What to do with a slot inside (defer or
// skip) is the caller's policy. Values and pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

struct QuietHours {
  std::vector<IntervalTrigger::Window> windows;  // `to` is exclusive: at 07:00 the quiet is over
  std::string zone;
};

// Refusals are arguments_invalid with a position; `pointer` names the argument.
Result<QuietHours> parse_quiet_hours(std::string_view text, std::string_view zone, std::string_view pointer);
std::string reads(const QuietHours& quiet);

// That instant when it is not quiet then, else the end of the quiet; nothing when the quiet never ends.
std::optional<Instant> next_allowed(const QuietHours& quiet, Instant instant);

}  // namespace carillon
