// What get_run shows of sensitive values: nothing, wherever in the run they have come to.
#include "server/engine/sensitive_run.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

struct Shown : EngineFixture {
  RunStarted put(const std::string& definition, const std::string& input = "{}") {
    scheduled(definition);
    const auto started = engine.run_now(caller(), {.task = "job", .input = json::parse(input)});
    REQUIRE(started.ok());
    return *started;
  }
  void row(const RunStarted& run, const std::string& path, const std::string& output, const std::string& error = "") {
    database.run(
        "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at, "
        "output, error_class, error_message) VALUES (" +
        std::to_string(run.run_id) + ", '" + path + "', 1, 'default', '" + (error.empty() ? "succeeded" : "failed") +
        "', now(), now(), " + (output.empty() ? "NULL" : "'" + output + "'") + ", " +
        (error.empty() ? "NULL, NULL" : "'tool_error', '" + error + "'") + ")");
  }
  void output(const RunStarted& run, const std::string& text) {
    database.run("UPDATE carillon.run_history SET output = convert_to('" + text +
                 "', 'UTF8') WHERE id = " + std::to_string(run.run_id));
  }
  // All that is shown, as one text.
  std::string shown() {
    const auto detail = engine.get_run(caller(), {.run = "job#1"});
    REQUIRE(detail.ok());
    json all{detail->action,   detail->input, detail->event, detail->output, detail->row.error_message,
             detail->waits_for};
    for (const StepRow& step : detail->steps) all.push_back({step.step, step.output, step.error_message});
    for (const Approval& each : detail->approvals) all.push_back({each.message, each.arguments});
    return all.dump();
  }
};

constexpr const char* kSensitiveTask = R"({"name":"job","when":"manual","steps":[
    {"id":"login","uses":"everything.echo","with":{"message":"${input.password}"},"sensitive":["/token","/user","/message"]},
    {"id":"each","map":"${['a', 'b']}","do":[{"id":"use","uses":"everything.echo","with":{"message":"${steps.login.token}"},"sensitive":["/pin"]}]},
    {"id":"ask","approval":{"message":"Use ${steps.login.token}?","by":["person"]}}]})";

}  // namespace

TEST_CASE("sensitive values of steps are shown nowhere in their run and are kept for it", "[engine][sensitive]") {
  Shown f;
  const auto run = f.put(kSensitiveTask, R"({"password":"open sesame","other":"plain"})");
  f.row(run, "login", R"({"token": "tok-4711", "user": {"name": "Anna", "admin": true}, "public": "seen"})");
  f.row(run, "each[0].use", R"({"text": "used tok-4711 for Anna", "pin": 12})");
  f.row(run, "each[1].use", "", "tok-4711 with open sesame is refused");
  f.finish(run, "failed", "tool_error");
  f.database.run("UPDATE carillon.run_history SET error_message = 'step each[1].use: tok-4711 is refused'");
  f.output(
      run,
      R"({"steps": {"login": {"token": "tok-4711", "user": {"name": "Anna"}, "public": "seen"}, "each": {"results": [{"pin": 12}]}}})");
  const std::string shown = f.shown();
  INFO(shown);
  for (const char* hidden : {"tok-4711", "Anna", "open sesame", "\"pin\":12", "\"admin\""})
    CHECK(shown.find(hidden) == std::string::npos);
  for (const char* open :
       {"seen", "plain", "used [masked] for [masked]", "step each[1].use: [masked] is refused", "\"pin\":\"[masked]\""})
    CHECK(shown.find(open) != std::string::npos);
  CHECK(f.database.ask("SELECT convert_from(output, 'UTF8') FROM carillon.step_journal WHERE step_path = 'login'")
            .find("tok-4711") != std::string::npos);
}

TEST_CASE("what a step asks to be approved is shown without sensitive values", "[engine][sensitive]") {
  Shown f;
  const auto run = f.put(kSensitiveTask, R"({"password":"open sesame"})");
  f.wait(run);
  f.row(run, "login", R"({"token": "tok-4711"})");
  f.database.run(
      "INSERT INTO carillon.approval (tenant_id, run_id, step_path, attempt, message, arguments, digest, deciders, "
      "quorum, "
      "on_expiry, on_reject, expires_at, asked_at) VALUES ('default', " +
      std::to_string(run.run_id) +
      ", 'ask', 1, 'Use tok-4711?', '{\"token\": \"tok-4711\"}', 'd', '{person}', 1, 'fail', 'fail', 'infinity', "
      "now())");
  const std::string shown = f.shown();
  INFO(shown);
  CHECK(shown.find("tok-4711") == std::string::npos);
  CHECK(shown.find("Use [masked]?") != std::string::npos);
}

TEST_CASE("what servers.json calls sensitive of a tool is masked in steps and in runs that are one call",
          "[engine][sensitive]") {
  Shown f;
  f.tools.hidden["everything.echo"] = {"/token", "/message"};
  const bool steps = GENERATE(true, false);
  const auto run =
      steps
          ? f.put(
                R"({"name":"job","when":"manual","steps":[{"id":"a","uses":"everything.echo","with":{"message":"hush-hush"}}]})")
          : f.put(R"({"name":"job","when":"manual","tool":"everything.echo","arguments":{"message":"hush-hush"}})",
                  R"({"message":"hush-hush"})");
  if (steps) f.row(run, "a", R"({"token": "tok-4711", "said": "hush-hush"})");
  f.finish(run, "succeeded");
  f.output(
      run,
      steps
          ? R"({"steps": {"a": {"token": "tok-4711"}}, "last": {"token": "tok-4711"}})"
          : R"({"content": [{"type": "text", "text": "{\\"token\\": \\"tok-4711\\", \\"n\\": 1}"}], "structured": {"token": "tok-4711", "n": 1}, "text": "{\\"token\\": \\"tok-4711\\", \\"n\\": 1}"})");
  const std::string shown = f.shown();
  INFO(shown);
  CHECK(shown.find("tok-4711") == std::string::npos);
  CHECK(shown.find("hush-hush") == std::string::npos);
}

TEST_CASE("of a sensitive output that was cut nothing is shown", "[engine][sensitive]") {
  Shown f;
  const auto run = f.put(
      R"({"name":"job","when":"manual","steps":[{"id":"a","uses":"everything.echo","with":{"message":"x"},"sensitive":["/token"]}]})");
  f.row(run, "a", R"({"content": [], "structured": null, "text": "{\\"token\\": \\"tok-47", "cut": true})");
  f.finish(run, "succeeded");
  f.output(
      run,
      R"({"content": [], "structured": null, "text": "{\\"steps\\": {\\"a\\": {\\"token\\": \\"tok-47", "cut": true})");
  CHECK(f.shown().find("tok-47") == std::string::npos);
}

TEST_CASE("a run without anything sensitive is shown as it is", "[engine][sensitive]") {
  Shown f;
  const auto run =
      f.put(R"({"name":"job","when":"manual","steps":[{"id":"a","uses":"everything.echo","with":{"message":"x"}}]})");
  f.row(run, "a", R"({"token": "tok-4711"})");
  f.finish(run, "succeeded");
  f.output(run, R"({"steps": {"a": {"token": "tok-4711"}}})");
  CHECK(f.shown().find("tok-4711") != std::string::npos);
}
