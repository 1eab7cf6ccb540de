#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

using Names = std::vector<std::string>;

Names list_tasks(RepositoryFixture& f, const TaskQuery& query) {
  const auto page = f.mine([&](Tx& tx) { return TaskStore{tx}.list(kMine, query); });
  Names names;
  for (const ListedTask& listed : page) names.push_back(listed.task.name);
  return names;
}

std::int64_t count_tasks(RepositoryFixture& f, const TaskQuery& query) {
  return f.mine([&](Tx& tx) { return TaskStore{tx}.count(kMine, query); });
}

struct ListCase {
  std::string about;
  TaskQuery query;
  Names names;
};

void check(RepositoryFixture& f, const std::vector<ListCase>& cases) {
  for (const auto& [about, query, names] : cases) {
    INFO(about);
    CHECK(list_tasks(f, query) == names);
    CHECK(count_tasks(f, query) == static_cast<std::int64_t>(names.size()));
  }
}

}  // namespace

TEST_CASE("each filter of the task list gives what it names and the count agrees", "[store][task_store]") {
  RepositoryFixture f;
  f.task({.name = "backup", .kind = "cron", .agent = "claude", .tags = {"nightly", "disk"}, .priority = 1});
  f.task({.name = "digest", .kind = "calendar", .agent = "claude", .tags = {"nightly"}, .description = "All my Mail"});
  f.task({.name = "mailbox", .state = TaskState::paused, .kind = "cron", .agent = "cursor", .priority = 9});
  f.task({.name = "once", .state = TaskState::done, .kind = "once", .tags = {"disk"}});
  f.task({.name = "call", .tags = {"disk"}, .hidden = true});
  f.task({.name = "theirs", .kind = "cron", .agent = "claude", .tags = {"disk"}, .priority = 1}, kTheirs);
  const TaskId deleted = f.task({.name = "deleted", .kind = "cron", .tags = {"disk"}});
  f.mine([&](Tx& tx) { TaskStore{tx}.set_deleted(kMine, deleted, {kNow, "deleted", kNow}); });

  check(f, {{"none", {}, {"backup", "digest", "mailbox", "once"}},
            {"state", {.states = Names{"paused"}}, {"mailbox"}},
            {"states", {.states = Names{"active", "done"}}, {"backup", "digest", "once"}},
            {"kind", {.kind = "cron"}, {"backup", "mailbox"}},
            {"agent", {.agent = "claude"}, {"backup", "digest"}},
            {"tag", {.tag = "disk"}, {"backup", "once"}},
            {"a part of a tag", {.tag = "dis"}, {}},
            {"priority", {.priority = 9}, {"mailbox"}},
            {"text in name or description in any case", {.text = "MAIL"}, {"digest", "mailbox"}},
            {"text is not a pattern", {.text = "%"}, {}},
            {"all of them together",
             {.text = "b", .states = Names{"active"}, .kind = "cron", .agent = "claude", .tag = "disk", .priority = 1},
             {"backup"}},
            {"two that exclude each other", {.kind = "once", .agent = "claude"}, {}}});
}

TEST_CASE("failing is a task whose last run that ran to an end went wrong", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId failed = f.task({.name = "failed"}), unknown = f.task({.name = "unknown"});
  const TaskId mended = f.task({.name = "mended"}), skipped = f.task({.name = "skipped later"});
  const TaskId done = f.task({.name = "done", .state = TaskState::done});
  f.task({.name = "never ran"});
  f.ended(failed, {.id = 1}, RunState::succeeded);
  f.ended(failed, {.id = 2}, RunState::failed, ErrorClass::timeout);
  f.ended(unknown, {.id = 3}, RunState::unknown, ErrorClass::unknown_outcome);
  f.ended(mended, {.id = 4}, RunState::failed, ErrorClass::timeout);
  f.ended(mended, {.id = 5}, RunState::succeeded);
  f.ended(skipped, {.id = 6}, RunState::failed, ErrorClass::tool_error);
  f.ended(skipped, {.id = 7}, RunState::cancelled);
  f.ended(done, {.id = 8}, RunState::failed, ErrorClass::timeout);

  check(f, {{"failing", {.states = Names{"failing"}}, {"failed", "skipped later", "unknown"}},
            {"failing or done", {.states = Names{"failing", "done"}}, {"done", "failed", "skipped later", "unknown"}}});

  const auto page = f.mine([](Tx& tx) { return TaskStore{tx}.list(kMine, {.text = "skipped"}); });
  REQUIRE(page.size() == 1);
  REQUIRE(page[0].last);
  CHECK(page[0].last->number == 6);
  CHECK(page[0].last->retry == 1);
  CHECK(page[0].last->outcome == "failed");
  CHECK(page[0].last->error_class == "tool_error");
  CHECK_FALSE(f.mine([](Tx& tx) { return TaskStore{tx}.list(kMine, {.text = "never"}); })[0].last);
}

