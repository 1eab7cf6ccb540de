// What a run that is repeated takes over from the earlier one.
#include "server/engine/reusing_steps.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

using Names = std::vector<std::string>;

// A task whose run was performed as its journal says.
struct ReuseBench : EngineFixture {
  // Rows: "path state output?", in the order in which they ended.
  void put(const std::string& steps, const Names& rows, const std::string& outcome = "failed") {
    scheduled(R"({"name":"job","when":"manual","steps":)" + steps + "}");
    run = ran("job");
    finish(run, outcome, outcome == "succeeded" ? "" : "timeout");
    int second = 0;
    for (const std::string& row : rows) {
      const auto blank = row.find(' '), next = row.find(' ', blank + 1);
      ++second;
      const std::string state = row.substr(blank + 1, next - blank - 1);
      const std::string output = next == std::string::npos ? "NULL" : "'" + row.substr(next + 1) + "'";
      database.run(
          "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at, "
          "output, error_class, error_message) VALUES (" +
          std::to_string(run.run_id) + ", '" + row.substr(0, blank) + "', 1, 'default', '" + state +
          "', timestamptz '2026-11-20T13:00Z' + interval '" + std::to_string(second) +
          " s', timestamptz '2026-11-20T13:00Z' + interval '" + std::to_string(second) + " s', " + output + ", " +
          (state == "failed" ? "'tool_error', 'it failed'" : "NULL, NULL") + ")");
    }
  }
  void effect(const std::string& path, const std::string& effect = "destructive") {
    database.run(
        "INSERT INTO carillon.effect_journal (run_id, step_path, attempt, tenant_id, tool, effect, input_sha256, "
        "idempotency_key, outcome, started_at, duration, output_bytes) VALUES (" +
        std::to_string(run.run_id) + ", '" + path + "', 1, 'default', 'everything.echo', '" + effect +
        "', 'x', 'k', 'succeeded', now(), interval '1 s', 1)");
  }
  Result<RunStarted> retry(const std::string& from, const std::string& which = "job#1") {
    return engine.retry_run(caller(), {.run = which, .from = from});
  }
  // "a succeeded {"n":1} <- job#1" of each step of a run.
  Names taken(const std::string& which) {
    Names rows;
    const auto detail = engine.get_run(caller(), {.run = which});
    REQUIRE(detail.ok());
    for (const StepRow& step : detail->steps)
      rows.push_back(step.step + " " + step.state + (step.output.is_null() ? "" : " " + step.output.dump()) + " <- " +
                     step.reused_from);
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  RunStarted run;
};

constexpr const char* kEchoStep = R"("uses":"everything.echo","with":{"message":"x"})";

std::string leaf(const std::string& id, const std::string& more = "") {
  return R"({"id":")" + id + R"(",)" + kEchoStep + (more.empty() ? "" : "," + more) + "}";
}

}  // namespace

TEST_CASE("a run goes on from the step that failed with what ended well before", "[engine][retry_run]") {
  ReuseBench b;
  b.put("[" + leaf("a") + R"(,{"id":"each","map":[1,2],"do":[)" + leaf("one") + "]}," +
            leaf("maybe", R"("if":"`false`")") + "," + leaf("bad") + "," + leaf("end") + "]",
        {R"(a succeeded {"n":1})", "each[1].one succeeded 12", "each[0].one succeeded 11", "bad failed"});
  b.effect("a");
  b.effect("bad");
  const auto retried = b.retry("failed_step");
  REQUIRE(retried.ok());
  CHECK(retried->run == "job#1.2");
  CHECK(retried->reused == Names{"a", "each", "maybe"});
  CHECK(retried->repeated == Names{"bad (everything.echo)"});
  CHECK(b.taken("job#1.2") == Names{R"(a succeeded {"n":1} <- job#1)",
                                    R"(each succeeded {"failed":[],"results":[11,12]} <- job#1)",
                                    "maybe skipped <- job#1"});
  CHECK(b.engine.get_run(b.caller(), {.run = "job#1"})->diagnosis->next_call ==
        json{{"tool", "retry_run"}, {"arguments", {{"run", "job#1"}, {"from", "failed_step"}}}});
}

TEST_CASE("a run is repeated from any of its outermost steps", "[engine][retry_run]") {
  ReuseBench b;
  const std::string steps = "[" + leaf("a") + "," + leaf("side", R"("needs":[])") + "," +
                            leaf("b", R"("needs":["a"])") + "," + leaf("c", R"("needs":["b","side"])") + "]";
  b.put(steps, {"a succeeded 1", "side succeeded 2", "b succeeded 3", "c succeeded 4"}, "succeeded");
  for (const char* path : {"a", "side", "b", "c"}) b.effect(path);
  const auto forked = b.retry("b");
  REQUIRE(forked.ok());
  CHECK(forked->reused == Names{"a", "side"});
  CHECK(forked->repeated == Names{"b (everything.echo)", "c (everything.echo)"});
  b.finish(*forked, "failed", "timeout");
  // What it took over is taken over from the run that did it.
  const auto again = b.retry("failed_step", "job#1.2");
  REQUIRE(again.ok());
  CHECK(b.taken("job#1.3") == Names{"a succeeded 1 <- job#1", "side succeeded 2 <- job#1"});
  b.finish(*again, "failed", "timeout");
  const auto whole = b.retry("start");
  REQUIRE(whole.ok());
  CHECK(whole->reused.empty());
  CHECK(whole->repeated.size() == 4);
  CHECK(b.taken("job#1.4").empty());
}

