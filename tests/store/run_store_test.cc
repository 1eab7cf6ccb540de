#include "server/store/run_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"
#include "tests/support/queued_runs.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

constexpr LiveShape kWaiting{RunState::waiting, "idle"};
constexpr LiveShape kCalling{RunState::running, "calling"};

// A database with one task, on which most of what is tested here happens.
struct RunFixture : RepositoryFixture {
  TaskId report = task({.name = "report"});

  template <class Ask>
  auto runs(Ask&& ask) {
    return mine([&](Tx& tx) { return ask(RunStore{tx}); });
  }
  RunRecord find(RunId id) {
    const auto run = runs([&](RunStore its) { return its.find(kMine, id); });
    REQUIRE(run);
    return *run;
  }
  ReadyRun ready(RunId id) {
    for (const ReadyRun& run : runs([&](RunStore its) { return its.ready_of(kMine, report); }))
      if (run.id == id) return run;
    throw std::runtime_error("not ready");
  }
};

}  // namespace

TEST_CASE("a queued run is found with what it was started with", "[store][run_store]") {
  RunFixture f;
  const RunId id = run_id(1);
  f.runs([&](RunStore store) {
    store.insert_ready(kMine, {.shard = 7,
                               .priority = 2,
                               .run_at = kNow + 1min,
                               .id = id,
                               .task = f.report,
                               .task_version = 4,
                               .number = 12,
                               .retry = 3,
                               .slot = kNow,
                               .origin = "retry",
                               .agent = AgentId{"claude"},
                               .correlation_id = "trace-1",
                               .concurrency_key = "printer",
                               .expires_at = kNow + 1h,
                               .reason = "asked for",
                               .payload = "{\"arguments\":{}}"});
  });
  const RunRecord run = f.find(id);
  CHECK(run.state == RunState::queued);
  CHECK(run.task == f.report);
  CHECK(run.task_name == "report");
  CHECK(run.zone == "UTC");
  CHECK(run.task_version == 4);
  CHECK(run.number == 12);
  CHECK(run.retry == 3);
  CHECK(run.attempt == 1);
  CHECK(run.slot == kNow);
  CHECK(run.run_at == kNow + 1min);
  CHECK_FALSE(run.started_at);
  CHECK_FALSE(run.finished_at);
  CHECK(run.origin == "retry");
  CHECK(run.agent == AgentId{"claude"});
  CHECK(run.correlation_id == "trace-1");
  CHECK(run.reason == "asked for");
  CHECK(run.shard == 7);
  CHECK(run.priority == 2);
  CHECK(run.concurrency_key == "printer");
  CHECK(run.expires_at == kNow + 1h);
  CHECK(f.runs([&](RunStore store) { return store.body(kMine, id); }).payload == "{\"arguments\":{}}");
  CHECK_FALSE(f.runs([&](RunStore store) { return store.find(kMine, run_id(2)); }));
}

