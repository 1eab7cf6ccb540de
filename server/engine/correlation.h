// The correlation id of what we do by ourselves, where no caller brought one.
#pragma once

#include <string>

#include "server/domain/run_id.h"

namespace carillon {

// 32 hexadecimal digits, as a trace id has. Thread-safe as `ids` is.
std::string own_correlation_id(RunIdMaker& ids, Instant now);

}  // namespace carillon
