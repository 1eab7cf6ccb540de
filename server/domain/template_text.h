// The text of one template string, cut into what is literal and what is an expression; and time arithmetic in it.
//
// For template.cc and for who looks into a template without filling it in. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon {

struct TemplatePart {
  enum class Kind { text, expression };
  Kind kind;
  std::string text;
};

// The error says which `${` is never closed.
Result<std::vector<TemplatePart>> template_parts(std::string_view text);

// `now+24h` is {"now", a day}; nothing when the expression is no time arithmetic.
struct TimeArithmetic {
  std::string base;  // an expression that must give a time
  std::int64_t days = 0;
  Duration elapsed{};
};
std::optional<TimeArithmetic> time_arithmetic(std::string_view expression);

// Calendar days first, then elapsed time. Nothing when the result is outside the years 0 to 9999.
std::optional<Instant> shifted(Instant from, const TimeArithmetic& by, std::string_view zone);

}  // namespace carillon
