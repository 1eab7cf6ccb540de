// Which sources of triggers the engine serves: one row a source, and nothing else decides.
//
// A task whose trigger nobody would set off is refused when it is saved, with the reason; it is never stored and
// forgotten. Whoever makes the engine serve another source changes its row. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

bool is_served(TriggerSource source);
// arguments_invalid about the first trigger that is not served.
Status check_served(const Schedule& schedule);
// The same as a warning for those who only look ahead; empty when all are served.
std::vector<std::string> served_warnings(const Schedule& schedule);

}  // namespace carillon
