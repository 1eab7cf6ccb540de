#include "server/worker/steps_under_way.h"

#include <nlohmann/json.hpp>

#include "server/worker/run_in_flight.h"

namespace carillon {

RunInFlight::RunInFlight(LeasedRun leased) : run(std::move(leased)) {}
RunInFlight::~RunInFlight() = default;

}  // namespace carillon
