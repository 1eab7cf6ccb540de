#include <catch2/catch.hpp>

#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;
using carillon::test::kOutput;

void schedule_echo(Installation& here) {
  here.call("schedule_task",
            {{"name", "echo"}, {"when", "manual"}, {"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}});
}

TEST_CASE("a run that is started now is queued and has a handle", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  const json started = here.call("run_now", {{"task", "echo"}, {"reason", "to see"}});
  CHECK(started["run"] == "echo#1");
  CHECK(started["status"] == "queued");
  const json shown = here.call("get_run", {{"run", "echo#1"}});
  CHECK(shown["status"] == "queued");
  CHECK(shown["action"]["tool"] == "stand_in.echo");
}

TEST_CASE("a call that waits is answered when the run ends", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  auto waiting = here.start("run_now", {{"task", "echo"}, {"wait_seconds", 45}});
  CHECK(waiting.wait_for(std::chrono::seconds{0}) == std::future_status::timeout);
  here.settle("echo#1", "succeeded", kOutput, "");
  REQUIRE(waiting.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  const auto answer = std::get<transport::Answer>(waiting.get());
  CHECK(answer.structured->at("status") == "succeeded");
  CHECK(answer.structured->at("output") == json{{"count", 3}});
}

TEST_CASE("a call that has waited long enough tells what is true then", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  CHECK(here.call("run_now", {{"task", "echo"}, {"wait_seconds", 1}})["status"] == "queued");
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"wait_seconds", 1}})["status"] == "queued");
}

TEST_CASE("a call whose client has gone is given up and the run goes on", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  auto waiting = here.start("run_now", {{"task", "echo"}, {"wait_seconds", 45}});
  here.client.request_stop();
  REQUIRE(waiting.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  CHECK(std::get<transport::Answer>(waiting.get()).is_error);
  here.client = {};
  CHECK(here.call("get_run", {{"run", "echo#1"}})["status"] == "queued");
  CHECK(here.engine.watch().watched().empty());
}

TEST_CASE("of a run with very many steps those are told that say the most", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  here.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at, "
      "error_class) "
      "SELECT id, 'each[' || n || '].a', 1, tenant_id, CASE n WHEN 150 THEN 'failed' ELSE 'succeeded' END, "
      "now() + n * interval '1 ms', now() + n * interval '1 ms', CASE n WHEN 150 THEN 'tool_error' END "
      "FROM carillon.run_ready, generate_series(0, 199) AS n");
  const json shown = here.call("get_run", {{"run", "echo#1"}});
  REQUIRE(shown["steps"].size() == 50);
  CHECK(shown["steps"][0]["step"] == "each[0].a");
  CHECK(shown["steps"][49]["step"] == "each[150].a");
  CHECK(shown["steps_left_out"] == 150);
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"include", {"steps"}}})["steps"].size() == 200);
}

TEST_CASE("what a run cost is told when it is asked for", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"include", {"cost"}}})["cost_usd"] == 0.0);
  here.settle("echo#1", "succeeded", kOutput, "");
  here.database.run("UPDATE carillon.run_history SET cost = 0.375");
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"include", {"cost"}}})["cost_usd"] == 0.375);
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"response_format", "detailed"}})["cost_usd"] == 0.375);
  CHECK_FALSE(here.call("get_run", {{"run", "echo#1"}}).contains("cost_usd"));
  CHECK(here.call("get_task", {{"task", "echo"}})["last_30_days"]["cost_usd"] == 0.375);
}

TEST_CASE("waiting for a run that has ended answers at once", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#1", "succeeded", kOutput, "");
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"wait_seconds", 45}})["status"] == "succeeded");
}

TEST_CASE("one value of an output is read by its path", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#1", "succeeded", kOutput, "");
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"output_path", "structured.count"}})["output"] == 3);
  CHECK(here.refused("get_run", {{"run", "echo#1"}, {"output_path", "structured.["}})["pointer"] == "/output_path");
  CHECK(here.refused("get_run", {{"run", "echo#1"}, {"step", "a"}})["pointer"] == "/step");
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"include", {"output", "steps", "input"}}})["output"]["text"] ==
        "three");
}

