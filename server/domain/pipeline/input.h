// What a run of a pipeline is given: the caller's input with the defaults of the pipeline's `inputs`, if it fits them.
// Pure; thread-safe.
#pragma once

#include <string>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/pipeline/pipeline.h"

namespace carillon::pipeline {

// Errors: arguments_invalid, the pointer behind `pointer`.
Result<json> read_input(const Pipeline& pipeline, json input, const std::string& pointer = "/input");

}  // namespace carillon::pipeline
