#include "tools/form_wait.h"

#include <algorithm>

namespace carillon::tools {

Monotonic form_until(Monotonic arrived, Monotonic wait_until, Monotonic asked) {
  return std::min(asked + kFormWait, std::max(arrived + kFormWait, wait_until));
}

Monotonic run_until(Monotonic arrived, Duration wait, bool decided, Monotonic now) {
  if (!decided) return arrived + wait;
  return std::min(arrived + kAskedRequestMax, std::max(arrived + wait, now + kMomentAfterAnswer));
}

}  // namespace carillon::tools
