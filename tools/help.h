// The guides: short texts about one subject each, at most 800 tokens, because many hosts never show resources to a
// model. `get_status {"help": …}` and the resources docs://… both read them here. Constants; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace carillon::tools {

struct Guide {
  std::string_view name;
  std::string_view title;
  std::string (*text)();
};

// In the order in which help lists them.
std::span<const Guide> guides();
const Guide* find_guide(std::string_view name);

}  // namespace carillon::tools
