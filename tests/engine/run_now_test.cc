#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("run_now queues a run and wakes the worker", "[engine][run_now]") {
  EngineFixture f;
  f.scheduled(
      R"({"name":"echo","when":"manual","tool":"everything.echo","arguments":{"message":"hi"},"priority":2,"options":{"expires":"30m"}})");
  f.worker.take();
  const auto started =
      f.engine.run_now(f.caller("scout"), {.task = "echo", .input = json{{"message", "ho"}}, .reason = "try"});
  REQUIRE(started.ok());
  CHECK(started->run == "echo#1");
  CHECK(started->state == "queued");
  CHECK(started->task_state == "active");
  CHECK(f.worker.take().ready.size() == 1);
  CHECK(f.count("run_ready WHERE priority = 2 AND agent_id = 'scout' AND origin = 'run_now' AND expires_at = "
                "'2026-11-20T13:30:00Z' "
                "AND correlation_id = '0af7651916cd43dd8448eb211c80319c' AND reason = 'try'") == 1);
  CHECK(f.count("outbox WHERE event_type = 'task.run.queued'") == 1);
  CHECK(f.count("audit WHERE action = 'run_now' AND subject = 'run:" + std::to_string(started->run_id) + "'") == 1);
  const auto run = f.engine.get_run(f.caller(), {.run = "echo#1"});
  REQUIRE(run.ok());
  CHECK(run->input == json{{"message", "ho"}});
  CHECK(run->action["arguments"] == json{{"message", "ho"}});
  CHECK(run->row.state == RunState::queued);
  CHECK(run->waits_for.size() == 1);
}

TEST_CASE("a large input has a row of its own", "[engine][run_now]") {
  EngineFixture f;
  f.scheduled(R"({"name":"echo","when":"manual","tool":"everything.echo","arguments":{"message":"hi"}})");
  f.scheduled(R"({"name":"note","when":"manual","message":"x"})");
  const json input{{"message", std::string(5000, 'x')}};
  REQUIRE(f.engine.run_now(f.caller(), {.task = "echo", .input = input}).ok());
  CHECK(f.count("run_input") == 1);
  CHECK(f.count("run_ready WHERE payload = ''") == 1);
  CHECK(f.engine.get_run(f.caller(), {.run = "echo#1"})->input == input);
  CHECK(f.engine.run_now(f.caller(), {.task = "echo", .input = json{{"message", std::string(2'000'000, 'x')}}})
            .error()
            .code == ErrorCode::too_large);
  CHECK(f.engine.run_now(f.caller(), {.task = "echo", .input = json::array()}).error().pointer == "/input");
  CHECK(f.engine.run_now(f.caller(), {.task = "note", .input = json{{"text", "x"}}}).error().pointer == "/input");
  CHECK(f.engine.run_now(f.caller(), {.task = "note", .input = json{{"message", "y"}}}).ok());
}

TEST_CASE("overlap decides about a run while another goes on", "[engine][run_now]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto first = f.ran("job");
  f.start(first);
  const auto skipped = f.ran("job");
  CHECK(skipped.state == "skipped");
  CHECK(skipped.reason.find("overlap") == 0);
  CHECK(f.engine.get_run(f.caller(), {.run = skipped.run})->row.state == RunState::skipped);
  CHECK(f.count("outbox WHERE event_type = 'task.run.skipped'") == 1);
  const auto beside = f.engine.run_now(f.caller(), {.task = "job", .overlap = Overlap::allow});
  CHECK(beside->state == "queued");
  const auto instead = f.engine.run_now(f.caller(), {.task = "job", .overlap = Overlap::cancel});
  CHECK(instead->state == "queued");
  CHECK(f.engine.get_run(f.caller(), {.run = beside->run})->row.state == RunState::cancelled);
  CHECK(f.engine.get_run(f.caller(), {.run = first.run})->row.cancel_requested);
  CHECK(f.worker.take().cancels == std::vector{RunId{first.run_id}});
}

