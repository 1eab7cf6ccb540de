// Failpoints: places where a test kills this process the hardest way, to see what a crash there leaves behind.
//
// CARILLON_FAILPOINT=name or name:n makes the n-th pass (default the first) over that place raise SIGKILL. Compiled
// always, because the program that is tested is the program that is shipped; unset, a pass costs one branch.
// The places: after_claim, before_call, after_call, before_complete, after_question. Thread-safe.
#pragma once

#include <string_view>

namespace carillon {

namespace detail {
extern const bool failpoint_armed;
void pass_failpoint(std::string_view name);
}  // namespace detail

inline void failpoint(std::string_view name) {
  if (detail::failpoint_armed) [[unlikely]]
    detail::pass_failpoint(name);
}

}  // namespace carillon
