// JSON that others wrote: how it is looked at before it is read. Values that nest deeply break what walks them later,
// copying and writing included, and a value of three bytes takes a hundred once it is built; so both are counted in the
// text first. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

// How deep brackets nest outside of strings, and how many values and member names there are at most. Reads each byte
// once; of what is no JSON it says something, too.
struct JsonShape {
  std::size_t depth = 0;
  std::size_t values = 0;
};
JsonShape shape_of(std::string_view text);

struct JsonLimits {
  std::size_t depth_max = 128;
  std::size_t values_max = 1'000'000;
};

// Errors: arguments_invalid, with `details.position` in bytes from 0 where the text is no JSON. `what` begins the
// message: "the body".
Result<json> read_json(std::string_view text, std::string_view what, const JsonLimits& limits = {});

// On one line; bytes that are no UTF-8 are replaced.
std::string dump(const json& value);
std::string dump(const ordered_json& value);

}  // namespace carillon
