// Cron lines: vixie-cron's language as Debian's crontab(5) states it, with seconds (six fields), L, W, # and ?.
//
// Ranges do not wrap; 0 and 7 are Sunday; names in any case; @daily and its kin. When neither day field begins with `*`
// either may match, else both must. A line whose minute or hour (or explicit seconds) begins with `*` follows the clock
// through a change: nothing in a gap, both readings in an overlap. Values; thread-safe as such.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/domain/schedule/day_filter.h"

namespace carillon {

struct CronExpression {
  std::string text;           // as written, white space folded
  std::uint64_t seconds = 1;  // bit n: at second n
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  DayFilter days{};
  bool follows_clock = false;
};

// Refusals are arguments_invalid with details {"position": byte offset}.
Result<CronExpression> parse_cron(std::string_view text);

}  // namespace carillon
