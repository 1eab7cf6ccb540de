#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;  // of runs, as the fixture numbers them

Numbers list_runs(RepositoryFixture& f, const RunQuery& query) {
  const auto page = f.mine([&](Tx& tx) { return RunStore{tx}.list(kMine, query); });
  Numbers numbers;
  for (const RunRecord& run : page) numbers.push_back(run.number);
  return numbers;
}

std::int64_t count_runs(RepositoryFixture& f, const RunQuery& query, std::int64_t up_to = 1000) {
  return f.mine([&](Tx& tx) { return RunStore{tx}.count(kMine, query, up_to); });
}

// Runs 1 to 9, some in each of the three tables, of two tasks and two agents.
struct RunListFixture : RepositoryFixture {
  TaskId backup = task({.name = "backup", .tags = {"disk", "nightly"}});
  TaskId digest = task({.name = "digest", .tags = {"nightly"}});

  RunListFixture() {
    ended(backup, {.id = 1}, RunState::succeeded);
    ended(backup, {.id = 2, .agent = "claude"}, RunState::failed, ErrorClass::timeout);
    ended(digest, {.id = 3}, RunState::failed, ErrorClass::tool_error);
    ended(digest, {.id = 4, .agent = "claude"}, RunState::unknown, ErrorClass::unknown_outcome);
    live(backup, {.id = 5});
    live(digest, {.id = 6, .agent = "claude"}, {RunState::waiting, "idle"});
    queue(backup, {.id = 7, .agent = "claude"});
    queue(digest, {.id = 8});
    ended(digest, {.id = 9}, RunState::cancelled);
    const TaskId theirs = task({.name = "backup", .tags = {"disk"}}, kTheirs);
    queue(theirs, {.id = 10}, kTheirs);
  }
};

}  // namespace

TEST_CASE("each filter of the run list gives what it names and the count agrees", "[store][run_store]") {
  RunListFixture f;
  struct Case {
    std::string about;
    RunQuery query;
    Numbers numbers;
  };
  const std::vector<Case> cases{
      {"none", {}, {9, 8, 7, 6, 5, 4, 3, 2, 1}},
      {"task", {.task = f.backup}, {7, 5, 2, 1}},
      {"a state of each table", {.states = Names{"queued", "waiting", "failed"}}, {8, 7, 6, 3, 2}},
      {"running", {.states = Names{"running"}}, {5}},
      {"cancelled", {.states = Names{"cancelled"}}, {9}},
      {"tag of the task", {.tag = "disk"}, {7, 5, 2, 1}},
      {"tag of both tasks", {.tag = "nightly"}, {9, 8, 7, 6, 5, 4, 3, 2, 1}},
      {"unknown tag", {.tag = "dis"}, {}},
      {"agent", {.agent = "claude"}, {7, 6, 4, 2}},
      {"error class", {.error_class = "timeout"}, {2}},
      {"from an instant on", {.from = run_id(7)}, {9, 8, 7}},
      {"before an instant", {.before = run_id(3)}, {2, 1}},
      {"between two instants", {.from = run_id(4), .before = run_id(7)}, {6, 5, 4}},
      {"all of them together",
       {.task = f.digest,
        .states = Names{"unknown", "failed"},
        .tag = "nightly",
        .agent = "claude",
        .error_class = "unknown_outcome",
        .from = run_id(1),
        .before = run_id(9)},
       {4}},
      {"two that exclude each other", {.states = Names{"succeeded"}, .error_class = "timeout"}, {}},
  };
  for (const auto& [about, query, numbers] : cases) {
    INFO(about);
    CHECK(list_runs(f, query) == numbers);
    CHECK(count_runs(f, query) == static_cast<std::int64_t>(numbers.size()));
  }
}