TEST_CASE("a queued run says behind whom it waits", "[engine][run_now]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"manual","message":"x","lock":"reports"})");
  f.scheduled(R"({"name":"b","when":"manual","message":"x","lock":"reports"})");
  const auto a = f.ran("a");
  f.start(a);
  const auto b = f.ran("b");
  const auto run = f.engine.get_run(f.caller(), {.run = b.run});
  CHECK(run->waits_for[0] == "a#1 must end first: they share lock:reports");
  f.database.run("UPDATE carillon.run_ready SET run_at = '2026-11-20T13:05:00Z', attempt = 2");
  CHECK(f.engine.get_run(f.caller(), {.run = b.run})->waits_for[0].find("the attempt before failed") == 0);
}

TEST_CASE("a run beyond max_parallel waits and says for whom", "[engine][run_now]") {
  EngineFixture f;
  f.scheduled(R"({"name":"a","when":"manual","message":"x","options":{"max_parallel":2,"overlap":"allow"}})");
  f.start(f.ran("a"));
  const auto second = f.ran("a");
  CHECK(f.engine.get_run(f.caller(), {.run = second.run})->waits_for[0].find("must end first") == std::string::npos);
  f.start(second);
  const auto third = f.ran("a");
  const std::string why = "one of a#1, a#2 must end first: max_parallel is 2";
  CHECK(f.engine.get_run(f.caller(), {.run = third.run})->waits_for[0] == why);
  const auto page = f.engine.list_runs(f.caller(), {});
  REQUIRE(page->runs.size() == 3);
  CHECK(page->runs[0].waits_for == why);
  CHECK(page->runs[1].waits_for.empty());
}

TEST_CASE("max_parallel and a lock exclude each other", "[engine][run_now]") {
  EngineFixture f;
  const auto refused =
      f.schedule(R"({"name":"a","when":"manual","message":"x","lock":"l","options":{"max_parallel":2}})");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().pointer == "/options/max_parallel");
  f.scheduled(R"({"name":"b","when":"manual","message":"x","options":{"max_parallel":2}})");
  CHECK_FALSE(f.update("b", R"({"lock":"l"})").ok());
  CHECK(f.update("b", R"({"lock":"l","options":{"max_parallel":""}})").ok());
}

TEST_CASE("a second start inside the dedupe window is skipped", "[engine][run_now]") {
  EngineFixture f;
  f.scheduled(
      R"({"name":"job","when":"manual","message":"x","dedupe":{"key":"k","window":"10m"},"options":{"overlap":"allow"}})");
  CHECK(f.ran("job").state == "queued");
  f.clock.advance(std::chrono::minutes{5});
  const auto second = f.ran("job");
  CHECK(second.state == "skipped");
  CHECK(second.reason.find("duplicate") == 0);
  f.clock.advance(std::chrono::minutes{6});
  CHECK(f.ran("job").state == "queued");
}

TEST_CASE("run_now works on a paused task and says so", "[engine][run_now]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"every 15m","message":"x","paused":true})");
  CHECK(f.ran("job").task_state == "paused");
  CHECK(f.engine.run_now(f.caller(), {.task = "jobb"}).error().details["nearest"] == json::array({"job"}));
  CHECK(f.engine.run_now(f.caller(), {.task = ""}).error().code == ErrorCode::arguments_invalid);
  CHECK(f.engine.run_now(f.caller("x", "other-tenant"), {.task = "job"}).error().code == ErrorCode::unknown_name);
}

