// Repairs tool arguments the way a patient reader would: models and clients send JSON wrapped in a string, "5" for 5,
// "true" for true, or the arguments inside one more object (tool surface, "lenient input").
//
// Guided by the tool's input schema: only what the schema does not accept as it stands is touched, and only when the
// repaired value has the type asked for. Each repair is told in `warnings`, so that the caller can mend its ways.
// What cannot be repaired is left alone for validation to name.
//
// Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/base/json.h"

namespace carillon {

struct RepairedArguments {
  json arguments;
  std::vector<std::string> warnings;  // one sentence a repair, with the JSON pointer
};

RepairedArguments repair_arguments(const json& input_schema, json arguments);

}  // namespace carillon
