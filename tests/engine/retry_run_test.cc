// What failed is repeated by a filter: which runs are found, each once, and what becomes of those that cannot be.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

using NameSet = std::set<std::string>;

struct Dead : EngineFixture {
  Dead() {
    for (const char* name : {"fetch", "post"})
      scheduled(
          R"({"name":")" + std::string(name) +
          R"(","when":"manual","tool":"everything.echo","arguments":{"message":"hi"},"options":{"overlap":"allow"}})");
  }
  RunStarted ended(const std::string& task, const std::string& outcome, const std::string& error_class = "") {
    const RunStarted run = ran(task);
    finish(run, outcome, error_class);
    return run;
  }
  // Handles of the retries.
  NameSet retried(RetryFailed command) {
    const auto done = engine.retry_failed(caller(), command);
    REQUIRE(done.ok());
    NameSet names;
    for (const RunStarted& run : done->runs) names.insert(run.run);
    more = done->more;
    refused = done->refused;
    return names;
  }
  bool more = false;
  std::vector<RunNotRetried> refused;
};

}  // namespace

TEST_CASE("runs that failed are found by task and class and time and repeated once", "[engine][retry_run]") {
  Dead f;
  f.ended("fetch", "failed", "timeout");
  f.ended("fetch", "succeeded");
  f.ended("fetch", "failed", "rate_limited");
  f.ended("post", "failed", "timeout");
  f.ended("post", "cancelled", "cancelled");
  CHECK(f.retried({.task = "fetch", .error_class = "timeout"}) == NameSet{"fetch#1.2"});
  CHECK(f.retried({.task = "fetch", .error_class = "timeout"}).empty());
  CHECK(f.retried({.since = "2h"}) == NameSet{"fetch#3.2", "post#1.2"});
  CHECK(f.retried({.since = "2h"}).empty());
  CHECK(f.retried({.error_class = "cancelled"}).empty());
  CHECK(f.count("run_ready") == 3);
  CHECK(f.count("outbox WHERE event_type = 'task.run.retried'") == 3);
  CHECK(f.count("audit WHERE action = 'retry_run'") == 3);
}

TEST_CASE("of a number its last retry is repeated and one that went well ends it", "[engine][retry_run]") {
  Dead f;
  const RunStarted first = f.ended("fetch", "failed", "timeout");
  const auto second = f.engine.retry_run(f.caller(), {.run = first.run});
  REQUIRE(second.ok());
  CHECK(f.retried({.task = "fetch"}).empty());  // it is queued
  f.start(*second);
  CHECK(f.retried({.task = "fetch"}).empty());  // it is running
  f.database.run("UPDATE carillon.run_live SET state = 'waiting', lease_until = 'infinity', wake_at = 'infinity'");
  CHECK(f.retried({.task = "fetch"}).empty());
  f.database.run("DELETE FROM carillon.run_live");
  CHECK(f.retried({.task = "fetch"}) == NameSet{"fetch#1.2"});
  const auto again = f.engine.get_run(f.caller(), {.run = "fetch#1.2"});
  REQUIRE(again.ok());
  f.finish({.run = "fetch#1.2", .run_id = again->row.run_id}, "failed", "timeout");
  CHECK(f.retried({.task = "fetch"}) == NameSet{"fetch#1.3"});
  const auto last = f.engine.get_run(f.caller(), {.run = "fetch#1.3"});
  f.finish({.run = "fetch#1.3", .run_id = last->row.run_id}, "succeeded");
  CHECK(f.retried({.task = "fetch"}).empty());
}

TEST_CASE("a call whose outcome nobody knows is repeated only where its class is named", "[engine][retry_run]") {
  Dead f;
  f.ended("post", "unknown", "unknown_outcome");
  f.database.run(
      "INSERT INTO carillon.effect_journal (run_id, step_path, attempt, tenant_id, tool, effect, input_sha256, "
      "idempotency_key, outcome, started_at, duration, output_bytes) SELECT id, '', 1, 'default', 'pay.charge', "
      "'destructive', 'x', 'k', 'unknown', now(), interval '1 s', 1 FROM carillon.run_history");
  CHECK(f.retried({.task = "post"}).empty());
  const auto done = f.engine.retry_failed(f.caller(), {.error_class = "unknown_outcome"});
  REQUIRE(done->runs.size() == 1);
  CHECK(done->runs[0].run == "post#1.2");
  CHECK(done->runs[0].retry_of == "post#1");
  CHECK(done->runs[0].repeated == std::vector<std::string>{"pay.charge"});
}

