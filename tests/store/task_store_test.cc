#include "server/store/task_store.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string>;

std::optional<TaskRecord> find(RepositoryFixture& f, const TaskHandle& handle, Living living = Living::yes) {
  return f.mine([&](Tx& tx) { return TaskStore{tx}.find(kMine, handle, living); });
}

template <class Tasks>
Names names_of(const Tasks& tasks) {
  Names names;
  for (const auto& task : tasks) names.push_back(task.name);
  return names;
}

// A command that the database refuses in the middle: its transaction is lost, as the headers say, and rolled back here.
template <class Work>
bool refused(RepositoryFixture& f, Work work) {
  bool accepted = true;
  const Status ended = f.mine([&](Tx& tx) -> Status {
    accepted = work(tx);
    return Error{ErrorCode::name_taken, "taken"};
  });
  return !ended.ok() && !accepted;
}

}  // namespace

TEST_CASE("a task is found by id and by name with its definition and schedule", "[store][task_store]") {
  RepositoryFixture f;
  const TaskShape shape{
      .name = "report", .agent = "claude", .tags = {"a \"quoted\" tag", "b"}, .priority = 2, .next_fire_at = kNow + 1h};
  const TaskId id = f.task(shape);
  for (const TaskHandle& handle : {TaskHandle{.id = id}, TaskHandle{.name = "report"}}) {
    const auto task = find(f, handle);
    REQUIRE(task);
    CHECK(task->id == id);
    CHECK(task->name == "report");
    CHECK(task->state == TaskState::active);
    CHECK(task->version == 1);
    CHECK(task->tags == Names{"a \"quoted\" tag", "b"});
    CHECK(task->priority == 2);
    CHECK(task->agent == AgentId{"claude"});
    CHECK(task->created_by == "claude");
    CHECK(task->created_at == kNow);
    CHECK(task->zone == "UTC");
    CHECK(task->definition == to_json(definition_of(shape)));
    CHECK(same_definition(*definition_from_json(task->definition), definition_of(shape)));
    CHECK(task->shard == 3);
    CHECK(task->last_slot == kNow);
    CHECK(task->next_fire_at == kNow + 1h);
    CHECK(task->fired_count == 0);
  }
  CHECK_FALSE(find(f, {.name = "repor"}));
  CHECK_FALSE(find(f, {.id = TaskId{1}}));
}

TEST_CASE("a name belongs to one living task and is free again when it is deleted", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId first = f.task({.name = "report"});
  const auto insert = [&](std::int64_t id) {
    return f.mine([&](Tx& tx) {
      const bool made = TaskStore{tx}.insert(kMine,
                                             {.id = TaskId{id},
                                              .name = "report",
                                              .state = TaskState::active,
                                              .kind = "manual",
                                              .agent = "owner",
                                              .at = kNow},
                                             definition_of({.name = "report"}));
      if (made)
        TaskStore{tx}.insert_schedule(kMine, TaskId{id},
                                      {.shard = 0, .task_version = 1, .last_slot = kNow, .next_fire_at = {}});
      return made;
    });
  };
  CHECK_FALSE(insert(1));
  CHECK(f.mine([&](Tx& tx) { return TaskStore{tx}.set_deleted(kMine, first, {kNow + 1h, "report", kNow + 1h}); }));
  CHECK_FALSE(find(f, {.name = "report"}));
  REQUIRE(find(f, {.name = "report"}, Living::no));
  CHECK(find(f, {.name = "report"}, Living::no)->deleted_at == kNow + 1h);
  CHECK(insert(2));

  CHECK(refused(f, [&](Tx& tx) { return TaskStore{tx}.set_deleted(kMine, first, {std::nullopt, "report", kNow}); }));
  CHECK(f.mine([&](Tx& tx) { return TaskStore{tx}.set_deleted(kMine, first, {std::nullopt, "report-2", kNow}); }));
  CHECK(find(f, {.name = "report-2"})->id == first);
  CHECK(f.store.in_tx(kTheirs, [](Tx& tx) {
    return TaskStore{tx}.insert(
        kTheirs,
        {.id = TaskId{3}, .name = "report", .state = TaskState::active, .kind = "manual", .agent = "owner", .at = kNow},
        definition_of({.name = "report"}));
  }));
}

