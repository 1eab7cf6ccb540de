#include "tools/form_wait.h"

#include <catch2/catch.hpp>

namespace carillon::tools {
namespace {

using std::chrono::seconds;

// Seconds after the request's arrival.
Monotonic at(int second) { return Monotonic{seconds{1000 + second}}; }

TEST_CASE("a form is waited for forty seconds and no longer than its request is open", "[tools][form_wait]") {
  const auto waits = [](int waiting, int asked) { return form_until(at(0), at(waiting), at(asked)) - at(0); };
  CHECK(waits(2, 0) == seconds{40});
  CHECK(waits(2, 1) == seconds{40});
  CHECK(waits(45, 0) == seconds{40});
  CHECK(waits(45, 30) == seconds{45});
  CHECK(waits(30, 50) == seconds{40});  // over already: the second form of a request that has waited for its first
}

TEST_CASE("a request that was answered waits a moment for what comes of it", "[tools][form_wait]") {
  const auto waits = [](int waiting, bool decided, int now) {
    return run_until(at(0), seconds{waiting}, decided, at(now)) - at(0);
  };
  CHECK(waits(30, true, 5) == seconds{30});
  CHECK(waits(2, true, 20) == seconds{30});
  CHECK(waits(30, true, 38) == seconds{48});
  CHECK(waits(30, true, 53) == seconds{55});
  CHECK(waits(30, false, 40) == seconds{30});
}

}  // namespace
}  // namespace carillon::tools
