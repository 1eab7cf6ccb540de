// Cursors: the key of the last row of a page as an opaque text, so that paging goes on behind it. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/engine/queries.h"

namespace carillon {

enum class Listing : char {
  tasks = 't',
  runs = 'r',
  followed_calls = 'c',
  events = 'e',
  state = 's',
  state_versions = 'v',
  pipelines = 'p'
};

std::string make_cursor(Listing listing, std::string_view key);
// Errors: arguments_invalid for a cursor that is not one of this listing.
Result<std::optional<std::string>> read_cursor(Listing listing, const std::optional<std::string>& cursor);

// Between 1 and kLimitMax. Errors: arguments_invalid at `pointer`.
Status check_limit(int limit, std::string_view pointer);

}  // namespace carillon
