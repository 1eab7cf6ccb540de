#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

std::string fields(const TaskSaved& saved) {
  std::string text;
  for (const FieldChange& change : saved.changed) text += (text.empty() ? "" : " ") + change.field;
  return text;
}

}  // namespace

TEST_CASE("fields of a task change one by one", "[engine][update_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every 2h","tool":"everything.echo","arguments":{"message":"hi"},"tags":["a"],
                  "deadline":"1h","dedupe":{"key":"k","window":"5m"},"lock":"l","options":{"timeout":"5s","max_runs":3}})");
  f.clock.advance(std::chrono::minutes{30});
  const auto changed = f.update("brief", R"({"arguments":{"message":"ho"},"priority":2,"description":"d"})");
  REQUIRE(changed.ok());
  CHECK(changed->result == "updated");
  CHECK(fields(*changed) == "arguments description priority");
  CHECK(changed->next[0].at == f.at("2026-11-20T15:00:00Z"));  // the anchor stays
  const auto cleared = f.update(
      "brief",
      R"({"tags":[],"deadline":"","dedupe":{},"lock":"","options":{"timeout":"","max_runs":null,"overlap":"queue"}})");
  REQUIRE(cleared.ok());
  CHECK(fields(*cleared) == "tags deadline dedupe lock options.max_runs options.overlap options.timeout");
  CHECK(cleared->overlap == "queue");
  CHECK(f.update("brief", "{}")->result == "unchanged");
  CHECK(f.update("brief", R"({"priority":2})")->result == "unchanged");
  CHECK(f.count("task_version") == 3);
  CHECK(f.count("audit WHERE action = 'update_task' AND before IS NOT NULL AND after IS NOT NULL") == 2);
}

TEST_CASE("another time or zone begins a new rhythm", "[engine][update_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  REQUIRE(f.engine.snooze(f.caller(), {.task = "brief", .skip = 1}).ok());
  const auto zone = f.update("brief", R"({"timezone":"America/New_York"})");
  REQUIRE(zone.ok());
  CHECK(zone->next[0].at == f.at("2026-11-21T12:30:00Z"));  // snoozes of the old rhythm are gone
  const auto back = f.update("brief", R"({"timezone":""})");
  CHECK(back->zone == "Europe/Berlin");
  const auto when = f.update("brief", R"({"when":"every day at 08:00"})");
  CHECK(when->next[0].at == f.at("2026-11-21T07:00:00Z"));
  CHECK(f.update("brief", R"({"when":""})").error().pointer == "/when");
  CHECK(f.update("brief", R"({"schedule_kind":"cron","schedule_expr":"0 9 * * *"})")->kind == "cron");
}

TEST_CASE("a task that was done is woken by a new schedule", "[engine][update_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"once","when":"in 5m","message":"x"})");
  f.database.run("UPDATE carillon.task SET state = 'done'");
  CHECK(f.update("once", R"({"description":"still done"})")->state == "done");
  CHECK(f.update("once", R"({"when":"in 1h"})")->state == "active");
}

TEST_CASE("an expected version guards against overwriting", "[engine][update_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  REQUIRE(f.update("brief", R"({"message":"y"})", {.expected_version = 1}).ok());
  const auto refused = f.update("brief", R"({"message":"z"})", {.expected_version = 1});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::version_conflict);
  CHECK(refused.error().details["current_version"] == 2);
  CHECK(refused.error().details["current"]["message"] == "y");
}

TEST_CASE("a task is renamed and found by its id", "[engine][update_task]") {
  EngineFixture f;
  const TaskSaved task = f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  f.scheduled(R"({"name":"other","when":"every day at 07:30","message":"y"})");
  CHECK(f.update("brief", "{}", {.new_name = "other"}).error().code == ErrorCode::name_taken);
  CHECK(f.update("brief", "{}", {.new_name = "a#b"}).error().pointer == "/new_name");
  const auto renamed = f.update("brief", "{}", {.new_name = "morning-brief"});
  REQUIRE(renamed.ok());
  CHECK(fields(*renamed) == "name");
  CHECK(f.update(std::to_string(task.task_id), R"({"priority":1})")->task == "morning-brief");
  const auto unknown = f.update("morning-breif", "{}");
  CHECK(unknown.error().code == ErrorCode::unknown_name);
  CHECK(unknown.error().details["nearest"] == json::array({"morning-brief"}));
}

