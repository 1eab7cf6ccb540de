// Conditions: what a look means, and looks in real workers on a real database.
#include "server/worker/looker.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/store/look_rows.h"
#include "tests/worker/noon.h"
#include "tests/worker/scheduler.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;
using carillon::test::kNoon;

namespace {

struct Looked {
  explicit Looked(const std::string& when) {
    definition.schedule = *parse_when(when, WhenContext{kNoon - 1h, "UTC"});
    look.task = TaskId{1};
  }

  LookEnd sees(const json& result) {
    ToolReply reply;
    reply.structured = result;
    return remember(end_of_look({look, definition, kNoon}, reply));
  }
  LookEnd fails() {
    ToolReply reply;
    reply.failure = ErrorClass::unavailable;
    reply.message = "it is away";
    return remember(end_of_look({look, definition, kNoon}, reply));
  }
  LookEnd remember(LookEnd end) {
    look.memory = end.memory;
    look.failures = end.failures;
    return end;
  }

  DueLook look;
  TaskDefinition definition;
};

// A task that looks at once, as its `when` says.
void put_looking(const TestDatabase& database, std::int64_t task, const std::string& when,
                 const std::function<void(TaskDefinition&)>& change = {}) {
  const std::string id = std::to_string(task);
  put_task(database, task, definition_of(tool_action("t.idempotent"), when, change));
  put_schedule(database, task, "now() - interval '1 min'", "NULL");
  database.run("INSERT INTO carillon.task_source VALUES ('default', " + id + ", 'condition', '', '{}')");
  database.run("INSERT INTO carillon.condition (tenant_id, task_id, place, next_look_at) VALUES ('default', " + id +
               ", 0, now())");
}

}  // namespace

TEST_CASE("a change fires when the result differs from the one before and only its digest is kept",
          "[worker][looker]") {
  Looked watched{"when weather.current changes, every 5m"};
  CHECK(watched.sees({{"rain", true}}).outcome.empty());
  CHECK(watched.look.memory.find("rain") == std::string::npos);
  CHECK(watched.sees({{"rain", true}}).outcome.empty());
  const auto changed = watched.sees({{"rain", false}});
  CHECK(changed.outcome == "fires");
  CHECK(changed.told == "weather.current changed");
  CHECK(changed.next_look_at == kNoon + 5min);
}

TEST_CASE("an expression fires when it becomes true or at each look while it holds", "[worker][looker]") {
  const auto [when, fired] = GENERATE(table<std::string, std::string>({
      {"when weather.current where rain, every 5m", "-F-F"},
      {"when weather.current where rain, every 5m, while it holds", "-FFF"},
  }));
  Looked watched{when};
  std::string seen;
  for (const bool rain : {false, true}) seen += watched.sees({{"rain", rain}}).outcome.empty() ? '-' : 'F';
  seen += watched.sees({{"rain", true}}).outcome.empty() ? '-' : 'F';
  if (fired == "-F-F") watched.sees({{"rain", false}});
  seen += watched.sees({{"rain", true}}).outcome.empty() ? '-' : 'F';
  CHECK(seen == fired);
}

TEST_CASE("a look that fails puts the next one off and the third in a row is told", "[worker][looker]") {
  Looked watched{"when weather.current where rain, every 5m"};
  watched.sees({{"rain", true}});
  std::string told;
  for (const Duration off :
       {Duration{5min}, Duration{10min}, Duration{20min}, Duration{40min}, Duration{1h}, Duration{1h}}) {
    const auto end = watched.fails();
    CHECK(end.next_look_at == kNoon + off);
    CHECK(end.error == "unavailable: it is away");
    told += end.outcome.empty() ? '-' : 'T';
  }
  CHECK(told == "--T---");
  CHECK(watched.look.memory == "true");
  CHECK(watched.sees({{"rain", true}}).outcome.empty());  // still true: it has not become so
  CHECK(watched.look.failures == 0);
  // An expression that cannot be evaluated is a failure too.
  Looked broken{"when weather.current where length(rain) > `1`, every 5m"};
  CHECK(broken.sees({{"rain", 7}}).failures == 1);
}

