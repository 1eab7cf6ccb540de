#include "server/engine/outages.h"

#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

TEST_CASE("what became of a task in an outage is one line", "[engine][outages]") {
  const Instant at = *parse_rfc3339("2026-11-23T08:13:20Z");
  const auto [task, line] = GENERATE_COPY(table<OutageTask, const char*>({
      {{.task = "brief", .zone = "Europe/Berlin", .ran = 1, .started_at = at, .late = 1h + 43min + 20s},
       "brief: ran at Mon 2026-11-23 09:13 Europe/Berlin, 1h43m late"},
      {{.task = "poll", .zone = "UTC", .missed = 41}, "poll: 41 slots missed"},
      {{.task = "sync", .zone = "UTC", .ran = 3, .missed = 1, .started_at = at, .late = 20s},
       "sync: ran 3 times, the last at Mon 2026-11-23 08:13 UTC, up to 20s late; 1 slot missed"},
      {{.task = "brief", .zone = "UTC", .waiting = 1, .reason = "late; waits until there is a network"},
       "brief: 1 slot waits (late; waits until there is a network)"},
  }));
  CHECK(say_outage(task) == line);
}

TEST_CASE("each kind of outage has its words", "[engine][outages]") {
  CHECK(why_nobody_watched("start") == "Carillon was not running");
  CHECK(why_nobody_watched("sleep") == "the machine slept");
  CHECK(why_nobody_watched("stop") == "Carillon was stopped");
  CHECK(why_nobody_watched("step") == "the machine's clock was set");
  CHECK(why_nobody_watched("other") == "Carillon could not work");
}
