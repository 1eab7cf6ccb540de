// How every fault of an expression becomes an Error: what is wrong, its kind and where.
//
// Internal to this folder. Pure; thread-safe.
#pragma once

#include <string>

#include "server/base/error.h"
#include "server/domain/jmespath/jmespath.h"

namespace carillon::jmespath {

Error fault_error(Fault fault, std::size_t position, std::string message);

}  // namespace carillon::jmespath
