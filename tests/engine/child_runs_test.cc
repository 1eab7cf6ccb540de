// Steps that run pipelines, as they are performed: begun once, ended with what their runs gave, cancelled with them.
#include <algorithm>

#include "server/engine/cancelling.h"
#include "server/engine/own_steps.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct ChildBench : EngineFixture {
  RunStarted parent;
  Caller by = caller();

  ChildBench() {
    save("sub", R"([{"id":"one","uses":"everything.echo","with":{"message":"${input.n}"}}])",
         R"({"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}})");
    scheduled(R"({"name":"job","when":"manual","message":"x"})");
    parent = ran("job");
    start(parent);
    worker.take();
  }
  void save(const std::string& name, const std::string& steps, const std::string& inputs = "{}") {
    const auto done =
        engine.save_pipeline(caller(), {.name = name, .steps = json::parse(steps), .inputs = json::parse(inputs)});
    if (!done) FAIL(done.error().message);
  }
  OwnStep step(const std::string& pipeline = "sub", const json& with = {{"n", 1}}) {
    return {.caller = by,
            .key = {{RunId{parent.run_id}, 1, 1}, "test", "go.sub", 1},
            .kind = pipeline::StepKind::child,
            .body = {{"pipeline", pipeline}, {"with", with}},
            .began_at = clock.now()};
  }
  OwnStepEnd begun(const OwnStep& step) {
    const auto end = engine.perform_step(step);
    if (!end) FAIL(end.error().message);
    return *end;
  }
  OwnStepEnd looked(OwnStep step) {
    step.looks = true;
    return begun(step);
  }
  RunStarted child() const {
    RunStarted run;
    run.run_id = std::stoll(database.ask("SELECT run_id FROM carillon.run_child ORDER BY run_id DESC LIMIT 1"));
    run.run = database.ask("SELECT child FROM carillon.run_child ORDER BY run_id DESC LIMIT 1");
    return run;
  }
  std::string state_of(const RunStarted& run) {
    return std::string(name_of(engine.get_run(caller(), {.run = std::to_string(run.run_id)})->row.state));
  }
  void rest() {
    database.run(
        "UPDATE carillon.run_live SET state = 'waiting', lease_until = 'infinity', wake_at = 'infinity' WHERE id = " +
        std::to_string(parent.run_id));
  }
  std::string parent_wakes_at() const {
    return database.ask("SELECT wake_at::text FROM carillon.run_live WHERE id = " + std::to_string(parent.run_id));
  }
};

}  // namespace

TEST_CASE("a child is begun once however often its step is tried", "[engine][child_runs]") {
  ChildBench bench;
  const OwnStep step = bench.step();
  for (int i = 0; i < 2; ++i) {
    const auto end = bench.begun(step);
    CHECK(end.is_ours);
    CHECK(end.waits_until == Instant::max());
  }
  CHECK(bench.count("run_ready WHERE origin = 'step'") == 1);
  CHECK(bench.child().run == "sub#1");
  CHECK(bench.database.ask("SELECT state || ' ' || not_before FROM carillon.step_journal") == "waiting infinity");
  CHECK(bench.database.ask("SELECT waits_for FROM carillon.step_wait") == "run sub#1");
  CHECK(bench.worker.take().ready.size() == 1);

  bench.finish(bench.child(), "failed", "timeout");
  bench.looked(step);
  OwnStep again = step;
  again.key.attempt = 2;
  bench.begun(again);
  CHECK(bench.child().run == "sub#2");
}

TEST_CASE("whoever leases the parent no more begins no child", "[engine][child_runs]") {
  ChildBench bench;
  OwnStep step = bench.step();
  SECTION("another owner") { step.key.owner = "another"; }
  SECTION("an older lease") { step.key.lease.epoch = 0; }
  SECTION("a parent that has ended") { bench.finish(bench.parent, "succeeded"); }
  CHECK_FALSE(bench.begun(step).is_ours);
  CHECK(bench.count("run_ready WHERE origin = 'step'") == 0);
  CHECK(bench.count("run_child") == 0);
  CHECK(bench.count("step_wait") == 0);
}

