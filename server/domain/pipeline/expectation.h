// Whether a step's value is as its `expect` wants it; the expression sees the value itself. Pure; thread-safe.
#pragma once

#include <string>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon::pipeline {

// An empty `expect` wants nothing. Errors: conflict, and those of the expression.
Status check_expected(const std::string& expect, const json& value);

}  // namespace carillon::pipeline