TEST_CASE("one command repeats no more than it says and the oldest first", "[engine][retry_run]") {
  Dead f;
  for (int i = 0; i < 3; ++i) f.ended("fetch", "failed", "timeout");
  CHECK(f.retried({.task = "fetch", .limit = 2}) == NameSet{"fetch#1.2", "fetch#2.2"});
  CHECK(f.more);
  CHECK(f.retried({.task = "fetch", .limit = 2}) == NameSet{"fetch#3.2"});
  CHECK_FALSE(f.more);
}

TEST_CASE("a filter under an id is answered once for all", "[engine][retry_run]") {
  Dead f;
  f.ended("fetch", "failed", "timeout");
  const RetryFailed command{.key = {.client_generated_id = "again", .content = "x"}, .task = "fetch"};
  const auto first = f.engine.retry_failed(f.caller(), command);
  REQUIRE(first->runs.size() == 1);
  f.ended("fetch", "failed", "timeout");
  const auto second = f.engine.retry_failed(f.caller(), command);
  REQUIRE(second->runs.size() == 1);
  CHECK(second->runs[0].run == first->runs[0].run);
  CHECK(second->more == first->more);
  CHECK(f.count("run_ready") == 1);
}

TEST_CASE("what cannot be repeated so is named and keeps no other back", "[engine][retry_run]") {
  Dead f;
  f.scheduled(R"({"name":"steps","when":"manual","steps":[{"id":"a","wait":"1s"},{"id":"b","wait":"1s"}]})");
  f.ended("steps", "failed", "timeout");
  f.ended("fetch", "failed", "timeout");
  CHECK(f.retried({.since = "today", .from = "b"}).empty());
  REQUIRE(f.refused.size() == 2);  // one has no steps, the other's "a" has not ended
  CHECK(f.retried({.since = "today", .from = "failed_step"}) == NameSet{"fetch#1.2", "steps#1.2"});
  CHECK(f.refused.empty());
  f.ended("post", "failed", "timeout");
  f.ended("fetch", "failed", "timeout");
  REQUIRE(f.update("fetch", R"({"arguments":{"message":"new"}})").ok());
  f.database.run(
      "DELETE FROM carillon.task_version v USING carillon.task t WHERE v.task_id = t.task_id AND t.name = 'fetch' "
      "AND v.version = 1");
  CHECK(f.retried({.since = "today"}) == NameSet{"post#1.2"});
  REQUIRE(f.refused.size() == 1);
  CHECK(f.refused[0].run == "fetch#2");
  CHECK(f.refused[0].why.find("latest") != std::string::npos);
  CHECK(f.retried({.since = "today", .definition = RetryDefinition::latest}) == NameSet{"fetch#2.2"});
}

TEST_CASE("a filter that names nothing or nobody is refused with what would work", "[engine][retry_run]") {
  Dead f;
  const auto refused = [&](const RetryFailed& command) {
    const auto done = f.engine.retry_failed(f.caller(), command);
    REQUIRE_FALSE(done.ok());
    return done.error();
  };
  CHECK(refused({}).pointer == "/run");
  CHECK(refused({}).try_instead.size() == 2);
  CHECK(refused({.error_class = "timeot"}).details["nearest"] == json::array({"timeout"}));
  CHECK(refused({.task = "fetsh"}).details["nearest"] == json::array({"fetch"}));
  CHECK(refused({.since = "some day"}).pointer == "/since");
  CHECK(refused({.task = "fetch", .limit = 101}).pointer == "/limit");
}

TEST_CASE("what is deleted or another tenant's is not repeated by a filter", "[engine][retry_run]") {
  Dead f;
  f.ended("fetch", "failed", "timeout");
  f.ended("post", "failed", "timeout");
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "fetch"}).ok());
  CHECK(f.engine.retry_failed(f.caller("x", "other-tenant"), {.since = "today"})->runs.empty());
  CHECK(f.retried({.since = "today"}) == NameSet{"post#1.2"});
}
