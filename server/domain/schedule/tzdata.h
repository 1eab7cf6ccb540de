// The zone database while packages come and go: for those who look at it again and again.
//
// Thread-safe.
#pragma once

#include <chrono>

#include "server/domain/schedule/zone.h"

namespace carillon {

// refresh_tzdata(), unless the database was touched less than `settled` ago: it may be half a package, and is left for
// the next look; as is one without its list of names. Reads nothing while the file is the same.
ZoneRefresh refresh_settled_tzdata(std::chrono::microseconds settled);

}  // namespace carillon
