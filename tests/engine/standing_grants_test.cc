// Standing grants: the same again is approved at once, in the name of who granted it; anything else is asked.
#include "server/engine/standing_grants.h"

#include "server/engine/own_steps.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct GrantBench : EngineFixture {
  Caller agent = caller(), person = caller();
  RunStarted run;

  GrantBench() {
    person.kind = CallerKind::person;
    scheduled(R"({"name":"job","when":"manual","message":"x","notify":["desktop"]})");
    scheduled(R"({"name":"other","when":"manual","message":"x"})");
    begin("job");
  }
  void begin(const std::string& task) {
    run = ran(task);
    start(run);
  }
  OwnStepEnd ask(const json& more = json::object(), const char* path = "ask") {
    json body{{"message", "Deploy?"}, {"arguments", {{"tag", "v9"}}}};
    body.update(more);
    const OwnStep step{.caller = agent,
                       .key = {{RunId{run.run_id}, 1, 1}, "test", path, 1},
                       .kind = pipeline::StepKind::approval,
                       .body = body,
                       .began_at = clock.now()};
    return *engine.perform_step(step);
  }
  Result<RunResponded> approve(const Caller& who, Duration always) {
    return engine.respond_to_run(who, {.run = run.run, .approves = true, .always = always});
  }
  void granted(const json& more = json::object()) {
    REQUIRE(ask(more).waits_until.has_value());
    REQUIRE(approve(person, 30 * 24h).ok());
    finish(run, "succeeded");
  }
};

}  // namespace

TEST_CASE("the same again is approved at once in the name of who granted it", "[engine][standing_grants]") {
  GrantBench bench;
  bench.granted();
  const auto grants = bench.engine.list_standing_grants(bench.person);
  REQUIRE(grants.size() == 1);
  CHECK(grants[0].task == "job");
  CHECK(grants[0].granted_by == "owner");
  CHECK(bench.engine.list_standing_grants(bench.caller("owner", "elsewhere")).empty());
  bench.begin("job");
  const OwnStepEnd end = bench.ask({{"within", "1h"}}, "elsewhere");
  CHECK_FALSE(end.waits_until.has_value());
  CHECK(end.output["status"] == "approved");
  CHECK(end.output["by"] == json{"owner"});
  CHECK(end.output["comment"] == "standing grant " + std::to_string(grants[0].id));
  CHECK(bench.ask({{"within", "1h"}}, "elsewhere").output["status"] == "approved");  // once more, as after a kill
  CHECK(bench.count("approval WHERE outcome = 'approved'") == 2);
  CHECK(bench.count("delivery WHERE about = 'approval'") == 0);
  CHECK(bench.count("audit WHERE action = 'await_approval'") == 1);
}

TEST_CASE("anything else is asked", "[engine][standing_grants]") {
  GrantBench bench;
  bench.granted();
  bench.begin("job");
  SECTION("other arguments") { CHECK(bench.ask({{"arguments", {{"tag", "v10"}}}}).waits_until.has_value()); }
  SECTION("other words") { CHECK(bench.ask({{"message", "Delete?"}}).waits_until.has_value()); }
  SECTION("an agent decides") { CHECK(bench.ask({{"by", {"agent:owner"}}}).waits_until.has_value()); }
  SECTION("more have to agree") {
    CHECK(bench.ask({{"quorum", 2}}).waits_until.has_value());
    CHECK(bench.engine.list_approvals(bench.person).approvals.at(0).approval.agreed ==
          std::vector<std::string>{"owner"});
  }
  SECTION("another task") {
    bench.begin("other");
    CHECK(bench.ask().waits_until.has_value());
  }
  SECTION("it has expired") {
    bench.clock.advance(30 * 24h);
    CHECK(bench.ask().waits_until.has_value());
    CHECK(bench.engine.list_standing_grants(bench.person).empty());
  }
  SECTION("it was taken back") {
    const auto id = bench.engine.list_standing_grants(bench.person).at(0).id;
    CHECK(bench.engine.revoke_standing_grant(bench.caller("owner", "elsewhere"), id).error().code ==
          ErrorCode::unknown_name);
    CHECK(bench.engine.revoke_standing_grant(bench.person, id).ok());
    CHECK(bench.engine.revoke_standing_grant(bench.person, id).error().pointer == "/grant");
    CHECK(bench.ask().waits_until.has_value());
    CHECK(bench.engine.list_standing_grants(bench.person).empty());
  }
}

TEST_CASE("only a person grants for a while and only a fitting one", "[engine][standing_grants]") {
  GrantBench bench;
  SECTION("an agent") {
    REQUIRE(bench.ask({{"by", {"person", "agent:owner"}}}).waits_until.has_value());
    CHECK(bench.approve(bench.agent, 24h).error().code == ErrorCode::not_allowed);
  }
  SECTION("too long or no time") {
    REQUIRE(bench.ask().waits_until.has_value());
    CHECK(bench.approve(bench.person, 367 * 24h).error().pointer == "/always");
    CHECK(bench.approve(bench.person, Duration{0}).error().pointer == "/always");
  }
  CHECK(bench.count("approval WHERE outcome IS NULL") == 1);
  CHECK(bench.count("approval_grant") == 0);
}
