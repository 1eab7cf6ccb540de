// How a run names itself to those whom it calls: in a traceparent (base/trace.h) whose trace is the run's correlation
// id and whose span is the run, so that a call that comes back with it, handed on by a downstream server, can be told
// to come from that run. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/id.h"

namespace carillon {

// Empty for a correlation id that is no trace id.
std::string traceparent_of(RunId run, std::string_view correlation_id);

// The run that another one's traceparent names; nothing for what is none. Whether there is such a run is for others to
// say.
std::optional<RunId> run_of_trace(std::string_view traceparent);

}  // namespace carillon