TEST_CASE("where a run cannot begin is refused with what would work", "[engine][retry_run]") {
  ReuseBench b;
  b.put("[" + leaf("a") + "," + leaf("b") + "," + leaf("c") + "]", {"a succeeded 1", "b failed"});
  const auto refused = b.retry("c");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().pointer == "/from");
  CHECK(refused.error().message == R"(it cannot begin with "c": "b", which comes before it, is failed)");
  CHECK(refused.error().try_instead == json::array({{{"from", "failed_step"}}, {{"from", "b"}}}));
  const auto unknown = b.retry("cc");
  CHECK(unknown.error().code == ErrorCode::unknown_name);
  CHECK(unknown.error().details["accepted"] == json{"start", "failed_step", "a", "b", "c"});
  CHECK(b.count("run_ready") == 0);

  b.scheduled(R"({"name":"single","when":"manual","tool":"everything.echo","arguments":{"message":"x"}})");
  b.finish(b.ran("single"), "failed", "timeout");
  CHECK(b.retry("failed_step", "single#1").error().pointer == "/from");
  CHECK(b.retry("start", "single#1").ok());
}

TEST_CASE("a run that succeeded is repeated from a step that is named", "[engine][retry_run]") {
  ReuseBench b;
  b.put("[" + leaf("a") + "," + leaf("b") + "]", {"a succeeded 1", "b succeeded 2"}, "succeeded");
  const auto refused = b.retry("failed_step");
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().details["accepted"].size() == 4);
  const auto forked = b.engine.retry_run(b.caller(), {.run = "job#1", .from = "b", .input = json{{"x", 1}}});
  REQUIRE(forked.ok());
  CHECK(forked->reused == Names{"a"});
  CHECK(b.engine.get_run(b.caller(), {.run = "job#1.2"})->input == json{{"x", 1}});
}

TEST_CASE("what was undone is not taken over", "[engine][retry_run]") {
  ReuseBench b;
  const std::string undo = std::string{R"("undo":{)"} + kEchoStep + "}";
  b.put("[" + leaf("a") + "," + leaf("b", undo) + R"(,{"id":"list","sequence":[)" + leaf("inner", undo) + "]}," +
            leaf("c") + "]",
        {"a succeeded 1", "b succeeded 2", "list.inner succeeded 3", "c failed", "list.inner!undo succeeded 4",
         "b!undo failed"});
  CHECK(b.retry("c").error().message == R"(it cannot begin with "c": "b", which comes before it, was undone)");
  const auto retried = b.retry("failed_step");
  REQUIRE(retried.ok());
  CHECK(retried->reused == Names{"a"});
}

TEST_CASE("a failure that was handled is taken over with its words", "[engine][retry_run]") {
  ReuseBench b;
  b.put("[" + leaf("poor", R"("on_error":"continue")") + "," + leaf("note") + "," + leaf("bad") + "]",
        {"poor failed", "note succeeded 2", "bad failed"});
  const auto retried = b.retry("failed_step");
  REQUIRE(retried.ok());
  CHECK(retried->reused == Names{"poor", "note"});
  CHECK(b.count("step_journal WHERE run_id = " + std::to_string(retried->run_id) +
                " AND state = 'failed' AND error_class = 'tool_error' AND error_message = 'it failed'") == 1);
}

TEST_CASE("with the latest definition what is written otherwise runs again", "[engine][retry_run]") {
  ReuseBench b;
  b.put("[" + leaf("a") + "," + leaf("b") + "," + leaf("c") + "]", {"a succeeded 1", "b succeeded 2", "c failed"});
  REQUIRE(b.update("job", R"({"steps":[)" + leaf("a") +
                              R"(,{"id":"b","uses":"everything.echo","with":{"message":"new"}},)" + leaf("c") + "]}")
              .ok());
  const auto retried =
      b.engine.retry_run(b.caller(), {.run = "job#1", .from = "failed_step", .definition = RetryDefinition::latest});
  REQUIRE(retried.ok());
  CHECK(retried->reused == Names{"a"});
  b.finish(*retried, "failed", "timeout");
  b.database.run("DELETE FROM carillon.task_version WHERE version = 1");
  CHECK(b.engine.retry_run(b.caller(), {.run = "job#1", .from = "c", .definition = RetryDefinition::latest})
            .error()
            .pointer == "/definition");
}

TEST_CASE("events and changes of the shared state count as effects", "[engine][retry_run]") {
  ReuseBench b;
  b.put(R"([{"id":"tell","event":{"type":"x.y"}},{"id":"look","state":{"op":"get","key":"k"}},
            {"id":"each","map":[1,2],"do":[{"id":"count","state":{"op":"increment","key":"k"}}]}])",
        {"tell succeeded 1", "look succeeded 1", "each[0].count succeeded 1", "each[1].count succeeded 2"},
        "succeeded");
  const auto retried = b.retry("start");
  REQUIRE(retried.ok());
  CHECK(retried->repeated == Names{"each[].count", "tell"});
}
