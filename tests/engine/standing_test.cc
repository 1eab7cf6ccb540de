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

TEST_CASE("a fixed delay begins anew when it is edited and after a pause and when it is restored",
          "[engine][standing]") {
  EngineFixture f;
  f.scheduled(kPoll);
  f.set_now("2026-11-20T13:05:00Z");
  const auto slot = [&] {
    return f.database.ask("SELECT to_char(due_at AT TIME ZONE 'UTC', 'HH24:MI') FROM carillon.cue");
  };
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
  const auto later = f.scheduled(
      R"({"name":"later","when":"15m after each run","message":"x","options":{"start":"2026-11-21 09:00"}})");
  REQUIRE(later.next.size() == 1);
  CHECK(later.next[0].at == f.at("2026-11-21T08:00:00Z"));
  f.scheduled(kPoll);
  const auto snoozed = f.engine.snooze(f.caller(), {.task = "poll", .delay = std::chrono::minutes{10}});
  REQUIRE(snoozed.ok());
  CHECK(snoozed->was_next == f.at("2026-11-20T13:15:00Z"));
  CHECK(snoozed->next == f.at("2026-11-20T13:25:00Z"));
}

namespace {

const std::string kMeeting = R"({"name":"meeting","when":"every day at 09:00","message":"x"})";
const std::string kPrepare = R"({"name":"prepare","when":"2h before task meeting","message":"x"})";

}  // namespace

TEST_CASE("a reminder stands ahead of the slots of its task and follows them", "[engine][standing]") {
  EngineFixture f;
  f.scheduled(kMeeting);
  const auto saved = f.scheduled(kPrepare);
  REQUIRE(saved.next.size() == 3);
  CHECK(saved.next[0].at == f.at("2026-11-21T06:00:00Z"));  // 07:00 in Berlin
  CHECK(f.database.ask(
            "SELECT next_fire_at AT TIME ZONE 'Europe/Berlin' FROM carillon.schedule_state JOIN carillon.task USING "
            "(task_id) WHERE name = 'prepare'") == "2026-11-21 07:00:00");
  CHECK(f.count("cue") == 0);

  const auto next = [&] { return f.engine.get_task(f.caller(), {.task = "prepare"})->next.at(0).at; };
  REQUIRE(f.update("meeting", R"({"when":"every day at 12:00"})").ok());
  CHECK(next() == f.at("2026-11-21T09:00:00Z"));
  REQUIRE(f.engine.snooze(f.caller(), {.task = "meeting", .skip = 1}).ok());
  CHECK(next() == f.at("2026-11-22T09:00:00Z"));
  REQUIRE(f.engine.snooze(f.caller(), {.task = "meeting", .skip = 0}).ok());
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"meeting"}}).ok());
  CHECK(f.engine.get_task(f.caller(), {.task = "prepare"})->next.empty());
  const auto seen = f.engine.preview(f.caller(), {.task = "prepare"});
  REQUIRE(seen->warnings.size() == 1);
  CHECK_THAT(seen->warnings[0], Catch::Contains("\"meeting\" is paused"));
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"meeting"}}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "meeting"}).ok());
  CHECK(f.engine.get_task(f.caller(), {.task = "prepare"})->next.empty());
  CHECK_THAT(f.engine.preview(f.caller(), {.task = "prepare"})->warnings[0], Catch::Contains("no task \"meeting\""));
  REQUIRE(f.engine.update_task(f.caller(), {.task = "meeting", .restore = true}).ok());
  CHECK(next() == f.at("2026-11-21T09:00:00Z"));
  // Whoever owns the shard of the reminder was told each time, in the same transaction.
  CHECK(f.count("cue WHERE source = 'task_slot' AND anchor = 'meeting'") == 7);
}

TEST_CASE("what cannot be reminded of is refused with what would work", "[engine][standing]") {
  EngineFixture f;
  f.scheduled(kMeeting);
  f.scheduled(R"({"name":"load","when":"after meeting succeeds","message":"x"})");
  const auto refused = f.schedule(R"({"name":"a","when":"2h before task load","message":"x"})");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::arguments_invalid);
  CHECK_THAT(refused.error().message, Catch::Contains("no times that are known ahead"));
  CHECK(refused.error().try_instead == json({"after load finishes"}));
  const auto unknown = f.schedule(R"({"name":"a","when":"2h before task meting","message":"x"})");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::unknown_name);
  const auto seen = f.engine.preview(f.caller(), {.when = "2h before task meeting"});
  REQUIRE(seen.ok());
  CHECK(seen->next.at(0).at == f.at("2026-11-21T06:00:00Z"));
}
