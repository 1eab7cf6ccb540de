// Runs whose steps run pipelines, as workers perform them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "server/engine/engine.h"
#include "tests/worker/rig.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct ChildBench {
  const TestDatabase database;
  const Caller by{TenantId{"default"}, AgentId{"owner"}, Scopes::all(), "trace", "UTC"};

  void save(Rig& rig, const std::string& name, const json& steps, const json& output = nullptr) const {
    SavePipeline command{.name = name, .steps = steps};
    if (!output.is_null()) command.output = output;
    const auto done = rig.engine().save_pipeline(by, command);
    if (!done) FAIL(done.error().message << " at " << done.error().pointer);
  }
  std::string run(Rig& rig, const std::string& pipeline, const json& input = json::object()) const {
    const auto started = rig.engine().run_now(by, {.pipeline = pipeline, .input = input});
    if (!started) FAIL(started.error().message);
    return started->run;
  }
  std::string value(const std::string& sql) const { return database.ask(sql); }
  // "job 1 succeeded, sub 1 failed tool_error", by name and number.
  std::string ends() const {
    return value(
        "SELECT string_agg(concat_ws(' ', t.name, h.number, h.outcome, h.error_class), ', ' ORDER BY t.name, h.number) "
        "FROM carillon.run_history h JOIN carillon.task t USING (tenant_id, task_id)");
  }
  std::string journal_of(const std::string& name) const {
    return value(
        "SELECT string_agg(concat_ws(' ', j.step_path, j.attempt, j.state, j.error_class), ', ' "
        "ORDER BY j.step_path COLLATE \"C\") FROM carillon.step_journal j JOIN carillon.run_history h ON h.id = "
        "j.run_id "
        "JOIN carillon.task t ON t.task_id = h.task_id WHERE t.name = '" +
        name + "'");
  }
  // False: it did not become so within a generous limit.
  bool becomes(const std::string& sql, const std::string& wanted) const {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (std::chrono::steady_clock::now() < limit) {
      if (database.ask(sql) == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return false;
  }
  bool parent_waits() const { return becomes("SELECT count(*) FROM carillon.run_live WHERE state = 'waiting'", "1"); }
};

json calls(const std::string& tool) { return json::array({{{"id", "one"}, {"uses", tool}}}); }
json runs(const std::string& pipeline, const json& more = json::object()) {
  json step{{"id", "sub"}, {"pipeline", pipeline}};
  step.update(more);
  return json::array({step});
}

}  // namespace

TEST_CASE("a parent waits without a worker for its child and goes on with what it gave", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", R"([{"id":"one","uses":"t.held.read","with":{"n":"${input.n}"}}])"_json,
             R"({"sum":"${input.n}"})"_json);
  bench.save(rig, "job", R"([{"id":"sub","pipeline":"leaf","with":{"n":"${input.n}"}},
                            {"id":"last","uses":"t.read","with":{"got":"${steps.sub.sum}"}}])"_json);
  bench.run(rig, "job", {{"n", 7}});
  rig.tools.wait_held(1);
  REQUIRE(bench.parent_waits());
  CHECK(bench.value("SELECT lease_until::text FROM carillon.run_live WHERE state = 'waiting'") == "infinity");
  rig.tools.release();
  REQUIRE(rig.wait_ended(2));
  CHECK(bench.ends() == "job 1 succeeded, leaf 1 succeeded");
  CHECK(rig.tools.calls().back().arguments == json{{"got", 7}});
}

TEST_CASE("what becomes of a child becomes of its step", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  auto [tool, child, step] = GENERATE(table<std::string, std::string, std::string>({
      {"t.failing", "failed tool_error", "failed tool_error"},
      {"t.lost.destructive", "unknown unknown_outcome", "unknown unknown_outcome"},
  }));
  bench.save(rig, "leaf", calls(tool));
  bench.save(rig, "job", runs("leaf"));
  bench.run(rig, "job");
  REQUIRE(rig.wait_ended(2));
  CHECK(bench.ends() == "job 1 " + step + ", leaf 1 " + child);
  CHECK(bench.journal_of("job") == "sub 1 " + step);
  CHECK(
      bench.value("SELECT error_message FROM carillon.run_history WHERE origin = 'run_now'").find("step sub: leaf#1") ==
      0);
}

