#include "server/store/task_store.h"

#include <catch2/catch.hpp>

#include "tests/support/test_database.h"

using namespace carillon;
using carillon::test::TestDatabase;

namespace {

const TenantId kTenant{"default"};
const Instant kNow = *parse_rfc3339("2026-11-20T13:00:00Z");

TaskDefinition definition() {
  TaskDefinition made;
  made.when = "every 15m";
  made.schedule = *parse_when(made.when, {.now = kNow, .zone = "UTC"});
  made.action = *read_action({{"kind", "message"}, {"message", "x"}}, "");
  made.tags = {"a \"quoted\" tag", "b"};
  return made;
}

bool insert(Tx& tx, std::int64_t id, const std::string& name) {
  TaskStore tasks{tx};
  if (!tasks.insert(kTenant,
                    {.id = TaskId{id},
                     .name = name,
                     .state = TaskState::active,
                     .kind = "interval",
                     .agent = "owner",
                     .at = kNow},
                    definition()))
    return false;
  tasks.insert_schedule(
      kTenant, TaskId{id},
      {.shard = 3, .task_version = 1, .last_slot = kNow, .next_fire_at = kNow + std::chrono::minutes{15}});
  return true;
}

}  // namespace

TEST_CASE("a task is read back as it was written", "[store][task_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  store.in_tx(kTenant, [](Tx& tx) {
    REQUIRE(insert(tx, 1, "job"));
    const auto task = TaskStore{tx}.lock(kTenant, {.name = "job"});
    REQUIRE(task.has_value());
    CHECK(task->id == TaskId{1});
    CHECK(task->tags == definition().tags);
    CHECK(task->shard == 3);
    CHECK(*task->next_fire_at == kNow + std::chrono::minutes{15});
    CHECK(same_definition(*definition_from_json(task->definition), definition()));
    CHECK_FALSE(insert(tx, 2, "job"));
    CHECK_FALSE(TaskStore{tx}.find(TenantId{"other"}, {.name = "job"}).has_value());
    CHECK_FALSE(TaskStore{tx}.definition(kTenant, TaskId{1}, 7).has_value());
  });
}

TEST_CASE("states change only from the states that are named", "[store][task_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  store.in_tx(kTenant, [](Tx& tx) {
    REQUIRE(insert(tx, 1, "job"));
    TaskStore tasks{tx};
    CHECK_FALSE(tasks.set_state(kTenant, TaskId{1}, TaskState::active, {TaskState::paused}, kNow));
    CHECK(tasks.pause(kTenant, TaskId{1}, {"r", "me", kNow}, kNow));
    CHECK(tasks.count_by_state(kTenant).paused == 1);
    CHECK(tasks.set_state(kTenant, TaskId{1}, TaskState::done, {TaskState::paused}, kNow));
    CHECK_FALSE(tasks.pause(kTenant, TaskId{1}, {"r", "me", {}}, kNow));
    CHECK(tasks.count_by_state(kTenant).done == 1);
    CHECK(tasks.find(kTenant, {.id = TaskId{1}})->pause_reason.empty());
  });
}

TEST_CASE("a name that is taken meanwhile is told and not thrown", "[store][task_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  store.in_tx(kTenant, [](Tx& tx) {
    REQUIRE(insert(tx, 1, "a"));
    REQUIRE(insert(tx, 2, "b"));
  });
  const auto refused = Error{ErrorCode::name_taken, ""};
  const Status renamed = store.in_tx(kTenant, [&](Tx& tx) -> Status {
    TaskRecord task = *TaskStore{tx}.find(kTenant, {.name = "a"});
    task.name = "b";
    if (!TaskStore{tx}.update(kTenant, task, definition())) return refused;
    return Done{};
  });
  CHECK_FALSE(renamed.ok());
  store.in_tx(kTenant, [](Tx& tx) { CHECK(TaskStore{tx}.set_deleted(kTenant, TaskId{1}, {kNow, "a", kNow})); });
  const Status restored = store.in_tx(kTenant, [&](Tx& tx) -> Status {
    if (!TaskStore{tx}.set_deleted(kTenant, TaskId{1}, {std::nullopt, "b", kNow})) return refused;
    return Done{};
  });
  CHECK_FALSE(restored.ok());
}

TEST_CASE("numbers are handed out once", "[store][task_store]") {
  TestDatabase database;
  Store store{database.urls(), PoolOptions{}};
  store.in_tx(kTenant, [](Tx& tx) {
    REQUIRE(insert(tx, 1, "job"));
    CHECK(TaskStore{tx}.next_run_number(kTenant, TaskId{1}) == 1);
    CHECK(TaskStore{tx}.next_run_number(kTenant, TaskId{1}) == 2);
  });
}