TEST_CASE("what a child lacks is told and begins nothing", "[engine][child_runs]") {
  ChildBench bench;
  auto [pipeline, with, code] = GENERATE(table<std::string, json, ErrorCode>({
      {"sub", {{"n", "one"}}, ErrorCode::arguments_invalid},
      {"sub", json::object(), ErrorCode::arguments_invalid},
      {"gone", json::object(), ErrorCode::unknown_name},
      {"sub@9", {{"n", 1}}, ErrorCode::unknown_name},
  }));
  CAPTURE(pipeline);
  const auto end = bench.engine.perform_step(bench.step(pipeline, with));
  REQUIRE_FALSE(end.ok());
  CHECK(end.error().code == code);
  CHECK(bench.count("run_ready WHERE origin = 'step'") == 0);
  CHECK(bench.count("step_journal") == 0);
}

TEST_CASE("a step gives what its child gave and fails as that failed", "[engine][child_runs]") {
  ChildBench bench;
  struct Case {
    std::string outcome, error_class, state, class_of_step;
  };
  const auto [outcome, error_class, state, class_of_step] =
      GENERATE(Case{"succeeded", "", "succeeded", ""}, Case{"failed", "rate_limited", "failed", "rate_limited"},
               Case{"failed", "expired", "failed", "expired"}, Case{"failed", "cancelled", "failed", "internal"},
               Case{"unknown", "unknown_outcome", "unknown", "unknown_outcome"},
               Case{"cancelled", "cancelled", "cancelled", "cancelled"});
  CAPTURE(outcome, error_class);
  const OwnStep step = bench.step();
  bench.begun(step);
  CHECK(bench.looked(step).waits_until == Instant::max());
  bench.finish(bench.child(), outcome, error_class);
  bench.database.run(
      "UPDATE carillon.run_history SET output = convert_to('{\"steps\":{},\"last\":{\"sum\":42}}', 'UTF8')");
  for (int i = 0; i < 2; ++i) {  // whoever looks again hears the same
    const auto end = bench.looked(step);
    CHECK_FALSE(end.waits_until.has_value());
    CHECK(end.fault.has_value() == !class_of_step.empty());
    if (end.fault) {
      CHECK(describe(end.fault->error_class).name == class_of_step);
      CHECK(end.fault->message.find("sub#1") == 0);
    } else {
      CHECK(end.output == json{{"sum", 42}});
    }
  }
  CHECK(bench.database.ask("SELECT concat_ws(' ', state, error_class) FROM carillon.step_journal") ==
        state + (class_of_step.empty() ? "" : " " + class_of_step));
  CHECK(bench.count("step_wait") == 0);
}

TEST_CASE("a child whose result is not as its step expects it has succeeded and its step has not",
          "[engine][child_runs]") {
  ChildBench bench;
  OwnStep step = bench.step();
  bench.begun(step);
  bench.finish(bench.child(), "succeeded");
  bench.database.run(
      "UPDATE carillon.run_history SET output = convert_to('{\"steps\":{},\"last\":{\"sum\":42}}', 'UTF8')");
  const auto [expect, fits] = GENERATE(table<std::string, bool>(
      {{"sum == `42`", true}, {"sum > `42`", false}, {"gone", false}, {"length(sum) > `1`", false}}));
  CAPTURE(expect);
  step.expect = expect;
  for (int i = 0; i < 2; ++i) {
    const auto end = bench.looked(step);
    CHECK(end.output == json{{"sum", 42}});
    REQUIRE(end.fault.has_value() != fits);
    if (end.fault) CHECK(end.fault->error_class == ErrorClass::expect_failed);
  }
  CHECK(bench.database.ask("SELECT concat_ws(' ', state, error_class, convert_from(output, 'UTF8')) FROM "
                           "carillon.step_journal") ==
        (fits ? "succeeded " : "failed expect_failed ") + std::string(R"({"sum":42})"));
}

TEST_CASE("a result that was too large for its run is given as it was kept", "[engine][child_runs]") {
  ChildBench bench;
  const OwnStep step = bench.step();
  bench.begun(step);
  bench.finish(bench.child(), "succeeded");  // its output has no `last`
  CHECK(bench.looked(step).output == json{{"text", "done"}, {"cut", true}});
}

