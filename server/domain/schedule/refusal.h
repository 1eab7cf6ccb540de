// Refusals of schedule texts, built in one place so that they all look the same (spec tools.md §4). Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "server/base/error.h"

namespace carillon {

inline Error refuse_at(std::size_t position, std::string message,
                       std::initializer_list<std::string_view> instead = {}) {
  Error error{ErrorCode::arguments_invalid, std::move(message), "/when"};
  error.details["position"] = position;
  for (const auto candidate : instead) error.try_instead.push_back(candidate);
  return error;
}

// What came in, short enough to be shown.
inline std::string in_quotes(std::string_view text) {
  return text.size() <= 60 ? "\"" + std::string(text) + "\"" : "\"" + std::string(text.substr(0, 57)) + "...\"";
}

}  // namespace carillon
