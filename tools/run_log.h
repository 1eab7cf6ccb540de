// The log of a run: what happened to it, in the order of time, one line each, from what is remembered of it. Times are
// local with zone; texts of downstream tools stand in quotation marks, on one line. Pure; thread-safe.
#pragma once

#include <string>

#include "server/engine/queries.h"

namespace carillon::tools {

std::string run_log(const RunDetail& detail);

}  // namespace carillon::tools