TEST_CASE("pages of runs neither repeat nor lose one while runs move and others are made", "[store][run_store]") {
  RunListFixture f;
  RunQuery query{.limit = 2};
  Numbers seen = list_runs(f, query);
  CHECK(seen == Numbers{9, 8});
  f.queue(f.backup, {.id = 20});
  f.mine([&](Tx& tx) {
    RunStore runs{tx};
    const ReadyRun queued = runs.ready_of(kMine, f.backup).front();
    CHECK(runs.cancel_ready(kMine, queued, {.outcome = RunState::cancelled, .at = kNow}));
    CHECK(runs.end_live(kMine, run_id(5), {RunState::running, "idle"}, {.outcome = RunState::succeeded, .at = kNow}));
  });
  for (Numbers page = seen; !page.empty() && seen.size() < 100; seen.insert(seen.end(), page.begin(), page.end())) {
    query.before = run_id(page.back());
    page = list_runs(f, query);
    CHECK(page.size() <= 2);
  }
  CHECK(seen == Numbers{9, 8, 7, 6, 5, 4, 3, 2, 1});
  CHECK(count_runs(f, {.limit = 1}) == 10);
}

TEST_CASE("a count stops where it was told to over all three tables together", "[store][run_store]") {
  RunListFixture f;
  CHECK(count_runs(f, {.states = Names{"failed", "unknown", "succeeded"}}, 2) == 2);
  CHECK(count_runs(f, {}, 2) == 2);  // although each of the three tables has as many
  CHECK(count_runs(f, {}, 9) == 9);
}

TEST_CASE("what is dead has ended so and nobody has repeated it wherever that retry is", "[store][run_store]") {
  RunListFixture f;
  const auto dead = [&](const DeadQuery& query) {
    Numbers numbers;
    for (const RunId id : f.mine([&](Tx& tx) { return RunStore{tx}.dead(kMine, query); }))
      numbers.push_back(f.mine([&](Tx& tx) { return RunStore{tx}.find(kMine, id); })->number);
    return numbers;
  };
  const Names both{"failed", "unknown"};
  CHECK(dead({.outcomes = both}) == Numbers{2, 3, 4});
  CHECK(dead({.outcomes = {"failed"}}) == Numbers{2, 3});
  CHECK(dead({.outcomes = both, .task = f.digest}) == Numbers{3, 4});
  CHECK(dead({.outcomes = both, .error_class = "timeout"}) == Numbers{2});
  CHECK(dead({.outcomes = both, .from = run_id(3)}) == Numbers{3, 4});
  CHECK(dead({.outcomes = both, .limit = 1}) == Numbers{2});
  // Numbers of retries are those of their first runs; the fixture's shapes have one number for id and number.
  const auto repeats = [&](std::int64_t of, std::int64_t id) {
    for (const char* table : {"run_ready", "run_live", "run_history"})
      f.database.run("UPDATE carillon." + std::string(table) + " SET number = " + std::to_string(of) +
                     ", retry = 2 WHERE id = " + run_id(id).str());
  };
  f.queue(f.backup, {.id = 21});
  repeats(2, 21);
  CHECK(dead({.outcomes = both}) == Numbers{3, 4});
  f.live(f.digest, {.id = 22});
  repeats(3, 22);
  CHECK(dead({.outcomes = both}) == Numbers{4});
  f.ended(f.digest, {.id = 23}, RunState::succeeded);
  repeats(4, 23);
  CHECK(dead({.outcomes = both}).empty());
  CHECK(f.only_for_its_owner(
      [&](Tx& tx, const TenantId& tenant) { return !RunStore{tx}.dead(tenant, {.outcomes = {"succeeded"}}).empty(); }));
}

TEST_CASE("a run is removed where it has ended and by its owner only", "[store][run_store]") {
  RunListFixture f;
  for (const std::int64_t id : {5, 7})
    CHECK_FALSE(f.mine([&](Tx& tx) { return RunStore{tx}.remove(kMine, run_id(id)); }));
  CHECK(f.only_for_its_owner([&](Tx& tx, const TenantId& tenant) { return RunStore{tx}.remove(tenant, run_id(2)); }));
  CHECK(list_runs(f, {}) == Numbers{9, 8, 7, 6, 5, 4, 3, 1});
  CHECK_FALSE(f.mine([&](Tx& tx) { return RunStore{tx}.remove(kMine, run_id(2)); }));
}