TEST_CASE("an update writes what the row repeats and keeps the versions before", "[store][task_store]") {
  RepositoryFixture f;
  const TaskShape before{.name = "report"};
  f.task({.name = "taken"});
  const TaskId id = f.task(before);
  TaskShape after{.name = "weekly", .tags = {"x"}, .priority = 9, .description = "long", .tool = "carillon.http_get"};
  const auto update = [&](Tx& tx) {
    TaskStore tasks{tx};
    TaskRecord changed = *tasks.lock(kMine, {.id = id});
    changed.name = after.name;
    changed.version = 2;
    changed.updated_at = kNow + 1h;
    if (!tasks.update(kMine, changed, definition_of(after))) return false;
    tasks.insert_version(kMine, changed, definition_of(after), {AgentId{"owner"}, Scopes::all()});
    tasks.set_schedule(kMine, id, {.shard = 4, .task_version = 2, .last_slot = kNow + 1h, .next_fire_at = kNow + 2h});
    return true;
  };
  after.name = "taken";
  CHECK(refused(f, update));
  CHECK(find(f, {.id = id})->name == "report");
  after.name = "weekly";
  CHECK(f.mine(update));

  const auto task = find(f, {.name = "weekly"});
  REQUIRE(task);
  CHECK(task->version == 2);
  CHECK(task->tags == Names{"x"});
  CHECK(task->priority == 9);
  CHECK(task->updated_at == kNow + 1h);
  CHECK(task->created_at == kNow);
  CHECK(task->shard == 4);
  CHECK(task->next_fire_at == kNow + 2h);
  CHECK(task->definition == to_json(definition_of(after)));
  const auto definition = [&](int version) {
    return f.mine([&](Tx& tx) { return TaskStore{tx}.definition(kMine, id, version); });
  };
  CHECK(definition(1) == to_json(definition_of(before)));
  CHECK(definition(2) == to_json(definition_of(after)));
  CHECK_FALSE(definition(3));
}

TEST_CASE("a state changes only from the states that the command allows", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId id = f.task({.name = "report"});
  const auto set = [&](TaskState to, const std::vector<TaskState>& from) {
    return f.mine([&](Tx& tx) { return TaskStore{tx}.set_state(kMine, id, to, from, kNow + 1h); });
  };
  CHECK_FALSE(set(TaskState::active, {TaskState::paused, TaskState::done}));
  CHECK(find(f, {.id = id})->updated_at == kNow);
  CHECK(f.mine([&](Tx& tx) { return TaskStore{tx}.pause(kMine, id, {"holiday", "claude", kNow + 9h}, kNow + 1h); }));
  auto task = find(f, {.id = id});
  CHECK(task->state == TaskState::paused);
  CHECK(task->pause_reason == "holiday");
  CHECK(task->paused_by == "claude");
  CHECK(task->paused_until == kNow + 9h);

  CHECK_FALSE(set(TaskState::done, {TaskState::active}));
  CHECK(set(TaskState::active, {TaskState::paused}));
  task = find(f, {.id = id});
  CHECK(task->state == TaskState::active);
  CHECK(task->pause_reason.empty());
  CHECK(task->paused_by.empty());
  CHECK_FALSE(task->paused_until);
  CHECK(set(TaskState::done, {TaskState::active}));
  CHECK_FALSE(f.mine([&](Tx& tx) { return TaskStore{tx}.pause(kMine, id, {"r", "claude"}, kNow); }));
}

TEST_CASE("pauses that end by now are found for all tenants", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId mine = f.task({.name = "a"}), theirs = f.task({.name = "a"}, kTheirs), endless = f.task({.name = "b"});
  f.mine([&](Tx& tx) { TaskStore{tx}.pause(kMine, mine, {"r", "owner", kNow + 1h}, kNow); });
  f.mine([&](Tx& tx) { TaskStore{tx}.pause(kMine, endless, {"r", "owner"}, kNow); });
  f.store.in_tx(kTheirs, [&](Tx& tx) { TaskStore{tx}.pause(kTheirs, theirs, {"r", "owner", kNow + 2h}, kNow); });
  const auto due = [&](Instant now, int limit) {
    return f.store.across_tenants([&](Tx& tx) { return TaskStore{tx}.due_resumptions(now, limit); });
  };
  CHECK(due(kNow + 59min, 10).empty());
  REQUIRE(due(kNow + 1h, 10).size() == 1);
  CHECK(due(kNow + 1h, 10)[0].tenant == kMine);
  CHECK(due(kNow + 1h, 10)[0].task == mine);
  CHECK(due(kNow + 2h, 10).size() == 2);
  CHECK(due(kNow + 2h, 1).size() == 1);
}

