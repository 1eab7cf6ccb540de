// The moment at which tests of what becomes due stand.
#pragma once

#include "server/base/clock.h"

namespace carillon::test {

inline constexpr Instant kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + std::chrono::hours{12}};

}  // namespace carillon::test