TEST_CASE("a long output is an extract that says how to read more", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#1", "succeeded", {{"text", std::string(5'000, 'x')}, {"structured", nullptr}}, "");
  const json shown = here.call("get_run", {{"run", "echo#1"}});
  CHECK(shown["output"].get<std::string>().size() < 700);
  CHECK(shown["output_bytes"] == 5'000);
  CHECK(shown["output_more"].get<std::string>().find("output_path") != std::string::npos);
  const json whole = here.call("get_run", {{"run", "echo#1"}, {"response_format", "detailed"}});
  CHECK(whole["output"].get<std::string>().size() == 5'000);
  CHECK(whole["origin"] == "run_now");
}

TEST_CASE("a failed run carries a diagnosis with the next call", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#1", "failed", nullptr, "rate_limited");
  const json shown = here.call("get_run", {{"run", "echo#1"}});
  CHECK(shown["error_class"] == "rate_limited");
  CHECK(shown["diagnosis"]["transient"] == true);
  CHECK(shown["diagnosis"]["next_call"].get<std::string>().find("retry_run") != std::string::npos);
}

TEST_CASE("a retry of a finished run has a number of its own", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  CHECK(here.refused("retry_run", {{"run", "echo#1"}})["error"] == "conflict");
  here.settle("echo#1", "failed", nullptr, "timeout");
  const json retried = here.call("retry_run", {{"run", "echo#1"}, {"from", "start"}, {"definition", "latest"}});
  CHECK(retried["run"] == "echo#1.2");
  CHECK(retried["retry_of"] == "echo#1");
}

TEST_CASE("runs that failed are found by a filter and repeated and those that are not wanted are deleted",
          "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  for (int i = 1; i <= 2; ++i) {
    here.call("run_now", {{"task", "echo"}});
    here.settle("echo#" + std::to_string(i), "failed", nullptr, "timeout");
  }
  const json deleted = here.call("delete_item", {{"kind", "run"}, {"name", "echo#1"}, {"hard", true}});
  CHECK(deleted["deleted"] == "for good");
  CHECK_FALSE(deleted.contains("restore"));
  CHECK(here.refused("delete_item", {{"kind", "run"}, {"name", "echo#2"}})["pointer"] == "/hard");
  const json retried = here.call("retry_run", {{"error_class", "timeout"}, {"since", "today"}, {"limit", 5}});
  CHECK(retried == json{{"retried", {{{"run", "echo#2.2"}, {"retry_of", "echo#2"}}}}});
  CHECK(here.call("retry_run", {{"task", "echo"}})["retried"].empty());
  CHECK(here.refused("retry_run", json::object())["pointer"] == "/run");
  CHECK(here.refused("retry_run", {{"limit", 5}})["pointer"] == "/run");
  CHECK(here.refused("retry_run", {{"run", "echo#2"}, {"task", "echo"}})["pointer"] == "/run");
  CHECK(here.refused("retry_run", {{"task", "echo"}, {"input", json::object()}})["pointer"] == "/input");
  CHECK(here.refused("retry_run", {{"since", "today"}, {"wait_seconds", 5}})["pointer"] == "/wait_seconds");
}

TEST_CASE("a queued run is cancelled at once and a finished one is left as it is", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  const json cancelled = here.call("cancel_run", {{"run", "echo#1"}, {"reason", "not now"}});
  CHECK(cancelled["was"] == "queued");
  CHECK(cancelled["status"] == "cancelled");
  CHECK(here.call("get_run", {{"run", "echo#1"}})["status"] == "cancelled");
}

TEST_CASE("a run that is to be undone says so until it is and whether it was", "[tools][runs]") {
  Installation here;
  here.call("schedule_task", {{"name", "order"}, {"when", "manual"}, {"steps", {{{"id", "pause"}, {"wait", "1h"}}}}});
  here.call("run_now", {{"task", "order"}});
  here.database.run("UPDATE carillon.run_ready SET attempt = 2");
  const json cancelled = here.call("cancel_run", {{"run", "order#1"}, {"compensate", true}});
  CHECK(cancelled["status"] == "queued");
  CHECK(cancelled["requested"].get<std::string>().find("is undone") != std::string::npos);
  CHECK(here.call("get_run", {{"run", "order#1"}})["undoes"] == true);
  here.call("cancel_run", {{"run", "order#1"}, {"force", true}});
  CHECK(here.call("get_run", {{"run", "order#1"}})["compensated"] == false);
}

TEST_CASE("single runs are paused and resumed with the tool for tasks", "[tools][runs]") {
  Installation here;
  here.call("schedule_task", {{"name", "order"}, {"when", "manual"}, {"steps", {{{"id", "pause"}, {"wait", "1h"}}}}});
  here.call("run_now", {{"task", "order"}});
  const json paused = here.call("set_task_state", {{"state", "paused"}, {"runs", {"order#1"}}, {"reason", "too loud"}});
  CHECK(paused["runs"] == json::array({"order#1"}));
  CHECK(paused["affected"] == 1);
  CHECK(here.call("get_run", {{"run", "order#1"}})["waits_for"][0].get<std::string>().find("too loud") !=
        std::string::npos);
  CHECK(here.call("set_task_state", {{"state", "active"}, {"runs", {"order#1"}}})["affected"] == 1);
  CHECK(here.refused("set_task_state", {{"state", "paused"}, {"runs", {"order#9"}}})["pointer"] == "/runs/0");
}

TEST_CASE("a run that asks nothing to be approved is not decided", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  const json refused = here.refused("respond_to_run", {{"run", "echo#1"}, {"response", "approve"}});
  CHECK(refused["error"] == "run_not_waiting");
  CHECK(refused["pointer"] == "/run");
  CHECK(here.refused("respond_to_run", {{"run", "echo#1"}, {"response", "maybe"}})["pointer"] == "/response");
}

TEST_CASE("a run that asks no agent gives nothing to claim and an answer belongs to its response", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  for (const char* response : {"claim", "release"})
    CHECK(here.refused("respond_to_run", {{"run", "echo#1"}, {"response", response}})["error"] == "run_not_waiting");
  const json answer{{"ok", true}};
  CHECK(here.refused("respond_to_run", {{"run", "echo#1"}, {"response", "answer"}, {"answer", answer}})["error"] ==
        "run_not_waiting");
  for (const char* response : {"claim", "approve"})
    CHECK(here.refused("respond_to_run", {{"run", "echo#1"}, {"response", response}, {"answer", answer}})["pointer"] ==
          "/answer");
  CHECK(here.call("list_runs", {{"waiting_for", "me"}})["total"] == 0);
  CHECK(here.refused("list_runs", {{"waiting_for", "godot"}})["pointer"] == "/waiting_for");
}

TEST_CASE("runs are listed newest first and filtered by what became of them", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  for (int i = 1; i <= 3; ++i)
    CHECK(here.call("run_now", {{"task", "echo"}, {"overlap", "allow"}})["run"] == "echo#" + std::to_string(i));
  here.settle("echo#1", "failed", nullptr, "timeout");
  here.settle("echo#2", "succeeded", kOutput, "");
  const json all = here.call("list_runs", {{"task", "echo"}});
  CHECK(all["total"] == 3);
  CHECK(all["runs"][0]["run"] == "echo#3");
  const json failed = here.call("list_runs", {{"status", {"failed"}}, {"error_class", "timeout"}, {"since", "today"}});
  REQUIRE(failed["total"] == 1);
  CHECK(failed["runs"][0]["error_class"] == "timeout");
  CHECK(failed["runs"][0]["duration"] == "4.1 s");
  const json first = here.call("list_runs", {{"limit", 2}});
  CHECK(here.call("list_runs", {{"limit", 2}, {"cursor", first["next_cursor"]}})["runs"][0]["run"] == "echo#1");
  CHECK(here.call("list_runs", {{"response_format", "detailed"}})["runs"][0]["origin"] == "run_now");
}

TEST_CASE("a run that its task's overlap policy keeps out is told with the reason and not waited for",
          "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  here.call("run_now", {{"task", "echo"}});
  const json kept_out = here.call("run_now", {{"task", "echo"}, {"wait_seconds", 45}});
  CHECK(kept_out["status"] == "skipped");
  CHECK(kept_out["reason"].get<std::string>().find("overlap") != std::string::npos);
}

TEST_CASE("an unknown run is refused by name", "[tools][runs]") {
  Installation here;
  schedule_echo(here);
  CHECK(here.refused("get_run", {{"run", "echo#9"}})["error"] == "unknown_name");
  CHECK(here.refused("cancel_run", {{"run", "nobody#1"}})["error"] == "unknown_name");
}

}  // namespace
}  // namespace carillon::tools