TEST_CASE("a locked task and its schedule cannot be taken by another transaction", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId id = f.task({.name = "report"});
  const std::string row = " WHERE task_id = " + id.str() + " FOR UPDATE NOWAIT";
  f.mine([&](Tx& tx) {
    CHECK(TaskStore{tx}.find(kMine, {.id = id}));
    CHECK_NOTHROW(f.database.run("SELECT 1 FROM carillon.task" + row));
    CHECK(TaskStore{tx}.lock(kMine, {.name = "report"}));
    CHECK_THROWS_AS(f.database.run("SELECT 1 FROM carillon.task" + row), std::exception);
    CHECK_THROWS_AS(f.database.run("SELECT 1 FROM carillon.schedule_state" + row), std::exception);
    CHECK_FALSE(TaskStore{tx}.lock(kMine, {.name = "nobody"}));
  });
  CHECK_NOTHROW(f.database.run("SELECT 1 FROM carillon.task" + row));
}

TEST_CASE("runs of a task are numbered without gaps and its fired slots can be counted afresh", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId a = f.task({.name = "a"}), b = f.task({.name = "b"});
  const auto next = [&](TaskId task) {
    return f.mine([&](Tx& tx) { return TaskStore{tx}.next_run_number(kMine, task); });
  };
  CHECK(next(a) == 1);
  CHECK(next(a) == 2);
  CHECK(next(b) == 1);
  const auto rolled_back = f.mine([&](Tx& tx) -> Status {
    CHECK(TaskStore{tx}.next_run_number(kMine, a) == 3);
    return Error{ErrorCode::conflict, "no"};
  });
  CHECK_FALSE(rolled_back.ok());
  CHECK(next(a) == 3);

  f.database.run("UPDATE carillon.schedule_state SET fired_count = 7");
  ScheduleStanding standing{.shard = 3, .task_version = 1, .last_slot = kNow, .next_fire_at = {}};
  f.mine([&](Tx& tx) { TaskStore{tx}.set_schedule(kMine, a, standing); });
  CHECK(find(f, {.id = a})->fired_count == 7);
  standing.count_afresh = true;
  f.mine([&](Tx& tx) { TaskStore{tx}.set_schedule(kMine, a, standing); });
  CHECK(find(f, {.id = a})->fired_count == 0);
  CHECK(find(f, {.id = b})->fired_count == 7);
}

TEST_CASE("tasks with the same action are called similar", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId a = f.task({.name = "a"}), b = f.task({.name = "b"}), gone = f.task({.name = "gone"});
  f.task({.name = "hidden", .hidden = true});
  f.task({.name = "elsewhere", .tool = "carillon.http_get"});
  f.mine([&](Tx& tx) { TaskStore{tx}.set_deleted(kMine, gone, {kNow, "gone", kNow}); });
  const Action action = definition_of({.name = "a"}).action;
  const auto similar = f.mine([&](Tx& tx) { return TaskStore{tx}.similar(kMine, action, a, 10); });
  REQUIRE(similar.size() == 1);
  CHECK(similar[0].id == b);
}

TEST_CASE("neighbours are the other living tasks of a shard by name", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId a = f.task({.name = "a"});
  f.task({.name = "d"});
  f.task({.name = "c"});
  f.task({.name = "b", .shard = 4});
  const auto neighbours = f.mine([&](Tx& tx) { return TaskStore{tx}.neighbours(kMine, 3, a); });
  REQUIRE(neighbours.size() == 2);
  CHECK(neighbours[0].first == "c");
  CHECK(neighbours[0].second == to_json(definition_of({.name = "c"})));
  CHECK(neighbours[1].first == "d");
}

TEST_CASE("upcoming tasks are the active ones that fire next", "[store][task_store]") {
  RepositoryFixture f;
  f.task({.name = "later", .next_fire_at = kNow + 2h});
  f.task({.name = "soon", .next_fire_at = kNow + 1h});
  f.task({.name = "soon too", .next_fire_at = kNow + 1h});
  f.task({.name = "paused", .state = TaskState::paused, .next_fire_at = kNow + 1h});
  f.task({.name = "never"});
  const auto upcoming = [&](Instant until, int limit) {
    return names_of(f.mine([&](Tx& tx) { return TaskStore{tx}.upcoming(kMine, until, limit); }));
  };
  CHECK(upcoming(kNow + 1h, 10) == Names{"soon", "soon too"});
  CHECK(upcoming(kNow + 5h, 10) == Names{"soon", "soon too", "later"});
  CHECK(upcoming(kNow + 5h, 1) == Names{"soon"});
}

