#include "server/engine/calendars.h"

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

Result<CalendarSaved> save_calendar_of(EngineFixture& f, const std::string& name, const std::string& days) {
  return f.engine.save_calendar(f.caller(), {.name = name, .days = *read_days(days, "")});
}

CalendarSaved saved_calendar(EngineFixture& f, const std::string& name, const std::string& days) {
  auto answer = save_calendar_of(f, name, days);
  REQUIRE(answer.ok());
  return *answer;
}

std::string next(EngineFixture& f, const std::string& task) {
  return f.database.ask(
      "SELECT to_char(s.next_fire_at AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD HH24:MI') FROM carillon.schedule_state "
      "s "
      "JOIN carillon.task t USING (tenant_id, task_id) WHERE t.name = '" +
      task + "'");
}

}  // namespace

TEST_CASE("a task leaves out the days of the calendars that it names", "[engine][calendars]") {
  EngineFixture f;
  CHECK(save_calendar_of(f, "holidays", "2026-11-23, 2026-11-24")->result == "created");
  const auto task =
      f.scheduled(R"({"name":"brief","when":"weekdays at 07:30","message":"x","options":{"calendars":["holidays"]}})");
  CHECK(task.next.at(0).at == f.at("2026-11-25T06:30:00Z"));
  CHECK(next(f, "brief") == "2026-11-25 07:30");

  const auto unknown =
      f.schedule(R"({"name":"b","when":"weekdays at 07:30","message":"x","options":{"calendars":["holiday"]}})");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::unknown_name);
  CHECK(unknown.error().details["nearest"] == json::array({"holidays"}));
  const auto never = f.schedule(
      R"({"name":"b","when":"saturday at 07:30","message":"x","options":{"calendars":{"only":["holidays"]}}})");
  REQUIRE_FALSE(never.ok());
  CHECK(never.error().code == ErrorCode::never_fires);
}

TEST_CASE("a changed calendar gives the tasks that use it new next slots and new versions", "[engine][calendars]") {
  EngineFixture f;
  saved_calendar(f, "holidays", "2026-11-23");
  f.scheduled(
      R"({"name":"brief","when":"weekdays at 07:30","message":"x","options":{"calendars":["holidays"],"max_runs":9}})");
  f.scheduled(R"({"name":"other","when":"weekdays at 07:30","message":"x"})");
  f.database.run("UPDATE carillon.schedule_state SET fired_count = 4");
  f.database.run("UPDATE carillon.task_version SET scopes = '{read}'");
  f.worker.take();
  const auto changed = save_calendar_of(f, "holidays", "2026-11-23..2026-11-25");
  REQUIRE(changed.ok());
  CHECK(changed->result == "updated");
  CHECK(changed->tasks == std::vector<std::string>{"brief"});
  CHECK(next(f, "brief") == "2026-11-26 07:30");
  CHECK(next(f, "other") == "2026-11-23 07:30");
  CHECK(f.worker.take().schedules.size() == 1);
  // Who wrote the version, with which scopes, and how often it fired do not change.
  CHECK(f.database.ask("SELECT array_to_string(scopes, ' ') FROM carillon.task_version WHERE version = 2") == "read");
  CHECK(f.count("schedule_state WHERE fired_count = 4 AND task_version = 2") == 1);
  CHECK(f.count("outbox WHERE event_type = 'task.updated'") == 1);
  CHECK(f.count("audit WHERE subject = 'calendar:holidays'") == 2);
  CHECK(save_calendar_of(f, "holidays", "2026-11-23..2026-11-25")->result == "unchanged");
  CHECK(f.count("task_version") == 3);
}

TEST_CASE("a task whose calendars leave it nothing is done and comes back with them", "[engine][calendars]") {
  EngineFixture f;
  saved_calendar(f, "trading", "2026-11-23, 2026-11-24");
  f.scheduled(
      R"({"name":"brief","when":"every day at 07:30","message":"x","options":{"calendars":{"only":["trading"]}}})");
  f.set_now("2026-11-24T12:00:00Z");
  f.database.run("UPDATE carillon.schedule_state SET last_slot = '2026-11-24T06:30:00Z'");
  saved_calendar(f, "trading", "2026-11-23");
  CHECK(f.count("task WHERE state = 'done'") == 1);
  saved_calendar(f, "trading", "2026-11-23, 2026-11-27");
  CHECK(f.count("task WHERE state = 'active'") == 1);
  CHECK(next(f, "brief") == "2026-11-27 07:30");
}

TEST_CASE("a calendar that is used is not deleted and the answer names who uses it", "[engine][calendars]") {
  EngineFixture f;
  saved_calendar(f, "holidays", "2026-12-25");
  f.scheduled(R"({"name":"brief","when":"weekdays at 07:30","message":"x","options":{"calendars":["holidays"]}})");
  const auto refused = f.engine.delete_calendar(f.caller(), {.name = "holidays"});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().details["tasks"] == json::array({"brief"}));
  CHECK(f.engine.list_calendars(f.caller(), "holidays")->at(0).tasks == std::vector<std::string>{"brief"});
  REQUIRE(f.update("brief", R"({"options":{"calendars":""}})").ok());
  CHECK(f.engine.delete_calendar(f.caller(), {.name = "holidays"}).ok());
  CHECK(f.engine.delete_calendar(f.caller(), {.name = "holidays"}).error().code == ErrorCode::unknown_name);
  CHECK(f.engine.list_calendars(f.caller(), std::nullopt)->empty());
}

TEST_CASE("calendars that cannot be are refused and another tenant's are not seen", "[engine][calendars]") {
  EngineFixture f;
  CHECK(f.engine.save_calendar(f.caller(), {.name = "", .days = {1}}).error().pointer == "/name");
  CHECK(f.engine.save_calendar(f.caller(), {.name = "x"}).error().pointer == "/days");
  CHECK(f.engine.save_calendar(f.caller(), {.name = "x", .days = Days(6000, 1)}).error().code == ErrorCode::too_large);
  saved_calendar(f, "holidays", "2026-12-25");
  CHECK(f.engine.list_calendars(f.caller("x", "other"), std::nullopt)->empty());
}
