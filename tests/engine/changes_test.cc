#include "server/engine/changes.h"

#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

TEST_CASE("a watched thing is found for its own tenant only", "[engine][changes]") {
  EngineFixture f;
  f.scheduled(R"({"name":"echo","when":"manual","message":"hi"})");
  const RunStarted run = f.ran("echo");
  const auto task = f.engine.find_watched(f.caller(), Watched::Kind::task, "echo");
  REQUIRE(task.ok());
  CHECK(task->tenant == TenantId{"default"});
  CHECK(f.engine.find_watched(f.caller(), Watched::Kind::run, "echo#1")->id == run.run_id);
  CHECK(f.engine.find_watched(f.caller(), Watched::Kind::run, std::to_string(run.run_id))->id == run.run_id);
  f.database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')");
  const Caller stranger = f.caller("owner", "other");
  CHECK_FALSE(f.engine.find_watched(stranger, Watched::Kind::task, "echo").ok());
  CHECK_FALSE(f.engine.find_watched(stranger, Watched::Kind::run, std::to_string(run.run_id)).ok());
}

TEST_CASE("marks of many things are asked for at once and differ when the things do", "[engine][changes]") {
  EngineFixture f;
  f.scheduled(R"({"name":"echo","when":"manual","message":"hi"})");
  const RunStarted run = f.ran("echo");
  const Watched task = *f.engine.find_watched(f.caller(), Watched::Kind::task, "echo");
  const Watched watched = *f.engine.find_watched(f.caller(), Watched::Kind::run, "echo#1");
  const Watched gone{Watched::Kind::run, TenantId{"default"}, 7};
  const ChangeMarks before = f.engine.marks_of({task, watched, gone});
  REQUIRE(before.size() == 3);
  CHECK(before.at(gone).text.empty());
  CHECK_FALSE(before.at(watched).final);
  f.finish(run, "succeeded");
  const ChangeMarks after = f.engine.marks_of({task, watched});
  CHECK(after.at(watched).final);
  CHECK(after.at(watched).text != before.at(watched).text);
  CHECK(after.at(task).text != before.at(task).text);
  CHECK(f.engine.marks_of({}).empty());
}

TEST_CASE("activity is told from the first look on and once", "[engine][changes]") {
  EngineFixture f;
  f.scheduled(R"({"name":"before","when":"manual","message":"hi"})");
  ActivityTail tail;
  CHECK_FALSE(tail.begun());
  CHECK(f.engine.look_at_activity(tail).tenants.empty());
  CHECK(tail.begun());
  f.scheduled(R"({"name":"echo","when":"manual","message":"hi"})");
  const Activity made = f.engine.look_at_activity(tail);
  CHECK(made.includes(TenantId{"default"}));
  CHECK(made.tasks_came_or_went.contains(TenantId{"default"}));
  CHECK_FALSE(made.includes(TenantId{"other"}));
  CHECK(f.engine.look_at_activity(tail).tenants.empty());
  f.ran("echo");
  const Activity ran = f.engine.look_at_activity(tail);
  CHECK(ran.includes(TenantId{"default"}));
  CHECK(ran.tasks_came_or_went.empty());
}