TEST_CASE("a run is retried from the start under the same number", "[engine][retry_run]") {
  EngineFixture f;
  f.scheduled(R"({"name":"echo","when":"manual","tool":"everything.echo","arguments":{"message":"hi"}})");
  const auto first = f.engine.run_now(f.caller(), {.task = "echo", .input = json{{"message", "given"}}});
  CHECK(f.engine.retry_run(f.caller(), {.run = "echo#1"}).error().code == ErrorCode::conflict);
  f.finish(*first, "failed", "timeout");
  REQUIRE(f.update("echo", R"({"arguments":{"message":"new"}})").ok());
  const auto retried = f.engine.retry_run(f.caller(), {.run = "echo#1"});
  REQUIRE(retried.ok());
  CHECK(retried->run == "echo#1.2");
  CHECK(retried->retry_of == "echo#1");
  auto run = f.engine.get_run(f.caller(), {.run = "echo#1.2"});
  CHECK(run->task_version == 1);
  CHECK(run->input == json{{"message", "given"}});
  CHECK(run->retries == std::vector<std::string>{"echo#1"});
  CHECK(f.count("outbox WHERE event_type = 'task.run.retried'") == 1);
  CHECK(f.engine.retry_run(f.caller(), {.run = "echo#1"}).error().received == "echo#1.2");
  f.finish(*retried, "unknown", "unknown_outcome");
  const auto latest = f.engine.retry_run(
      f.caller(), {.run = "echo#1.2", .input = json{{"message", "other"}}, .definition = RetryDefinition::latest});
  REQUIRE(latest.ok());
  CHECK(latest->run == "echo#1.3");
  run = f.engine.get_run(f.caller(), {.run = "echo#1.3"});
  CHECK(run->task_version == 2);
  CHECK(run->action["arguments"]["message"] == "other");
  CHECK(f.engine.retry_run(f.caller(), {.run = "echo#9"}).error().code == ErrorCode::unknown_name);
  f.finish(*latest, "failed", "timeout");
  CHECK(f.engine.retry_run(f.caller(), {.run = "echo#1", .input = json(7)}).error().pointer == "/input");
  f.database.run("DELETE FROM carillon.task_version WHERE version = 1");
  CHECK(f.engine.retry_run(f.caller(), {.run = "echo#1"}).error().pointer == "/definition");
}

TEST_CASE("a tool is called as a run of the hidden task", "[engine][call_tool]") {
  EngineFixture f;
  const CallTool command{
      .key = {.client_generated_id = "c", .content = "x"}, .tool = "everything.echo", .arguments = {{"message", "hi"}}};
  const auto first = f.engine.call_tool(f.caller(), command);
  REQUIRE(first.ok());
  CHECK(first->run == "call#1");
  CHECK(f.engine.call_tool(f.caller(), command)->run == "call#1");
  CHECK(f.engine.call_tool(f.caller(), {.tool = "everything.echo", .arguments = {{"message", "ho"}}})->run == "call#2");
  const auto run = f.engine.get_run(f.caller(), {.run = "call#2"});
  CHECK(run->action == json{{"kind", "tool"}, {"tool", "everything.echo"}, {"arguments", {{"message", "ho"}}}});
  CHECK(run->row.origin == "call");
  CHECK(f.engine.list_tasks(f.caller(), {})->total == 0);
  CHECK(f.engine.list_runs(f.caller(), {.task = "call"})->total == 2);
}

TEST_CASE("a call needs the scopes that servers.json asks for the tool", "[engine][call_tool]") {
  EngineFixture f;
  const CallTool command{.tool = "everything.guarded", .arguments = {{"message", "hi"}}};
  const auto refused = f.engine.call_tool(f.caller_without(Scope::tools), command);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::not_allowed);
  CHECK(refused.error().details["scope"] == "tools");
  CHECK(f.engine.check_tool(f.caller_without(Scope::admin), command).error().code == ErrorCode::not_allowed);
  CHECK(f.count("run_ready") == 0);
  CHECK(f.engine.call_tool(f.caller(), command).ok());
}

TEST_CASE("a call is checked before anything is written", "[engine][call_tool]") {
  EngineFixture f;
  f.tools.away = "remote";
  CHECK(f.engine.call_tool(f.caller(), {.tool = "everything.none"}).error().pointer == "/tool");
  CHECK(f.engine.call_tool(f.caller(), {.tool = "remote.x"}).error().code == ErrorCode::server_unavailable);
  CHECK(f.engine.call_tool(f.caller(), {.tool = "everything.echo", .arguments = {{"message", 5}}}).error().pointer ==
        "/arguments/message");
  CHECK(f.engine
            .call_tool(f.caller(), {.tool = "everything.echo", .arguments = {{"message", std::string(2'000'000, 'x')}}})
            .error()
            .code == ErrorCode::too_large);
  CHECK(f.count("task") == 0);
  const auto checked = f.engine.check_tool(f.caller(), {.tool = "everything.echo", .arguments = {{"message", "hi"}}});
  CHECK(checked->effect == "read");
}
