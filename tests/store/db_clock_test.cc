#include "server/store/db_clock.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace std::chrono_literals;

namespace {
constexpr BootTime kBoot{1000s};
constexpr Instant kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 12h};

DbClock::Measurement at(BootTime boot, Instant database) { return {boot, boot, database}; }
}  // namespace

TEST_CASE("the clock shows the database's time moved by the shift", "[store][db_clock]") {
  DbClock clock{1h};
  clock.measured(at(kBoot, kNoon));
  CHECK(clock.at(kBoot + 5s) == kNoon + 1h + 5s);
}

TEST_CASE("a measurement that lies behind is worked off without a step back", "[store][db_clock]") {
  DbClock clock;
  clock.measured(at(kBoot, kNoon));
  clock.measured(at(kBoot + 10s, kNoon + 9s));
  CHECK(clock.at(kBoot + 10s) == kNoon + 10s);
  CHECK(clock.at(kBoot + 15s) == kNoon + 14500ms);
  CHECK(clock.at(kBoot + 30s) == kNoon + 29s);
}

TEST_CASE("a database whose clock jumped far back is believed at once", "[store][db_clock]") {
  DbClock clock;
  clock.measured(at(kBoot, kNoon));
  clock.measured(at(kBoot + 10s, kNoon - 1h));
  CHECK(clock.at(kBoot + 10s) == kNoon - 1h);
}

TEST_CASE("half the round trip is taken off and reported", "[store][db_clock]") {
  DbClock clock;
  clock.measured({kBoot, kBoot + 10ms, kNoon});
  CHECK(clock.at(kBoot + 5ms) == kNoon);
  CHECK(clock.uncertainty() == 5ms);
}
