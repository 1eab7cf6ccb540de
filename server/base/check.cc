#include "server/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace carillon {
void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "carillon: check failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}
}  // namespace carillon