TEST_CASE("a child has to end with its parent and with the timeout of its step", "[engine][child_runs]") {
  ChildBench bench;
  const Instant now = bench.clock.now();
  OwnStep step = bench.step();
  const Instant deadline = now + std::chrono::minutes{10};
  auto [parents, timeout, bound, late] =
      GENERATE_COPY(table<std::optional<Instant>, std::optional<Duration>, Instant, std::string>({
          {std::nullopt, std::nullopt, Instant::max(), "expired"},
          {deadline, std::nullopt, deadline, "expired"},
          {deadline, std::chrono::minutes{1}, now + std::chrono::minutes{1}, "timeout"},
          {deadline, std::chrono::hours{1}, deadline, "expired"},
          {std::nullopt, std::chrono::minutes{1}, now + std::chrono::minutes{1}, "timeout"},
      }));
  step.finish_by = parents;
  step.timeout = timeout;
  bench.begun(step);
  const std::string expected = bound == Instant::max() ? "" : std::to_string(bound.time_since_epoch().count());
  CHECK(
      bench.database.ask(
          "SELECT (extract(epoch FROM expires_at) * 1000000)::bigint FROM carillon.run_ready WHERE origin = 'step'") ==
      expected);
  bench.finish(bench.child(), "failed", "expired");
  CHECK(describe(bench.looked(step).fault->error_class).name == late);
}

TEST_CASE("runs start runs neither deeper nor more often than is configured", "[engine][child_runs]") {
  ChildBench bench;
  Engine narrow{{bench.store, bench.clock, bench.tools, bench.worker, bench.ids},
                {.child_depth_max = 2, .child_runs_max = 3}};
  OwnStep step = bench.step();
  const auto begins = [&](const std::string& path) {
    step.key.path = path;
    return narrow.perform_step(step);
  };
  REQUIRE(begins("a").ok());
  const RunStarted first = bench.child();
  bench.start(first);
  step.key.lease.id = RunId{first.run_id};
  REQUIRE(begins("b").ok());
  const RunStarted second = bench.child();
  CHECK(bench.database.ask("SELECT depth || ' ' || root_id FROM carillon.run_child WHERE run_id = " +
                           std::to_string(second.run_id)) == "2 " + std::to_string(bench.parent.run_id));
  REQUIRE(begins("c").ok());
  const auto many = begins("d");
  REQUIRE_FALSE(many.ok());
  CHECK(many.error().code == ErrorCode::over_limit);
  CHECK(many.error().message.find("worker.child_runs_max") != std::string::npos);
  bench.start(second);
  step.key.lease.id = RunId{second.run_id};
  const auto deep = begins("e");
  REQUIRE_FALSE(deep.ok());
  CHECK(deep.error().message.find("worker.child_depth_max") != std::string::npos);
}

TEST_CASE("a child that is asked to end does and its step hears it", "[engine][child_runs]") {
  ChildBench bench;
  const OwnStep step = bench.step();
  bench.begun(step);
  const RunStarted child = bench.child();
  OwnStep ask = step;
  ask.ask_to_end = "another branch won";
  SECTION("one that is queued ends at once") {
    CHECK(bench.begun(ask).waits_until == Instant::max());
    CHECK(bench.state_of(child) == "cancelled");
    CHECK(bench.worker.take().told == std::vector<RunId>{RunId{bench.parent.run_id}});
  }
  SECTION("one that waits ends at once") {
    bench.wait(child);
    bench.begun(ask);
    CHECK(bench.state_of(child) == "cancelled");
  }
  SECTION("one that is running is asked") {
    bench.start(child);
    bench.begun(ask);
    CHECK(bench.worker.take().cancels == std::vector<RunId>{RunId{child.run_id}});
    CHECK(bench.looked(step).waits_until == Instant::max());
    bench.finish(child, "cancelled", "cancelled");
  }
  CHECK(bench.begun(ask).waits_until == Instant::max());  // asking again changes nothing
  const auto end = bench.looked(step);
  REQUIRE(end.fault.has_value());
  CHECK(end.fault->error_class == ErrorClass::cancelled);
}