TEST_CASE("changed arguments are checked and other kinds refused", "[engine][update_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"echo","when":"manual","tool":"everything.echo","arguments":{"message":"hi"}})");
  f.scheduled(R"({"name":"note","when":"manual","message":"x"})");
  f.scheduled(
      R"({"name":"steps","when":"manual","steps":[{"id":"a","uses":"everything.echo","with":{"message":"x"}}],"input":{"a":1}})");
  CHECK(f.update("echo", R"({"arguments":{"message":1}})").error().pointer == "/arguments/message");
  CHECK(f.update("note", R"({"arguments":{"message":"1"}})").error().pointer == "/arguments");
  CHECK(f.update("note", R"({"input":{}})").error().pointer == "/input");
  CHECK(f.update("steps", R"({"input":{"b":2}})")->action["input"] == json{{"b", 2}});
  CHECK(
      f.update("steps", R"({"steps":[{"id":"b","uses":"everything.echo","with":{"message":"x"}}]})")->action["input"] ==
      json{{"b", 2}});
  CHECK(f.update("echo", R"({"tool":"everything.echo"})")->result == "unchanged");
  CHECK(f.update("echo", R"({"message":"now a message"})")->action["kind"] == "message");
  CHECK(f.update("note", R"({"paused":true})").error().pointer == "/paused");
  CHECK(f.update("none", R"({"message":"x"})").error().code == ErrorCode::unknown_name);
}

TEST_CASE("whoever changes a task must hold the scopes of its tools", "[engine][update_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"in 5m","tool":"everything.guarded","arguments":{"message":"hi"}})");
  f.scheduled(R"({"name":"b","when":"in 5m","tool":"everything.echo","arguments":{"message":"hi"}})");
  const auto [task, changes, pointer] = GENERATE(table<std::string, std::string, std::string>({
      {"a", R"({"when":"in 1m"})", "/tool"},
      {"a", R"({"arguments":{"message":"ho"}})", "/tool"},
      {"b", R"({"tool":"everything.guarded","arguments":{"message":"hi"}})", "/tool"},
  }));
  CAPTURE(task, changes);
  UpdateTask command{.task = task, .changes = *read_draft(json::parse(changes))};
  const auto refused = f.engine.update_task(f.caller_without(Scope::admin), command);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::not_allowed);
  CHECK(refused.error().pointer == pointer);
  CHECK(f.count("task_version") == 2);
  CHECK(f.engine.update_task(f.caller(), command).ok());
}

TEST_CASE("a deleted task comes back and goes on from now", "[engine][update_task][delete_item]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  CHECK(f.update("brief", "{}", {.restore = true}).error().code == ErrorCode::unknown_name);
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "brief"}).ok());
  CHECK(f.update("brief", "{}").error().code == ErrorCode::unknown_name);
  f.scheduled(R"({"name":"brief","when":"every day at 09:00","message":"new"})");
  CHECK(f.update("brief", "{}", {.restore = true}).error().code == ErrorCode::name_taken);
  f.set_now("2026-11-25T12:00:00Z");
  const auto restored = f.update("brief", R"({"message":"back"})", {.new_name = "old-brief", .restore = true});
  REQUIRE(restored.ok());
  CHECK(restored->task == "old-brief");
  CHECK(restored->result == "updated");
  CHECK(restored->next[0].at == f.at("2026-11-26T06:30:00Z"));
  CHECK(f.count("outbox WHERE event_type = 'task.restored'") == 1);
  CHECK(f.engine.delete_item(f.caller(), {.kind = "task", .name = "old-brief"}).ok());
  CHECK(f.update("old-brief", "{}", {.restore = true})->result == "updated");
}

TEST_CASE("an update is replayed by its id", "[engine][update_task][idempotency]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x"})");
  const UpdateTask command{.key = {.client_generated_id = "u", .content = "1"}};
  const auto first = f.update("brief", R"({"message":"y"})", command);
  const auto again = f.update("brief", R"({"message":"y"})", command);
  REQUIRE(again.ok());
  CHECK(again->result == "updated");
  CHECK(again->changed[0].after == first->changed[0].after);
  CHECK(f.count("task_version") == 2);
}
