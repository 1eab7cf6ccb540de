// How long a target may take: 100 ms in an optimised program; sanitizers and the counting of edges cost a factor of ten
// and more. Counted in processor time, so that a busy machine finds nothing.
#pragma once

#include <chrono>
#include <ctime>

#include "server/base/check.h"

namespace carillon::fuzz {

class Patience {
 public:
  void check() const { CARILLON_CHECK(spent() - begin_ < std::chrono::seconds{2}); }

 private:
  // Of this thread.
  static std::chrono::nanoseconds spent() {
    timespec time{};
    CARILLON_CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  }

  const std::chrono::nanoseconds begin_ = spent();
};

}  // namespace carillon::fuzz
