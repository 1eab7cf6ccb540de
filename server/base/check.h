// CARILLON_CHECK: an assertion that is always on. It guards what only our own code can break; input never reaches it.
// On failure the process says where and aborts: the supervisor restarts it, leases expire, work resumes.
#pragma once

namespace carillon {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace carillon

#define CARILLON_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::carillon::check_failed(#expression, __FILE__, __LINE__))
