// The one name for JSON values. Headers that only pass JSON along include this (0.5 s); sources that look inside
// include <nlohmann/json.hpp>.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace carillon {
using json = nlohmann::json;
using ordered_json = nlohmann::ordered_json;  // keeps member order: schemas of other people's tools
}  // namespace carillon
