// A fixed delay: where its next slot stands as commands see it.
#include "server/engine/standing.h"

#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

const std::string kPoll = R"({"name":"poll","when":"15m after each run","message":"x"})";

}  // namespace

TEST_CASE("the first slot of a fixed delay comes one delay after it was saved and the next after the end of a run",
          "[engine][standing]") {
  EngineFixture f;
  const auto saved = f.scheduled(kPoll);
  REQUIRE(saved.next.size() == 1);
  CHECK(saved.next[0].at == f.at("2026-11-20T13:15:00Z"));
  CHECK(saved.misfire == "all");
  CHECK(f.database.ask("SELECT next_fire_at IS NULL FROM carillon.schedule_state") == "t");

  const auto run = f.ran("poll");
  CHECK(f.engine.preview(f.caller(), {.task = "poll"})->next.size() == 1);
  f.finish(run, "failed", "tool_error");  // three seconds after it was asked for
  const auto next = f.engine.get_task(f.caller(), {.task = "poll"})->next;
  REQUIRE(next.size() == 1);
  CHECK(next[0].at == f.at("2026-11-20T13:15:03Z"));
  const auto agenda = f.engine.preview(f.caller(), {});
  REQUIRE(agenda->agenda.size() == 1);
  CHECK(agenda->agenda[0].at == f.at("2026-11-20T13:15:03Z"));
}

TEST_CASE("while the run of a fixed delay is going its next slot is not known and preview says so",
          "[engine][standing]") {
  EngineFixture f;
  f.scheduled(kPoll);
  f.database.run("DELETE FROM carillon.cue");  // the scheduler has answered it
  const auto seen = f.engine.preview(f.caller(), {.task = "poll"});
  REQUIRE(seen.ok());
  CHECK(seen->next.empty());
  REQUIRE(seen->warnings.size() == 1);
  CHECK_THAT(seen->warnings[0], Catch::Contains("when the run that is going has ended"));
  const auto snoozed = f.engine.snooze(f.caller(), {.task = "poll", .skip = 1});
  REQUIRE_FALSE(snoozed.ok());
  CHECK_THAT(snoozed.error().message, Catch::Contains("no next occurrence"));
}

TEST_CASE("a fixed delay begins anew when it is edited and after a pause and when it is restored", "[engine][standing]") {
  EngineFixture f;
  f.scheduled(kPoll);
  f.set_now("2026-11-20T13:05:00Z");
  const auto slot = [&] { return f.database.ask("SELECT to_char(due_at AT TIME ZONE 'UTC', 'HH24:MI') FROM carillon.cue"); };
  REQUIRE(f.update("poll", R"({"description":"the same rhythm"})").ok());
  CHECK(slot() == "13:15");
  REQUIRE(f.update("poll", R"({"when":"30m after each run"})").ok());
  CHECK(slot() == "13:35");
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"poll"}}).ok());
  f.set_now("2026-11-20T14:00:00Z");
  const auto resumed = f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"poll"}});
  REQUIRE(resumed.ok());
  CHECK(resumed->tasks.at(0).next == f.at("2026-11-20T14:30:00Z"));
  CHECK(slot() == "14:30");
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "poll"}).ok());
  CHECK(f.count("cue") == 0);
  f.set_now("2026-11-20T15:00:00Z");
  REQUIRE(f.engine.update_task(f.caller(), {.task = "poll", .restore = true}).ok());
  CHECK(slot() == "15:30");
}

TEST_CASE("a fixed delay respects its bounds and a snooze of its slot", "[engine][standing]") {
  EngineFixture f;
  const auto later =
      f.scheduled(R"({"name":"later","when":"15m after each run","message":"x","options":{"start":"2026-11-21 09:00"}})");
  REQUIRE(later.next.size() == 1);
  CHECK(later.next[0].at == f.at("2026-11-21T08:00:00Z"));
  f.scheduled(kPoll);
  const auto snoozed = f.engine.snooze(f.caller(), {.task = "poll", .delay = std::chrono::minutes{10}});
  REQUIRE(snoozed.ok());
  CHECK(snoozed->was_next == f.at("2026-11-20T13:15:00Z"));
  CHECK(snoozed->next == f.at("2026-11-20T13:25:00Z"));
}
