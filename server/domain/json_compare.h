// JSON values compared by meaning: 1 is 1.0, 2^64-1 is not -1, and the order of members is nothing.
//
// nlohmann's operators compare a large unsigned number with a negative one wrongly; here numbers are long doubles,
// which hold every 64-bit integer exactly. The order is total, so sorting by it is safe. Pure; thread-safe.
#pragma once

#include <cstddef>

#include "server/base/json.h"

namespace carillon {

// Negative, 0 ("the same") or positive. Recurses as deep as the shallower value: see deeper_than.
int compare_values(const json& a, const json& b);
long double number_of(const json& number);

// Is something nested deeper than that? Never recurses deeper itself.
bool deeper_than(const json& value, std::size_t depth_max);

}  // namespace carillon
