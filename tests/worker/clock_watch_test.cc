#include "server/worker/clock_watch.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace std::chrono_literals;

namespace {

struct Machine {
  void passes(Duration awake, Duration asleep = 0s, Duration set = 0s) {
    reading.boot += awake + asleep;
    reading.steady += awake;
    reading.wall += awake + asleep + set;
  }
  ClockReading reading = read_clocks();
};

}  // namespace

TEST_CASE("a sleep and a stop and a step of the clock are told apart", "[worker][clock_watch]") {
  Machine machine;
  ClockWatch watch{1s};
  CHECK_FALSE(watch.look(machine.reading).anything());
  machine.passes(1s);
  CHECK_FALSE(watch.look(machine.reading).anything());

  machine.passes(1s, 3h);
  auto seen = watch.look(machine.reading);
  CHECK(seen.asleep == 3h);
  CHECK(seen.stopped == 0s);
  CHECK(seen.stepped == 0s);

  machine.passes(61s);
  seen = watch.look(machine.reading);
  CHECK(seen.asleep == 0s);
  CHECK(seen.stopped == 60s);

  for (const Duration set : {Duration{1h}, Duration{-1h}}) {
    machine.passes(1s, 0s, set);
    seen = watch.look(machine.reading);
    CHECK(seen.stepped == set);
    CHECK(seen.asleep == 0s);
  }
}

TEST_CASE("a busy machine and a clock that is steered are nothing to tell of", "[worker][clock_watch]") {
  Machine machine;
  ClockWatch watch{1s};
  watch.look(machine.reading);
  machine.passes(8s, 1s, 500ms);
  CHECK_FALSE(watch.look(machine.reading).anything());
}
