// What waits to be approved, and links that decide it: each once, over what was shown, as the person who holds it.
#include "server/base/mask.h"
#include "server/engine/own_steps.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct ApprovalBench : EngineFixture {
  RunStarted run;
  Caller agent = caller();

  ApprovalBench() {
    scheduled(R"({"name":"job","when":"manual","message":"x"})");
    run = ran("job");
    start(run);
  }
  void ask(const json& more = json::object(), const char* path = "ask") {
    json body{{"message", "Deploy?"}, {"arguments", {{"items", {1}}}}};
    body.update(more);
    const OwnStep step{.caller = agent,
                       .key = {{RunId{run.run_id}, 1, 1}, "test", path, 1},
                       .kind = pipeline::StepKind::approval,
                       .body = body,
                       .began_at = clock.now()};
    REQUIRE(engine.perform_step(step)->waits_until.has_value());
  }
  void give(const char* hash, const char* holder) {
    engine.keep_approval_link(agent, {{RunId{run.run_id}, "ask", 1}, hash, holder});
  }
  Result<RunResponded> decide(const char* hash, bool approves = true) {
    const auto linked = engine.find_approval_link(hash);
    const std::string digest = linked ? linked->asked.approval.digest : "";
    return engine.decide_by_link(
        {.sha256 = hash, .digest = digest, .approves = approves, .comment = "so", .correlation_id = "c"});
  }
};

}  // namespace

TEST_CASE("a link decides once as the person to whom it was given", "[engine][approvals]") {
  ApprovalBench bench;
  CHECK(bench.decide("a").error().code == ErrorCode::unknown_name);
  bench.ask();
  bench.give("a", "email:anna@example.com");
  bench.give("b", "desktop");
  bench.worker.take();
  const auto decided = bench.decide("a");
  REQUIRE(decided.ok());
  CHECK(decided->decision == "approved");
  CHECK(decided->by == std::vector<std::string>{"email:anna@example.com"});
  CHECK(bench.worker.take().told == std::vector<RunId>{RunId{bench.run.run_id}});
  CHECK(bench.count("audit WHERE action = 'decide_by_link' AND actor LIKE '%email:anna@example.com'") == 1);
  for (const char* hash : {"a", "b"}) {
    const auto again = bench.decide(hash, false);
    CHECK(again.error().code == ErrorCode::run_not_waiting);
    CHECK(again.error().details["by"] == json{"email:anna@example.com"});
  }
  CHECK(bench.engine.find_approval_link("b")->asked.approval.outcome == "approved");
}

TEST_CASE("a link decides what was shown and nothing else", "[engine][approvals]") {
  ApprovalBench bench;
  bench.ask();
  bench.give("a", "desktop");
  const auto other = bench.engine.decide_by_link({.sha256 = "a", .digest = "of something else", .approves = true});
  CHECK(other.error().code == ErrorCode::conflict);
  CHECK(bench.engine
            .decide_by_link({.sha256 = "a",
                             .digest = bench.engine.find_approval_link("a")->asked.approval.digest,
                             .approves = true,
                             .comment = std::string(2'001, 'x')})
            .error()
            .pointer == "/comment");
  CHECK(bench.count("approval WHERE outcome IS NULL") == 1);
}

TEST_CASE("a link that has agreed does not agree for another", "[engine][approvals]") {
  ApprovalBench bench;
  bench.ask({{"quorum", 2}});
  bench.give("a", "email:anna@example.com");
  bench.give("b", "email:bert@example.com");
  CHECK(bench.decide("a")->decision == "open");
  CHECK(bench.decide("a").error().code == ErrorCode::run_not_waiting);
  CHECK(bench.engine.find_approval_link("a")->used_at.has_value());
  CHECK(bench.decide("b")->by == std::vector<std::string>{"email:anna@example.com", "email:bert@example.com"});
}

TEST_CASE("a link gives no agent's approval and none that has expired", "[engine][approvals]") {
  ApprovalBench bench;
  SECTION("an agent's") {
    bench.ask({{"by", {"agent:owner"}}});
    bench.give("a", "desktop");
    CHECK(bench.decide("a").error().code == ErrorCode::needs_approval);
  }
  SECTION("expired") {
    bench.ask({{"within", "1h"}});
    bench.give("a", "desktop");
    bench.set_now("2026-11-20T14:00:00Z");
    CHECK(bench.decide("a").error().code == ErrorCode::run_not_waiting);
    Caller person = bench.caller();
    person.kind = CallerKind::person;
    const auto late = bench.engine.respond_to_run(person, {.run = bench.run.run, .approves = true});
    CHECK(late.error().message == "the approval expired at 2026-11-20T14:00:00Z");
  }
  CHECK(bench.count("approval WHERE outcome IS NULL") == 1);
  CHECK(bench.count("approval_link WHERE used_at IS NULL") == 1);
}

TEST_CASE("what live runs wait to be approved is listed with what expires first", "[engine][approvals]") {
  ApprovalBench bench;
  CHECK(bench.engine.list_approvals(bench.agent).approvals.empty());
  bench.ask();
  bench.ask({{"within", "1h"}, {"message", "Soon?"}}, "soon");
  const auto found = bench.engine.list_approvals(bench.agent);
  CHECK(found.total == 2);
  REQUIRE(found.approvals.size() == 2);
  CHECK(found.approvals[0].approval.message == "Soon?");
  CHECK(found.approvals[1].run == bench.run.run);
  CHECK(bench.engine.list_approvals(bench.caller("a", "other")).approvals.empty());
  bench.finish(bench.run, "cancelled");
  CHECK(bench.engine.list_approvals(bench.agent).approvals.empty());
}

TEST_CASE("secrets in what is asked are masked before they are kept", "[engine][approvals]") {
  ApprovalBench bench;
  register_secret("hunter2-hunter2");
  bench.ask({{"message", "With hunter2-hunter2?"}, {"arguments", {{"key", "hunter2-hunter2"}}}});
  const auto found = bench.engine.list_approvals(bench.agent);
  CHECK(found.approvals.at(0).approval.message == "With [masked]?");
  CHECK(found.approvals.at(0).approval.arguments == json{{"key", "[masked]"}});
}
