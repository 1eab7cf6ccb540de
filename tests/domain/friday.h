// The moment at which most tests of this room stand: a Friday, 14:00 in Berlin.
#pragma once

#include <string>

#include "server/domain/schedule/schedule.h"

namespace carillon::test {

inline Instant at(const std::string& text) { return *parse_rfc3339(text); }

inline const Instant kNow = at("2026-11-20T13:00:00Z");
inline const WhenContext kBerlin{kNow, "Europe/Berlin"};

}  // namespace carillon::test