TEST_CASE("a child that failed may be handled by its step", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", calls("t.failing"));
  json steps = runs("leaf", {{"on_error", "continue"}});
  steps.push_back({{"id", "last"}, {"uses", "t.read"}, {"with", {{"why", "${error.class}"}}}});
  bench.save(rig, "job", steps);
  bench.run(rig, "job");
  REQUIRE(rig.wait_ended(2));
  CHECK(bench.ends() == "job 1 succeeded, leaf 1 failed tool_error");
  CHECK(rig.tools.calls().back().arguments == json{{"why", "tool_error"}});
}

TEST_CASE("children of items run side by side as far as the map allows and stand in order", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", R"([{"id":"one","uses":"t.read","with":{"n":"${input.n}"}}])"_json, R"("${input.n}")"_json);
  bench.save(rig, "job", R"([{"id":"each","map":"${input.list}","max_parallel":3,
                             "do":[{"id":"sub","pipeline":"leaf","with":{"n":"${item}"}}]}])"_json);
  json list = json::array();
  for (int i = 0; i < 20; ++i) list.push_back(i);
  bench.run(rig, "job", {{"list", list}});
  REQUIRE(rig.wait_ended(21));
  const json output = json::parse(
      bench.value("SELECT convert_from(output, 'UTF8') FROM carillon.run_history WHERE origin = 'run_now'"));
  CHECK(output.at("last").at("results") == list);
  CHECK(bench.value("SELECT count(*) FROM carillon.run_history WHERE origin = 'step'") == "20");
  // Of each the time from its beginning to its parent's hearing of its end.
  CHECK(std::stoi(bench.value(
            "SELECT max((SELECT count(*) FROM carillon.step_journal b WHERE b.started_at <= a.started_at AND "
            "b.finished_at > a.started_at AND b.step_path LIKE 'each%')) FROM carillon.step_journal a "
            "WHERE a.step_path LIKE 'each%'")) <= 3);
}

TEST_CASE("who ends a parent ends its children and waits for them", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", calls("t.held.read"));
  bench.save(rig, "mid", runs("leaf"));
  bench.save(rig, "job", runs("mid"));
  const std::string run = bench.run(rig, "job");
  rig.tools.wait_held(1);
  REQUIRE(bench.becomes("SELECT count(*) FROM carillon.run_live WHERE state = 'waiting'", "2"));
  const auto cancelled = rig.engine().cancel_run(bench.by, {.run = run, .reason = "enough"});
  REQUIRE(cancelled.ok());
  CHECK(cancelled->requested);
  REQUIRE(rig.wait_ended(3));
  CHECK(bench.ends() == "job 1 cancelled cancelled, leaf 1 cancelled cancelled, mid 1 cancelled cancelled");
  CHECK(bench.value("SELECT reason FROM carillon.run_history WHERE origin = 'run_now'") == "enough");
}

TEST_CASE("who ends a child ends its parent which says so", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", calls("t.held.read"));
  json steps = runs("leaf");
  steps.push_back({{"id", "last"}, {"uses", "t.read"}});
  bench.save(rig, "job", steps);
  bench.run(rig, "job");
  rig.tools.wait_held(1);
  REQUIRE(bench.parent_waits());
  REQUIRE(rig.engine().cancel_run(bench.by, {.run = "leaf#1", .reason = "enough"}).ok());
  REQUIRE(rig.wait_ended(2));
  CHECK(bench.ends() == "job 1 cancelled cancelled, leaf 1 cancelled cancelled");
  CHECK(bench.journal_of("job") == "sub 1 cancelled cancelled");
  CHECK(bench.value("SELECT error_message FROM carillon.run_history WHERE origin = 'run_now'") ==
        "a run that one of its steps had started was cancelled");
}

TEST_CASE("the branch that wins ends the child of the one that loses", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", calls("t.held.read"));
  bench.save(rig, "job", R"([{"id":"race","join":"any","parallel":[
      [{"id":"sub","pipeline":"leaf"}], [{"id":"pause","wait":"300ms"}]]}, {"id":"last","uses":"t.read"}])"_json);
  bench.run(rig, "job");
  REQUIRE(rig.wait_ended(2));
  CHECK(bench.ends() == "job 1 succeeded, leaf 1 cancelled cancelled");
  CHECK(bench.journal_of("job") == "last 1 succeeded, race.0.sub 1 cancelled cancelled, race.1.pause 1 succeeded");
}

TEST_CASE("the timeout of a step is the deadline of its child", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", R"([{"id":"one","wait":"1h"}])"_json);
  bench.save(rig, "job", runs("leaf", {{"timeout", "300ms"}}));
  bench.run(rig, "job");
  REQUIRE(rig.wait_ended(2));
  CHECK(bench.ends() == "job 1 failed timeout, leaf 1 failed expired");
}

