// Moments in the words of a caller, for windows and limits: `since`, `until`, `from`, `to`.
//
// Understood: RFC 3339; `2026-11-21`, `2026-11-21 15:00`; `now`, `today`, `yesterday`, `tomorrow`, each with a time;
// `2h ago`; everything that the `when` language has with one instant (`in 20m`, `friday 17:00`). Unlike `when`, a
// moment may lie in the past. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon {

struct MomentContext {
  Instant now;
  std::string zone;     // of naive times
  std::string pointer;  // of the argument, for the error
};

Result<Instant> read_moment(std::string_view text, const MomentContext& context);

// Where only the past is meant, a distance alone is understood, too: `2h` is `2h ago`.
Result<Instant> read_since(std::string_view text, const MomentContext& context);

}  // namespace carillon
