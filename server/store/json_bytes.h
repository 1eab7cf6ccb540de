// JSON at rest: UTF-8 bytes in bytea, because jsonb refuses \u0000. Bytes that are no JSON (a damaged row) read as a
// discarded value, which every reader refuses; they never throw. Pure; thread-safe.
#pragma once

#include "server/base/json.h"
#include "server/store/param.h"

namespace carillon {

Bytes bytes_of(const json& value);
json json_of(const Bytes& bytes);

}  // namespace carillon
