// Durations as people write them. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon {

// "90s", "1h30m", "2d", "1w", "250ms"; ISO 8601 durations ("PT5M") too. Errors: arguments_invalid at `pointer`.
Result<Duration> read_duration(std::string_view text, std::string_view pointer);
std::string to_text(Duration duration);  // the shortest such text: "1h30m"

}  // namespace carillon
