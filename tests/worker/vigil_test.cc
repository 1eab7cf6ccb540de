#include "server/worker/vigil.h"

#include <catch2/catch.hpp>

#include "tests/support/test_database.h"
#include "tests/worker/noon.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;
using carillon::test::kNoon;

namespace {

// A scheduler's thread that looks whenever the test says that time has passed.
struct Watching {
  void passes(Duration awake, Duration asleep = 0s, Duration set = 0s) {
    clocks.boot += awake + asleep;
    clocks.steady += awake;
    clocks.wall += awake + asleep + set;
    now += awake + asleep;
    vigil.keep(now, clocks);
  }
  std::string outages() {
    return database.ask(
        "SELECT coalesce(string_agg(kind || ' ' || (ended_at - began_at), ', ' ORDER BY outage_id), '') "
        "FROM carillon.outage");
  }

  TestDatabase database;
  HotPathConnection connection{{.url = database.urls().dispatch, .application = "test"}};
  VigilRows rows{connection};
  Vigil vigil{rows};
  Instant now = kNoon;
  ClockReading clocks = read_clocks();
};

}  // namespace

TEST_CASE("an outage is called by what the clocks say", "[worker][vigil]") {
  Watching f;
  f.database.run("INSERT INTO carillon.vigil (seen_at) VALUES ('2026-11-20T02:00:00Z')");
  f.passes(0s);
  CHECK(f.outages() == "start 10:00:00");
  f.passes(1s, 8h);
  CHECK(f.outages() == "start 10:00:00, sleep 08:00:01");
  f.passes(1s);
  f.passes(2h);
  CHECK(f.outages().ends_with(", stop 02:00:01"));
  for (int i = 0; i < 12; ++i) f.passes(10s);
  CHECK(f.outages().ends_with(", stop 02:00:01"));
}

TEST_CASE("that somebody watches is noted every ten seconds", "[worker][vigil]") {
  Watching f;
  f.passes(0s);
  const auto seen = [&] {
    return f.database.ask("SELECT extract(epoch FROM seen_at - '2026-11-20T12:00:00Z')::int FROM carillon.vigil");
  };
  CHECK(seen() == "0");
  f.passes(9s);
  CHECK(seen() == "0");
  f.passes(1s);
  CHECK(seen() == "10");
}