TEST_CASE("what is said about a slot replaces what was said before and can be taken back", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId task = f.task({.name = "a"});
  const auto say = [&](const SlotOverride& said) {
    f.mine([&](Tx& tx) { TaskStore{tx}.set_override(kMine, task, said, AgentId{"owner"}, kNow); });
  };
  const auto said_after = [&](Instant after) {
    return f.mine([&](Tx& tx) { return TaskStore{tx}.overrides(kMine, task, after); });
  };
  say({kNow + 2h, {}, "holiday"});
  say({kNow + 1h, {}, ""});
  say({kNow + 2h, kNow + 3h, "later"});
  REQUIRE(said_after(kNow).size() == 2);
  CHECK(said_after(kNow)[0].slot == kNow + 1h);
  CHECK_FALSE(said_after(kNow)[0].moved_to);
  CHECK(said_after(kNow)[1].moved_to == kNow + 3h);
  CHECK(said_after(kNow)[1].reason == "later");
  CHECK(said_after(kNow + 1h).size() == 1);
  CHECK(f.mine([&](Tx& tx) { return TaskStore{tx}.drop_overrides(kMine, task, kNow + 1h); }) ==
        std::vector<Instant>{kNow + 2h});
  CHECK(said_after(kNow).size() == 1);
  // A firing that was decided before any of this is refused by it.
  CHECK(f.database.ask("SELECT revision FROM carillon.schedule_state WHERE task_id = " + task.str()) == "4");
}

TEST_CASE("a task removed for good takes along all that it did and nothing else", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId gone = f.task({.name = "gone"}), stays = f.task({.name = "stays"});
  for (const auto& [task, number] : {std::pair{gone, 1}, std::pair{stays, 2}}) {
    const RunId run =
        f.ended(task, {.id = number, .payload = "\"" + std::string(10'000, 'x') + "\""}, RunState::succeeded);
    f.database.run("INSERT INTO carillon.run_output VALUES (" + run.str() + ", 'default', '1')");
    f.database.run("INSERT INTO carillon.run_slot VALUES ('default', " + task.str() + ", now(), " + run.str() + ")");
    f.database.run(
        "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at) VALUES (" +
        run.str() + ", 's', 1, 'default', 'succeeded', now())");
  }
  f.mine([&](Tx& tx) { TaskStore{tx}.remove(kMine, gone); });
  for (const char* table : {"task", "task_version", "schedule_state", "run_history", "run_input", "run_output",
                            "run_slot", "step_journal"}) {
    INFO(table);
    CHECK(f.count(table) == "1");
  }
  CHECK(find(f, {.id = stays}));
}

TEST_CASE("a task shows to its own tenant only", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId id = f.task({.name = "report", .next_fire_at = kNow + 1h});
  const Action action = definition_of({.name = "report"}).action;
  const auto only_mine = [&](auto ask) {
    return f.only_for_its_owner([&](Tx& tx, const TenantId& tenant) { return ask(TaskStore{tx}, tenant); });
  };
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return tasks.find(t, {.id = id}).has_value(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return tasks.find(t, {.name = "report"}).has_value(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return tasks.lock(t, {.id = id}).has_value(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return tasks.definition(t, id, 1).has_value(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.list(t, {}).empty(); }));
  CHECK(only_mine(
      [&](TaskStore tasks, const TenantId& t) { return !tasks.list(t, {.ids = std::vector{id.number()}}).empty(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return tasks.count(t, {}) > 0; }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return tasks.count_by_state(t).active > 0; }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.names(t, 10).empty(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.select_ids(t, std::nullopt).empty(); }));
  CHECK(
      only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.similar(t, action, TaskId{1}, 10).empty(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.neighbours(t, 3, TaskId{1}).empty(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.upcoming(t, kNow + 2h, 10).empty(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) {
    return tasks.set_state(t, id, TaskState::done, {TaskState::active}, kNow);
  }));

  f.mine([&](Tx& tx) { TaskStore{tx}.set_override(kMine, id, {kNow + 1h, {}, ""}, AgentId{"owner"}, kNow); });
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.overrides(t, id, kNow).empty(); }));
  CHECK(only_mine([&](TaskStore tasks, const TenantId& t) { return !tasks.drop_overrides(t, id, kNow).empty(); }));
  f.store.across_tenants([&](Tx& tx) { TaskStore{tx}.remove(kTheirs, id); });
  CHECK(find(f, {.id = id}));
}