TEST_CASE("a large payload has a row of its own and is read as a small one", "[store][run_store]") {
  RunFixture f;
  const std::string large = "\"" + std::string(50'000, 'x') + "\"";
  const RunId big = f.queue(f.report, {.id = 1, .payload = large}),
              small = f.queue(f.report, {.id = 2, .payload = "1"});
  const RunId none = f.queue(f.report, {.id = 3});
  const auto payload = [&](RunId id) { return f.runs([&](RunStore store) { return store.body(kMine, id); }).payload; };
  CHECK(payload(big) == large);
  CHECK(payload(small) == "1");
  CHECK(payload(none).empty());
  CHECK(payload(run_id(99)).empty());
  CHECK(f.count("run_input") == "1");
}

TEST_CASE("a run is found by its number and its retries are listed wherever they are", "[store][run_store]") {
  RunFixture f;
  const RunId first = f.ended(f.report, {.id = 5}, RunState::failed, ErrorClass::timeout);
  const RunId third = f.queue(f.report, {.id = 7, .retry = 3});
  f.database.run("UPDATE carillon.run_ready SET number = 5");
  const RunNumber number{f.report, 5};
  const auto id = [&](int retry) {
    return f.runs([&](RunStore store) { return store.find_id(kMine, number, retry); });
  };
  CHECK(id(1) == first);
  CHECK_FALSE(id(2));
  CHECK(id(3) == third);
  CHECK(f.runs([&](RunStore store) { return store.retries(kMine, number); }) == std::vector<int>{1, 3});
  CHECK(f.runs([&](RunStore store) { return store.retries(kMine, {f.report, 6}); }).empty());
}

TEST_CASE("a dedupe key is taken once in its window and belongs to a tenant", "[store][run_store]") {
  RunFixture f;
  const auto take = [&](const TenantId& tenant, Instant at) {
    return f.store.in_tx(tenant, [&](Tx& tx) {
      return RunStore{tx}.take_dedupe(tenant, {"key", 10min}, run_id(1), at);
    });
  };
  CHECK(take(kMine, kNow));
  CHECK_FALSE(take(kMine, kNow));
  CHECK_FALSE(take(kMine, kNow + 10min - 1us));
  CHECK(take(kTheirs, kNow));
  CHECK(f.runs([](RunStore store) { return store.take_dedupe(kMine, {"another", 10min}, run_id(1), kNow); }));
  CHECK(take(kMine, kNow + 10min));
  CHECK_FALSE(take(kMine, kNow + 19min));
}

TEST_CASE("a queued run is cancelled once and only while it is queued", "[store][run_store]") {
  RunFixture f;
  const RunId id = f.queue(f.report, {.id = 1, .payload = "{}"});
  const ReadyRun ready = f.ready(id);
  const RunEnding ending{
      .outcome = RunState::cancelled, .at = kNow + 5min, .error_class = ErrorClass::cancelled, .reason = "enough"};
  const auto cancel = [&](const ReadyRun& run) {
    return f.runs([&](RunStore store) { return store.cancel_ready(kMine, run, ending); });
  };
  ReadyRun elsewhere = ready;
  elsewhere.run_at += 1s;
  CHECK_FALSE(cancel(elsewhere));
  CHECK(f.find(id).state == RunState::queued);

  CHECK(cancel(ready));
  const RunRecord run = f.find(id);
  CHECK(run.state == RunState::cancelled);
  CHECK(run.finished_at == kNow + 5min);
  CHECK(run.error_class == "cancelled");
  CHECK(run.reason == "enough");
  CHECK_FALSE(run.started_at);
  CHECK(f.runs([&](RunStore store) { return store.body(kMine, id); }).payload == "{}");
  CHECK_FALSE(cancel(ready));

  const RunId claimed = f.live(f.report, {.id = 2});
  CHECK_FALSE(cancel({3, 5, made_at(claimed), claimed, 2, 1}));
  CHECK(f.find(claimed).state == RunState::running);
  CHECK(misplaced(f.database).empty());
}

TEST_CASE("a cancel is asked of a live run and the first reason stays", "[store][run_store]") {
  RunFixture f;
  const auto request = [&](RunId id, Instant at, const std::string& reason) {
    return f.runs([&](RunStore store) { return store.request_cancel(kMine, id, {.at = at, .reason = reason}); });
  };
  const RunId running = f.live(f.report, {.id = 1}), waiting = f.live(f.report, {.id = 2}, kWaiting);
  CHECK(request(running, kNow + 1min, "first"));
  CHECK(request(running, kNow + 2min, "second"));
  CHECK(request(waiting, kNow + 1min, ""));
  CHECK(f.find(running).cancel_requested_at == kNow + 1min);
  CHECK(f.find(running).cancel_reason == "first");
  CHECK(f.find(running).state == RunState::running);
  CHECK(f.find(waiting).cancel_requested_at == kNow + 1min);
  CHECK(f.find(waiting).cancel_reason.empty());

  CHECK_FALSE(request(f.queue(f.report, {.id = 3}), kNow, "r"));
  CHECK_FALSE(request(f.ended(f.report, {.id = 4}, RunState::succeeded), kNow, "r"));
}

TEST_CASE("a run that is to be undone is ended by force only", "[store][run_store]") {
  RunFixture f;
  const RunId live = f.live(f.report, {.id = 1}), queued = f.queue(f.report, {.id = 2});
  const auto asked = [&](bool undoes) {
    return f.runs([&](RunStore store) { return store.request_cancel(kMine, live, {.at = kNow, .undoes = undoes}); });
  };
  CHECK(asked(true));
  CHECK(asked(false));
  CHECK(f.find(live).undoes);
  const ReadyRun ready = f.ready(queued);
  CHECK(f.runs([&](RunStore store) { return store.compensate_ready(kMine, ready, {.at = kNow, .reason = "enough"}); }));
  const RunRecord due = f.find(queued);
  CHECK(due.undoes);
  CHECK(due.run_at == kNow);
  CHECK(due.cancel_requested_at == kNow);
  CHECK(due.cancel_reason == "enough");
  CHECK_FALSE(f.runs([&](RunStore store) { return store.compensate_ready(kMine, ready, {.at = kNow}); }));

  RunEnding ending{.outcome = RunState::cancelled, .at = kNow, .error_class = ErrorClass::cancelled};
  const auto ends = [&](bool by_force) {
    ending.by_force = by_force;
    return std::pair{f.runs([&](RunStore store) { return store.cancel_ready(kMine, f.ready(queued), ending); }),
                     f.runs([&](RunStore store) {
                       return store.end_live(kMine, live, {RunState::running, "idle"}, ending);
                     })};
  };
  CHECK(ends(false) == std::pair{false, false});
  CHECK(ends(true) == std::pair{true, true});
  CHECK(f.find(live).compensated == false);
  CHECK(f.find(queued).compensated == false);
  CHECK(misplaced(f.database).empty());
}

TEST_CASE("a run is paused where it is and resumed with the time that it had", "[store][run_store]") {
  RunFixture f;
  const RunId live = f.live(f.report, {.id = 1}), queued = f.queue(f.report, {.id = 2});
  const Instant due = f.find(queued).run_at;
  const RunPause pause{.by = "ann", .reason = "too loud", .until = kNow + 1h};
  const auto paused = [&](const RunPause& how) {
    return f.runs([&](RunStore store) {
      return store.pause_ready(kMine, f.ready(queued), how) && store.pause_live(kMine, live, how);
    });
  };
  CHECK(paused({.by = "bob"}));
  CHECK(f.find(queued).run_at == Instant::max());
  CHECK(paused(pause));
  CHECK(f.find(queued).run_at == kNow + 1h);
  CHECK(f.find(queued).resumes_at == due);
  for (const RunId id : {live, queued}) {
    CHECK(f.find(id).paused_by == "ann");
    CHECK(f.find(id).pause_reason == "too loud");
    CHECK(f.find(id).paused_until == kNow + 1h);
  }
  CHECK(f.runs([&](RunStore store) { return store.resume_ready(kMine, f.ready(queued)); }) == due);
  CHECK(f.runs([&](RunStore store) { return store.resume_live(kMine, live); }));
  CHECK(f.find(queued).run_at == due);
  CHECK(f.find(live).paused_by.empty());
  CHECK_FALSE(f.runs([&](RunStore store) { return store.resume_ready(kMine, f.ready(queued)); }));
  CHECK_FALSE(f.runs([&](RunStore store) { return store.resume_live(kMine, live); }));
}

TEST_CASE("a cancel ends a pause and what is to be undone is not paused", "[store][run_store]") {
  RunFixture f;
  const RunId live = f.live(f.report, {.id = 1}), queued = f.queue(f.report, {.id = 2});
  const auto paused = [&] {
    return std::pair{f.runs([&](RunStore store) { return store.pause_ready(kMine, f.ready(queued), {.by = "ann"}); }),
                     f.runs([&](RunStore store) { return store.pause_live(kMine, live, {.by = "ann"}); })};
  };
  CHECK(paused() == std::pair{true, true});
  CHECK(f.runs([&](RunStore store) { return store.request_cancel(kMine, live, {.at = kNow, .undoes = true}); }));
  CHECK(f.runs([&](RunStore store) { return store.compensate_ready(kMine, f.ready(queued), {.at = kNow}); }));
  CHECK(f.find(live).paused_by.empty());
  CHECK(f.find(queued).paused_by.empty());
  CHECK(f.find(queued).run_at == kNow);
  CHECK(paused() == std::pair{false, false});
}

TEST_CASE("a live run ends only from the state and call state that were expected", "[store][run_store]") {
  RunFixture f;
  const RunId id = f.live(f.report, {.id = 1, .concurrency_key = "printer"}, kCalling);
  const RunEnding ending{.outcome = RunState::unknown,
                         .at = kNow + 9min,
                         .error_class = ErrorClass::unknown_outcome,
                         .error_message = "cut off",
                         .reason = "forced"};
  const auto end = [&](RunState from, const std::string& call_state) {
    return f.runs([&](RunStore store) { return store.end_live(kMine, id, {from, call_state}, ending); });
  };
  CHECK_FALSE(end(RunState::waiting, "calling"));
  CHECK_FALSE(end(RunState::running, "idle"));
  CHECK(f.find(id).state == RunState::running);
  CHECK(f.find(id).call_state == "calling");
  const auto holders = [&] { return f.runs([](RunStore store) { return store.key_holders(kMine, "printer", 5); }); };
  REQUIRE(holders().size() == 1);
  CHECK(holders()[0].id == id);

  CHECK(end(RunState::running, "calling"));
  const RunRecord run = f.find(id);
  CHECK(run.state == RunState::unknown);
  CHECK(run.error_class == "unknown_outcome");
  CHECK(run.error_message == "cut off");
  CHECK(run.reason == "forced");
  CHECK(run.started_at == kNow + 2min);
  CHECK(run.finished_at == kNow + 9min);
  CHECK(run.late_by == 1min);
  CHECK(holders().empty());
  CHECK_FALSE(end(RunState::running, "calling"));
  CHECK(misplaced(f.database).empty());
}

TEST_CASE("a run that is ended from outside has its earlier calls on its bill", "[store][run_store]") {
  RunFixture f;
  const RunId queued = f.queue(f.report, {.id = 1}), running = f.live(f.report, {.id = 2}),
              free = f.live(f.report, {.id = 3});
  for (const RunId id : {queued, running})
    for (const char* attempt : {"1", "2"})
      f.database.run(
          "INSERT INTO carillon.effect_journal (run_id, step_path, attempt, tenant_id, tool, effect, input_sha256, "
          "idempotency_key, outcome, started_at, duration, output_bytes, cost) VALUES (" +
          id.str() + ", '', " + attempt + ", 'default', 't', 'read', '', '', 'succeeded', now(), '0', 0, 0.125)");
  const auto cost = [&](RunId id) { return f.runs([&](RunStore store) { return store.body(kMine, id); }).cost; };
  CHECK(cost(queued) == Cost{250'000});  // so far
  CHECK(cost(running) == Cost{250'000});
  const RunEnding ending{.outcome = RunState::cancelled, .at = kNow};
  f.runs([&](RunStore store) {
    CHECK(store.cancel_ready(kMine, f.ready(queued), ending));
    CHECK(store.end_live(kMine, running, {RunState::running, "idle"}, ending));
    CHECK(store.end_live(kMine, free, {RunState::running, "idle"}, ending));
  });
  CHECK(f.database.ask("SELECT string_agg(coalesce(cost::text, '-'), ' ' ORDER BY id) FROM carillon.run_history") ==
        "0.250 0.250 -");
  CHECK(cost(queued) == Cost{250'000});
  CHECK(cost(free).is_free());
  CHECK(f.runs([&](RunStore store) { return store.statistics(kMine, f.report, RunId{0}); }).cost == Cost{500'000});
}

TEST_CASE("a slot that did not run is born final with its range", "[store][run_store]") {
  RunFixture f;
  f.runs([&](RunStore store) {
    store.insert_unstarted(kMine, {.id = run_id(1),
                                   .task = f.report,
                                   .task_version = 1,
                                   .number = 8,
                                   .slot = kNow - 2h,
                                   .slot_until = kNow - 1h,
                                   .folded = 3,
                                   .run_at = kNow - 1h,
                                   .finished_at = kNow,
                                   .origin = "schedule",
                                   .agent = AgentId{"owner"},
                                   .correlation_id = "trace",
                                   .outcome = RunState::missed,
                                   .reason = "asleep"});
  });
  const RunRecord run = f.find(run_id(1));
  CHECK(run.state == RunState::missed);
  CHECK(run.slot == kNow - 2h);
  CHECK(run.slot_until == kNow - 1h);
  CHECK(run.folded == 3);
  CHECK(run.reason == "asleep");
  CHECK(run.attempt == 0);
  CHECK_FALSE(run.started_at);
}

TEST_CASE("what is busy is counted by state and listed by task", "[store][run_store]") {
  RunFixture f;
  const TaskId other = f.task({.name = "other"});
  f.queue(f.report, {.id = 1});
  f.queue(f.report, {.id = 2});
  const RunId running = f.live(f.report, {.id = 3}), waiting = f.live(f.report, {.id = 4}, kWaiting);
  f.live(other, {.id = 5});
  f.ended(f.report, {.id = 6}, RunState::succeeded);
  const auto busy = [&](const std::optional<std::vector<std::int64_t>>& tasks) {
    return f.runs([&](RunStore store) { return store.busy(kMine, tasks); });
  };
  const BusyRuns of_report = busy(std::vector{f.report.number()});
  CHECK(of_report.queued == 2);
  CHECK(of_report.running == 1);
  CHECK(of_report.waiting == 1);
  CHECK(busy(std::nullopt).running == 2);
  CHECK(busy(std::vector<std::int64_t>{}).queued == 0);

  const auto ready = f.runs([&](RunStore store) { return store.ready_of(kMine, f.report); });
  REQUIRE(ready.size() == 2);
  CHECK(ready[0].id == run_id(1));
  CHECK(ready[0].number == 1);
  CHECK(ready[1].run_at == kNow + 2min);
  const auto live = f.runs([&](RunStore store) { return store.live_of(kMine, f.report); });
  REQUIRE(live.size() == 2);
  CHECK(live[0].id == running);
  CHECK(live[0].state == RunState::running);
  CHECK(live[1].id == waiting);
  CHECK(live[1].state == RunState::waiting);
}

TEST_CASE("the success before a run is the last one of its task", "[store][run_store]") {
  RunFixture f;
  const RunId first = f.ended(f.report, {.id = 1}, RunState::succeeded);
  f.ended(f.report, {.id = 2}, RunState::succeeded);
  f.ended(f.report, {.id = 3}, RunState::failed, ErrorClass::timeout);
  f.ended(f.task({.name = "other"}), {.id = 4}, RunState::succeeded);
  const auto before = [&](RunId run) {
    return f.runs([&](RunStore store) { return store.previous_success(kMine, f.report, run); });
  };
  REQUIRE(before(run_id(9)));
  CHECK(before(run_id(9))->finished_at == f.find(run_id(2)).finished_at);
  CHECK(before(run_id(9))->task_version == 1);
  CHECK(before(run_id(2))->finished_at == f.find(first).finished_at);
  CHECK_FALSE(before(first));
}

TEST_CASE("statistics count how runs ended and how long and late they were", "[store][run_store]") {
  RunFixture f;
  f.ended(f.report, {.id = 1}, RunState::succeeded);
  f.ended(f.report, {.id = 2}, RunState::failed, ErrorClass::timeout);
  f.ended(f.report, {.id = 3}, RunState::unknown, ErrorClass::unknown_outcome);
  f.ended(f.task({.name = "other"}), {.id = 4}, RunState::succeeded);
  const auto since = [&](std::int64_t minutes) {
    return f.runs([&](RunStore store) { return store.statistics(kMine, f.report, run_id(minutes)); });
  };
  EndedRuns all = since(0);
  CHECK(all.succeeded == 1);
  CHECK(all.failed == 1);
  CHECK(all.unknown == 1);
  CHECK(all.p50 == 20s);  // 10, 20 and 30 s
  CHECK(all.p95 == 29s);
  CHECK_FALSE(all.late_p50);  // nobody is late who was started by hand
  CHECK(since(2).succeeded == 0);
  CHECK(since(2).failed == 1);
  CHECK_FALSE(since(9).p50);

  f.database.run("UPDATE carillon.run_history SET origin = 'schedule'");
  all = since(0);
  CHECK(all.late_p50 == 1min);
  CHECK(all.late_p95 == 1min);
}

TEST_CASE("runs that need attention are those that finished badly since then", "[store][run_store]") {
  RunFixture f;
  f.ended(f.report, {.id = 1}, RunState::failed, ErrorClass::timeout);
  f.ended(f.report, {.id = 20}, RunState::succeeded);
  const RunId failed = f.ended(f.report, {.id = 30}, RunState::failed, ErrorClass::timeout);
  const RunId unknown = f.ended(f.report, {.id = 40}, RunState::unknown, ErrorClass::unknown_outcome);
  f.ended(f.report, {.id = 50}, RunState::cancelled);
  f.queue(f.report, {.id = 60});
  const auto attention = [&](int limit) {
    return f.runs([&](RunStore store) { return store.attention(kMine, {kNow + 10min}, limit); });
  };
  CHECK(attention(10) == std::vector<RunId>{unknown, failed});
  CHECK(attention(1) == std::vector<RunId>{unknown});

  const EndedRuns outcomes = f.runs([](RunStore store) { return store.outcomes(kMine, {kNow + 10min}); });
  CHECK(outcomes.succeeded == 1);
  CHECK(outcomes.failed == 1);
  CHECK(outcomes.unknown == 1);
  CHECK(outcomes.missed == 0);
  CHECK(f.store.across_tenants([&](Tx& tx) {
    return RunStore{tx}.ended_among({failed.number(), run_id(60).number(), run_id(99).number()});
  }) == std::vector<RunId>{failed});
}

TEST_CASE("steps are told in the order in which they began", "[store][run_store]") {
  RunFixture f;
  const RunId id = f.live(f.report, {.id = 1});
  const auto step = [&](const std::string& values) {
    f.database.run(
        "INSERT INTO carillon.step_journal (run_id, tenant_id, tool, step_path, attempt, state, started_at, "
        "finished_at,"
        " error_class, error_message, output, output_bytes) VALUES (" +
        id.str() + ", 'default', 'a.b', " + values + ")");
  };
  step("'zwei', 1, 'running', '2026-11-20T00:03:00Z', NULL, NULL, NULL, NULL, NULL");
  step("'eins', 2, 'succeeded', '2026-11-20T00:02:00Z', '2026-11-20T00:02:30Z', NULL, NULL, '{\"n\":1}', 7");
  step("'eins', 1, 'retrying', '2026-11-20T00:01:00Z', '2026-11-20T00:01:30Z', 'timeout', 'slow', NULL, NULL");
  const auto steps = f.runs([&](RunStore store) { return store.steps(kMine, id, 10); });
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].step == "eins");
  CHECK(steps[0].attempt == 1);
  CHECK(steps[0].state == "retrying");
  CHECK(steps[0].error_class == "timeout");
  CHECK(steps[0].error_message == "slow");
  CHECK(steps[0].finished_at == kNow + 90s);
  CHECK(steps[0].output.is_null());
  CHECK(steps[1].attempt == 2);
  CHECK(steps[1].output == json{{"n", 1}});
  CHECK(steps[1].output_bytes == 7);
  CHECK(steps[2].step == "zwei");
  CHECK_FALSE(steps[2].finished_at);
  CHECK(f.runs([&](RunStore store) { return store.steps(kMine, id, 2); }).size() == 2);
}

TEST_CASE("an output is read from its row or from its own and said to be gone when it was pruned",
          "[store][run_store]") {
  RunFixture f;
  const RunId id = f.ended(f.report, {.id = 1}, RunState::succeeded);
  const auto body = [&] { return f.runs([&](RunStore store) { return store.body(kMine, id); }); };
  CHECK(body().output.is_null());
  CHECK_FALSE(body().output_gone);

  f.database.run("UPDATE carillon.run_history SET output = '{\"text\":\"hi\"}', output_bytes = 13");
  CHECK(body().output == json{{"text", "hi"}});
  CHECK(body().output_bytes == 13);
  CHECK_FALSE(body().output_cut);

  f.database.run("UPDATE carillon.run_history SET output = NULL, output_bytes = 5000, output_cut = true");
  f.database.run("INSERT INTO carillon.run_output VALUES (" + id.str() + ", 'default', '{\"text\":\"long\"}')");
  CHECK(body().output == json{{"text", "long"}});
  CHECK(body().output_bytes == 5000);
  CHECK(body().output_cut);
  CHECK_FALSE(body().output_gone);

  f.database.run("DELETE FROM carillon.run_output");
  CHECK(body().output.is_null());
  CHECK(body().output_gone);

  const RunId live = f.live(f.report, {.id = 2});
  f.database.run("UPDATE carillon.run_live SET progress = '{\"done\":1}'");
  CHECK(f.runs([&](RunStore store) { return store.body(kMine, live); }).progress == json{{"done", 1}});
}

TEST_CASE("a run shows to its own tenant only", "[store][run_store]") {
  RunFixture f;
  const RunId queued = f.queue(f.report, {.id = 1, .payload = "1"});
  const RunId live = f.live(f.report, {.id = 2, .concurrency_key = "printer"});
  f.ended(f.report, {.id = 3}, RunState::succeeded);
  const RunId failed = f.ended(f.report, {.id = 4}, RunState::failed, ErrorClass::timeout);
  f.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at) VALUES (" +
      live.str() + ", 's', 1, 'default', 'succeeded', now())");
  const ReadyRun ready = f.ready(queued);
  const RunEnding ending{.outcome = RunState::cancelled, .at = kNow};
  const auto only_mine = [&](auto ask) {
    return f.only_for_its_owner([&](Tx& tx, const TenantId& tenant) { return ask(RunStore{tx}, tenant); });
  };
  for (const RunId id : {queued, live, failed}) {
    CHECK(only_mine([&](RunStore runs, const TenantId& t) { return runs.find(t, id).has_value(); }));
    const std::int64_t number = f.find(id).number;
    CHECK(only_mine([&](RunStore runs, const TenantId& t) {
      return runs.find_id(t, {f.report, number}, 1).has_value();
    }));
    CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.retries(t, {f.report, number}).empty(); }));
  }
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.body(t, queued).payload.empty(); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.steps(t, live, 10).empty(); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.list(t, {}).empty(); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return runs.count(t, {}, 100) > 0; }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.ready_of(t, f.report).empty(); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.live_of(t, f.report).empty(); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return runs.busy(t, std::nullopt).queued > 0; }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return runs.busy(t, std::nullopt).running > 0; }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.key_holders(t, "printer", 5).empty(); }));
  CHECK(only_mine(
      [&](RunStore runs, const TenantId& t) { return runs.previous_success(t, f.report, failed).has_value(); }));
  CHECK(
      only_mine([&](RunStore runs, const TenantId& t) { return runs.statistics(t, f.report, run_id(0)).failed > 0; }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return !runs.attention(t, {kNow}, 10).empty(); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return runs.outcomes(t, {kNow}).failed > 0; }));
  CHECK(only_mine(
      [&](RunStore runs, const TenantId& t) { return runs.request_cancel(t, live, {.at = kNow, .reason = "r"}); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) { return runs.cancel_ready(t, ready, ending); }));
  CHECK(only_mine([&](RunStore runs, const TenantId& t) {
    return runs.end_live(t, live, {RunState::running, "idle"}, ending);
  }));
}