TEST_CASE("after the end of its schedule nothing is looked at any more", "[worker][looker]") {
  Looked watched{"when weather.current changes, every 5m"};
  watched.definition.schedule.until = kNoon + 1min;
  CHECK(watched.sees({}).next_look_at == Instant::max());
}

TEST_CASE("a condition starts one run when it becomes true and remembers that over a restart", "[worker][looker]") {
  const TestDatabase database;
  put_looking(database, 1, R"(when t.read with {"go": true} where said.go, every 1s)");
  {
    Rig rig{database};
    REQUIRE(rig.wait_ended(1));
    rig.tools.wait_calls(3);  // a look, the run, and a look that begins when the first has been written
    rig.worker.stop(1s);
  }
  database.run("UPDATE carillon.condition SET leased_until = NULL");
  Rig again{database, quick_options(), "again"};
  again.tools.wait_calls(2);
  CHECK(database.ask("SELECT count(*) || ' ' || min(reason) FROM carillon.run_history") ==
        "1 said.go became true of t.read");
  CHECK(database.ask("SELECT cause LIKE 'look:1.0.%' FROM carillon.run_cause") == "t");
  CHECK(database.ask("SELECT memory FROM carillon.condition") == "true");
  CHECK(misplaced(database).empty());
}

TEST_CASE("a condition that cannot be looked at leaves one row that says so", "[worker][looker]") {
  const TestDatabase database;
  put_looking(database, 1, "when t.failing changes, every 1s");
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(database.ask("SELECT outcome || ' ' || reason FROM carillon.run_history") ==
        "missed nobody could look, several times in a row: tool_error: as the test wants it");
  CHECK(database.ask("SELECT failures >= 3 FROM carillon.condition") == "t");
}

TEST_CASE("a tool that needs a scope which the task's writer lacks is not looked at", "[worker][looker]") {
  const TestDatabase database;
  put_looking(database, 1, "when t.guarded.read changes, every 1s");
  database.run("UPDATE carillon.task_version SET scopes = '{read,run}'");
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));  // the row that tells of it
  CHECK(rig.tools.calls().empty());
  CHECK_THAT(database.ask("SELECT last_error FROM carillon.condition"), Catch::Contains("lacks the scope \"admin\""));
}

TEST_CASE("a look is made by one and what comes late changes nothing", "[worker][looker]") {
  const TestDatabase database;
  for (std::int64_t task = 1; task <= 20; ++task) put_looking(database, task, "when t.read changes, every 5m");
  Scheduler one{database, "one"};
  one.own_all();
  HotPathConnection other{HotPathOptions{.url = database.urls().dispatch, .application = "other"}};
  LookRows rows{one.connection, "one"}, same{other, "one"}, stranger{other, "stranger"};
  const Instant now = one.clock.now();
  const auto shards = one.ownership.shards();
  CHECK(stranger.take(shards, {now, 100, 1min}).empty());
  database.run("UPDATE carillon.task SET state = 'paused' WHERE task_id = 20");
  const auto looks = rows.take(shards, {now, 100, 1min});
  CHECK(looks.size() == 19);
  CHECK(same.take(shards, {now, 100, 1min}).empty());
  const auto again = same.take(shards, {now + 2min, 100, 1min});  // whoever took them is lost
  CHECK(again.size() == 19);

  LookEnd end;
  end.memory = "late";
  end.next_look_at = now + 5min;
  end.looked_at = now;
  end.outcome = "fires";
  CHECK_FALSE(rows.settle(looks[0], end));
  CHECK(database.ask("SELECT count(*) FROM carillon.cue") == "0");
  CHECK(same.settle(again[0], end));
  CHECK_FALSE(same.settle(again[0], end));
  CHECK(database.ask("SELECT count(*) FROM carillon.cue") == "1");
  database.run(
      "INSERT INTO carillon.dispatch_pause (tenant_id, paused_by, paused_at) VALUES ('default', 'owner', now())");
  CHECK(rows.take(shards, {now + 1h, 100, 1min}).empty());
}