TEST_CASE("a child undoes what it did and its parent what its child did", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "leaf", calls("t.charge.read"));
  bench.save(rig, "refund", calls("t.refund.read"));
  json steps = runs("leaf", {{"undo", {{"pipeline", "refund"}}}});
  steps.push_back({{"id", "ship"}, {"uses", "t.failing"}});
  bench.save(rig, "job", steps);
  bench.run(rig, "job");
  REQUIRE(rig.wait_ended(3));
  CHECK(bench.ends() == "job 1 failed tool_error, leaf 1 succeeded, refund 1 succeeded");
  CHECK(rig.tools.calls().back().tool == "t.refund.read");
}

TEST_CASE("another worker goes on with a parent whose child ended while nobody was there", "[worker][child_runs]") {
  ChildBench bench;
  {
    Rig first{bench.database};
    bench.save(first, "leaf", R"([{"id":"one","signal":{"event":"go"}}])"_json);
    bench.save(first, "job", runs("leaf"));
    bench.run(first, "job");
    REQUIRE(bench.becomes("SELECT count(*) FROM carillon.run_live WHERE state = 'waiting'", "2"));
  }
  // As if its worker had died after it had begun the child: its lease has ended, and somebody ends the child meanwhile.
  bench.database.run(
      "UPDATE carillon.run_live SET state = 'running', lease_until = now() - interval '1 s', wake_at = NULL "
      "WHERE origin = 'run_now'");
  Ends ends;
  Rig second{bench.database, ends, quick_options()};
  REQUIRE(bench.becomes("SELECT count(*) FROM carillon.run_live WHERE state = 'waiting'", "2"));
  REQUIRE(second.engine().publish_event(bench.by, {.event = "go"}).ok());
  REQUIRE(ends.wait(2));
  CHECK(bench.ends() == "job 1 succeeded, leaf 1 succeeded");
  CHECK(bench.value("SELECT count(*) FROM carillon.run_child") == "1");
}

TEST_CASE("a parent that lost its worker finds the end of its child when it is taken up", "[worker][child_runs]") {
  ChildBench bench;
  std::string child;
  {
    Rig first{bench.database};
    bench.save(first, "leaf", R"([{"id":"one","signal":{"event":"go"}}])"_json);
    bench.save(first, "job", runs("leaf"));
    bench.run(first, "job");
    REQUIRE(bench.becomes("SELECT count(*) FROM carillon.run_live WHERE state = 'waiting'", "2"));
  }
  // In the queue it hears nothing.
  bench.database.run(
      "WITH gone AS (DELETE FROM carillon.run_live WHERE origin = 'run_now' RETURNING *) INSERT INTO "
      "carillon.run_ready "
      "(shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, origin, "
      "agent_id, "
      "correlation_id, key_width, folded, payload) SELECT shard, priority, now() + interval '2 s', id, tenant_id, "
      "task_id, "
      "task_version, number, retry, attempt + 1, 1, origin, agent_id, correlation_id, key_width, folded, payload FROM "
      "gone");
  Rig second{bench.database};
  REQUIRE(second.engine().publish_event(bench.by, {.event = "go"}).ok());
  REQUIRE(second.wait_ended(2));
  CHECK(bench.ends() == "job 1 succeeded, leaf 1 succeeded");
}

TEST_CASE("a failed child of a repeated run is begun anew", "[worker][child_runs]") {
  ChildBench bench;
  Rig rig{bench.database};
  bench.save(rig, "good", calls("t.read"));
  bench.save(rig, "bad", calls("t.failing"));
  bench.save(rig, "job", R"([{"id":"first","pipeline":"good"},{"id":"then","pipeline":"bad"}])"_json);
  const std::string run = bench.run(rig, "job");
  REQUIRE(rig.wait_ended(3));
  const auto again = rig.engine().retry_run(bench.by, {.run = run, .from = "failed_step"});
  REQUIRE(again.ok());
  CHECK(again->reused == std::vector<std::string>{"first"});
  CHECK(again->repeated == std::vector<std::string>{});
  REQUIRE(rig.wait_ended(5));
  CHECK(bench.value("SELECT string_agg(child, ' ' ORDER BY run_id) FROM carillon.run_child") == "good#1 bad#1 bad#2");
  const auto detail = rig.engine().get_run(bench.by, {.run = run + ".2"});
  REQUIRE(detail.ok());
  CHECK(detail->steps[0].child == "good#1");
}