TEST_CASE("a parent that waits for a child ends after it", "[engine][child_runs]") {
  ChildBench bench;
  bench.begun(bench.step());
  bench.rest();
  const RunStarted child = bench.child();
  const auto cancel = [&](bool force) {
    const auto done = bench.engine.cancel_run(bench.by, {.run = bench.parent.run, .reason = "enough", .force = force});
    REQUIRE(done.ok());
    return *done;
  };
  SECTION("its worker is woken to see to that") {
    const auto done = cancel(false);
    CHECK(done.requested);
    CHECK(done.state == "waiting");
    CHECK(bench.parent_wakes_at() == "-infinity");
    CHECK(bench.state_of(child) == "queued");
    CHECK(bench.worker.take().told == std::vector<RunId>{RunId{bench.parent.run_id}});
  }
  SECTION("by force it ends at once and its child after it") {
    CHECK(cancel(true).state == "cancelled");
    CHECK(bench.state_of(child) == "cancelled");
    CHECK(bench.database.ask("SELECT reason FROM carillon.run_history WHERE id = " + std::to_string(child.run_id)) ==
          "its parent job#1 has ended");
  }
  SECTION("one whose child has ended ends at once") {
    bench.finish(child, "succeeded");
    CHECK(cancel(false).state == "cancelled");
  }
}

TEST_CASE("a child whose parent was lost is cancelled", "[engine][child_runs]") {
  ChildBench bench;
  bench.begun(bench.step());
  bench.engine.cancel_orphans();
  CHECK(bench.state_of(bench.child()) == "queued");
  bench.finish(bench.parent, "unknown", "unknown_outcome");
  bench.engine.cancel_orphans();
  CHECK(bench.state_of(bench.child()) == "cancelled");
  bench.engine.cancel_orphans();
}

TEST_CASE("a run and its child show each other", "[engine][child_runs]") {
  ChildBench bench;
  const OwnStep step = bench.step();
  bench.begun(step);
  const auto above = bench.engine.get_run(bench.by, {.run = "job#1"});
  REQUIRE(above.ok());
  REQUIRE(above->steps.size() == 1);
  CHECK(above->steps[0].child == "sub#1");
  CHECK(above->steps[0].child_state == "queued");
  CHECK(above->row.parent.empty());
  const auto below = bench.engine.get_run(bench.by, {.run = "sub#1"});
  REQUIRE(below.ok());
  CHECK(below->row.parent == "job#1");
  CHECK(below->parent_step == "go.sub");
  CHECK(below->row.origin == "step");

  const auto runs = [&](const ListRuns& query) {
    std::vector<std::string> rows;
    const auto page = bench.engine.list_runs(bench.by, query);
    REQUIRE(page.ok());
    CHECK(page->total == static_cast<std::int64_t>(page->runs.size()));
    for (const RunRow& row : page->runs) rows.push_back(row.run + " of " + row.parent);
    return rows;
  };
  CHECK(runs({}) == std::vector<std::string>{"job#1 of "});
  CHECK(runs({.pipeline = "sub"}) == std::vector<std::string>{"sub#1 of job#1"});
  bench.start(bench.child());
  CHECK(bench.engine.get_run(bench.by, {.run = "job#1"})->steps[0].child_state == "running");
  bench.finish(bench.child(), "failed", "timeout");
  CHECK(bench.engine.get_run(bench.by, {.run = "job#1"})->steps[0].child_state == "failed");
  CHECK(runs({}) == std::vector<std::string>{"job#1 of "});
}

TEST_CASE("a child that is repeated by hand is nobody's child", "[engine][child_runs]") {
  ChildBench bench;
  OwnStep step = bench.step();
  step.timeout = std::chrono::seconds{1};
  bench.begun(step);
  bench.finish(bench.child(), "failed", "timeout");
  const auto again = bench.engine.retry_run(bench.by, {.run = "sub#1"});
  REQUIRE(again.ok());
  CHECK(again->run == "sub#1.2");
  CHECK(bench.engine.get_run(bench.by, {.run = "sub#1.2"})->row.parent.empty());
  CHECK(bench.database.ask("SELECT convert_from(payload, 'UTF8') FROM carillon.run_ready WHERE retry = 2") ==
        R"({"input":{"n":1}})");
  CHECK(bench.count("run_child") == 1);
}
