#include "server/store/change_store.h"

#include <catch2/catch.hpp>
#include <set>

#include "server/store/state_store.h"
#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct Marked : RepositoryFixture {
  const TaskId echo = task({.name = "echo"});

  std::string mark_of(RunId run) {
    const auto marks = store.across_tenants([&](Tx& tx) { return ChangeStore{tx}.marks(std::vector{run}); });
    return marks.empty() ? "" : marks.front().mark;
  }
  std::string mark_of(TaskId which, const TenantId& tenant = kMine) {
    const auto marks =
        store.across_tenants([&](Tx& tx) { return ChangeStore{tx}.marks(std::vector{tenant}, std::vector{which}); });
    return marks.empty() ? "" : marks.front().mark;
  }
  EventsBehind behind(std::int64_t sequence, int limit = 100) {
    return store.across_tenants([&](Tx& tx) { return ChangeStore{tx}.events_behind(sequence, limit); });
  }
  void event(const std::string& type, const std::string& tenant) {
    database.run(
        "INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "
        "\"timestamp\", "
        "data) VALUES ('" +
        type + "', 'x', '" + tenant + "', 'owner', '', 'test', now(), '{}')");
  }
};

}  // namespace

TEST_CASE("a run's mark differs with each step that it takes", "[store][change_store]") {
  Marked f;
  const RunId run = f.queue(f.echo, {.id = 1});
  CHECK(f.mark_of(run).empty());
  const RunId other = f.live(f.echo, {.id = 2});
  std::set<std::string> marks{f.mark_of(other)};
  f.database.run("UPDATE carillon.run_live SET call_state = 'calling', call_step = 'fetch'");
  CHECK(marks.insert(f.mark_of(other)).second);
  f.database.run("UPDATE carillon.run_live SET progress = 'half'");
  CHECK(marks.insert(f.mark_of(other)).second);
  f.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at) VALUES (" +
      other.str() + ", 'fetch', 1, 'default', 'succeeded', now())");
  CHECK(marks.insert(f.mark_of(other)).second);
  f.database.run("UPDATE carillon.run_live SET cancel_requested_at = now()");
  CHECK(marks.insert(f.mark_of(other)).second);
  const RunId ended = f.ended(f.echo, {.id = 3}, RunState::succeeded);
  const auto marked = f.store.across_tenants([&](Tx& tx) { return ChangeStore{tx}.marks(std::vector{other, ended}); });
  REQUIRE(marked.size() == 2);
  for (const auto& each : marked) CHECK(each.final == (each.run == ended));
}

TEST_CASE("a task's mark differs with its definition and times and runs", "[store][change_store]") {
  Marked f;
  std::set<std::string> marks{f.mark_of(f.echo)};
  const auto differs = [&](const std::string& change) {
    INFO(change);
    if (!change.empty()) f.database.run(change);
    return marks.insert(f.mark_of(f.echo)).second;
  };
  CHECK_FALSE(differs(""));
  CHECK(differs("UPDATE carillon.task SET updated_at = updated_at + interval '1 s'"));
  CHECK(differs("UPDATE carillon.schedule_state SET next_fire_at = now()"));
  CHECK(
      differs("INSERT INTO carillon.slot_override (tenant_id, task_id, slot, created_by, created_at) SELECT tenant_id, "
              "task_id, last_slot + interval '1 h', 'owner', now() FROM carillon.schedule_state"));
  f.live(f.echo, {.id = 1});
  CHECK(differs(""));
  f.ended(f.echo, {.id = 2}, RunState::failed, ErrorClass::timeout);
  CHECK(differs(""));
  f.ended(f.echo, {.id = 3}, RunState::cancelled);
  CHECK(differs(""));
  CHECK(differs("UPDATE carillon.task SET deleted_at = now()"));
  CHECK(f.mark_of(f.echo, kTheirs).empty());
}

TEST_CASE("the mark of a key differs with its value and its lease and their ends", "[store][change_store]") {
  Marked f;
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  const auto change = [&](const StateChange& wanted) {
    f.store.in_tx(kMine, [&](Tx& tx) {
      StateStore state{tx};
      state.save(kMine, {.key = "k"}, *changed(state.lock(kMine, {.key = "k"}), wanted, {"anna", now}));
    });
  };
  const auto mark = [&](Instant at, const TenantId& tenant = kMine) {
    const std::vector<StateWatched> keys{{tenant, {.key = "k"}}, {tenant, {.key = "other"}}};
    const auto marks = f.store.across_tenants([&](Tx& tx) { return ChangeStore{tx}.marks(keys, at); });
    REQUIRE(marks.size() <= 1);
    return marks.empty() ? "" : marks.front().mark;
  };
  CHECK(mark(now).empty());
  std::set<std::string> marks;
  change({.value = 1, .ttl = std::chrono::hours{1}});
  CHECK(marks.insert(mark(now)).second);
  change({.value = 1, .ttl = std::chrono::hours{1}});
  CHECK(marks.insert(mark(now)).second);
  change({.op = StateOp::acquire, .ttl = std::chrono::minutes{10}});
  CHECK(marks.insert(mark(now)).second);
  change({.op = StateOp::acquire, .if_version = 3, .ttl = std::chrono::minutes{20}});
  CHECK(marks.insert(mark(now)).second);
  CHECK(mark(now) == mark(now + std::chrono::minutes{19}));
  CHECK(mark(now) != mark(now + std::chrono::minutes{20}));
  CHECK(mark(now + std::chrono::hours{1}).empty());
  CHECK(mark(now, kTheirs).empty());
}

TEST_CASE("the events behind one are counted by tenant", "[store][change_store]") {
  Marked f;
  CHECK(f.behind(0).total == 0);
  CHECK(f.behind(7).last == 7);
  f.event("task.created", "default");
  f.event("task.run.queued", "default");
  f.event("task.deleted", "other");
  const auto last = f.store.across_tenants([](Tx& tx) { return ChangeStore{tx}.last_event(); });
  const auto all = f.behind(last - 3);
  CHECK(all.total == 3);
  CHECK(all.last == last);
  REQUIRE(all.tenants.size() == 2);
  for (const auto& each : all.tenants) {
    CHECK(each.events == (each.tenant == kMine ? 2 : 1));
    CHECK(each.made_or_taken == 1);
  }
  CHECK(f.behind(last - 3, 1).last == last - 2);
  CHECK(f.behind(last).tenants.empty());
}