TEST_CASE("pages of tasks neither repeat nor lose one while others come and go", "[store][task_store]") {
  RepositoryFixture f;
  Names wanted;
  for (int i = 10; i < 33; ++i) {
    wanted.push_back("task-" + std::to_string(i));
    f.task({.name = wanted.back(), .tags = {"kept"}});
  }
  const TaskId leaving = f.task({.name = "task-00"});
  TaskQuery query{.limit = 5};
  Names seen = list_tasks(f, query);
  CHECK(seen.size() == 5);
  f.mine([&](Tx& tx) { TaskStore{tx}.set_deleted(kMine, leaving, {kNow, "task-00", kNow}); });
  f.task({.name = "task-01"});
  for (Names page = seen; !page.empty() && seen.size() < 100; seen.insert(seen.end(), page.begin(), page.end())) {
    query.after_name = page.back();
    page = list_tasks(f, query);
    CHECK(page.size() <= 5);
  }
  CHECK(seen.front() == "task-00");
  seen.erase(seen.begin());
  CHECK(seen == wanted);
  // The total is of all pages, wherever the reader is.
  CHECK(count_tasks(f, {.tag = "kept", .after_name = "task-20", .limit = 1}) == 23);
}

TEST_CASE("hidden tasks are listed by their ids only", "[store][task_store]") {
  RepositoryFixture f;
  const TaskId hidden = f.task({.name = "call", .hidden = true}), shown = f.task({.name = "shown"});
  f.task({.name = "other"});
  CHECK(list_tasks(f, {}) == Names{"other", "shown"});
  CHECK(list_tasks(f, {.ids = std::vector{hidden.number(), shown.number()}}) == Names{"call", "shown"});
}

TEST_CASE("counts by state agree with the lists", "[store][task_store]") {
  RepositoryFixture f;
  for (const auto& [name, state] :
       {std::pair{"a", TaskState::active}, std::pair{"b", TaskState::active}, std::pair{"c", TaskState::active},
        std::pair{"d", TaskState::paused}, std::pair{"e", TaskState::paused}, std::pair{"f", TaskState::done}})
    f.task({.name = name, .state = state});
  f.task({.name = "call", .hidden = true});
  const TaskId deleted = f.task({.name = "deleted"});
  f.mine([&](Tx& tx) { TaskStore{tx}.set_deleted(kMine, deleted, {kNow, "deleted", kNow}); });
  const TaskCounts counts = f.mine([](Tx& tx) { return TaskStore{tx}.count_by_state(kMine); });
  CHECK(counts.active == 3);
  CHECK(counts.paused == 2);
  CHECK(counts.done == 1);
  CHECK(counts.active == count_tasks(f, {.states = Names{"active"}}));
  CHECK(counts.paused == count_tasks(f, {.states = Names{"paused"}}));
  CHECK(counts.done == count_tasks(f, {.states = Names{"done"}}));
}

TEST_CASE("names come most recently changed first and ids in the order in which they are locked",
          "[store][task_store]") {
  RepositoryFixture f;
  const TaskId a = f.task({.name = "a", .tags = {"x"}}), b = f.task({.name = "b"}),
               c = f.task({.name = "c", .tags = {"x", "y"}});
  f.task({.name = "call", .tags = {"x"}, .hidden = true});
  f.database.run("UPDATE carillon.task SET updated_at = updated_at + task_id * interval '1 s'");
  f.database.run("UPDATE carillon.task SET updated_at = updated_at + interval '1 h' WHERE name = 'a'");
  CHECK(f.mine([](Tx& tx) { return TaskStore{tx}.names(kMine, 10); }) == Names{"a", "c", "b"});
  CHECK(f.mine([](Tx& tx) { return TaskStore{tx}.names(kMine, 1); }) == Names{"a"});
  const auto ids = [&](const std::optional<std::string>& tag) {
    return f.mine([&](Tx& tx) { return TaskStore{tx}.select_ids(kMine, tag); });
  };
  CHECK(ids(std::nullopt) == std::vector<TaskId>{a, b, c});
  CHECK(ids("x") == std::vector<TaskId>{a, c});
  CHECK(ids("z").empty());
}
