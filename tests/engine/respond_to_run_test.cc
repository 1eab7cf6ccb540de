// Approvals: asked once, decided once, and only by whom the step names.
#include "server/engine/own_steps.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct DecisionBench : EngineFixture {
  RunStarted run;
  Caller agent = caller();
  Caller person = caller();

  DecisionBench() {
    person.kind = CallerKind::person;
    scheduled(R"({"name":"job","when":"manual","message":"x"})");
    run = ran("job");
    start(run);
  }
  OwnStep step(const json& more = json::object(), const char* path = "ask") {
    json body{{"message", "Deploy?"}, {"arguments", {{"items", {1}}}}};
    body.update(more);
    return {.caller = agent,
            .key = {{RunId{run.run_id}, 1, 1}, "test", path, 1},
            .kind = pipeline::StepKind::approval,
            .body = body,
            .began_at = Instant{}};
  }
  Result<RunResponded> respond(const Caller& by, bool approves, const std::string& path = "") {
    return engine.respond_to_run(by, {.run = run.run, .step = path, .approves = approves, .comment = "so"});
  }
  // What the step has come to.
  OwnStepEnd look() {
    OwnStep looking = step();
    looking.looks = true;
    return *engine.perform_step(looking);
  }
  OwnStepEnd give_up(const json& more, const char* error_class) {
    OwnStep giving = step(more);
    giving.give_up = WaitEnd{.state = "failed", .error_class = error_class, .message = "over", .at = Instant{}};
    return *engine.perform_step(giving);
  }
};

}  // namespace

TEST_CASE("an approval is asked once and an agent does not give what needs a person", "[engine][respond_to_run]") {
  DecisionBench bench;
  CHECK(bench.respond(bench.person, true).error().code == ErrorCode::run_not_waiting);
  REQUIRE(bench.engine.perform_step(bench.step())->waits_until == Instant::max());
  REQUIRE(bench.engine.perform_step(bench.step())->waits_until == Instant::max());
  CHECK(bench.count("approval") == 1);
  CHECK(bench.engine.get_run(bench.agent, {.run = bench.run.run})->approvals.size() == 1);

  const auto refused = bench.respond(bench.agent, true);
  CHECK(refused.error().code == ErrorCode::needs_approval);
  CHECK(refused.error().details["by"] == json{"person"});
  CHECK(bench.look().waits_until == Instant::max());

  bench.worker.take();
  CHECK(bench.respond(bench.person, true)->decision == "approved");
  CHECK(bench.worker.take().told == std::vector<RunId>{RunId{bench.run.run_id}});
  const OwnStepEnd end = bench.look();
  CHECK(end.output["status"] == "approved");
  CHECK(end.output["approved_items"] == json{1});
  CHECK(end.output["comment"] == "so");
  CHECK(bench.respond(bench.person, false).error().code == ErrorCode::run_not_waiting);
  CHECK(bench.count("audit WHERE action = 'respond_to_run'") == 1);
}

TEST_CASE("a worker that has lost the run withdraws nothing that it asks", "[engine][respond_to_run]") {
  DecisionBench bench;
  REQUIRE(bench.engine.perform_step(bench.step()).ok());
  OwnStep late = bench.step();
  late.key.lease.epoch = 9;
  late.give_up = WaitEnd{.state = "cancelled", .error_class = "cancelled", .message = "over", .at = Instant{}};
  CHECK_FALSE(bench.engine.perform_step(late)->is_ours);
  CHECK(bench.respond(bench.person, true)->decision == "approved");
  CHECK(bench.look().output["status"] == "approved");
}

TEST_CASE("a worker that has lost the run lets nothing expire that it asks", "[engine][respond_to_run]") {
  DecisionBench bench;
  const json more{{"within", "1h"}, {"on_expiry", "reject"}};
  REQUIRE(bench.engine.perform_step(bench.step(more)).ok());
  OwnStep late = bench.step(more);
  late.key.lease.epoch = 9;
  late.give_up = WaitEnd{.state = "failed", .error_class = "timeout", .message = "over", .at = Instant{}};
  CHECK_FALSE(bench.engine.perform_step(late)->is_ours);
  CHECK(bench.count("approval WHERE outcome IS NULL") == 1);
  const OwnStepEnd end = bench.give_up(more, "timeout");
  REQUIRE(end.fault.has_value());
  CHECK(end.fault->error_class == ErrorClass::expired);
  CHECK(bench.count("approval WHERE outcome = 'expired'") == 1);
}

TEST_CASE("what a template gave is no message unless it is a text", "[engine][respond_to_run]") {
  DecisionBench bench;
  const auto refused = bench.engine.perform_step(bench.step({{"message", {{"count", 3}}}}));
  CHECK(refused.error().code == ErrorCode::arguments_invalid);
  CHECK(refused.error().pointer == "/approval/message");
  CHECK(bench.count("approval") == 0);
  OwnStep signal = bench.step();
  signal.kind = pipeline::StepKind::signal;
  signal.body = {{"event", 7}};
  CHECK(bench.engine.perform_step(signal).error().pointer == "/signal/event");
}

TEST_CASE("words that nobody can keep decide nothing", "[engine][respond_to_run]") {
  DecisionBench bench;
  REQUIRE(bench.engine.perform_step(bench.step()).ok());
  RespondToRun command{.run = bench.run.run, .approves = true, .comment = std::string("a\0b", 3)};
  CHECK(bench.engine.respond_to_run(bench.person, command).error().pointer == "/comment");
  command.comment = std::string(2'001, 'x');
  CHECK(bench.engine.respond_to_run(bench.person, command).error().pointer == "/comment");
  CHECK(bench.count("approval WHERE outcome IS NULL") == 1);
}

TEST_CASE("several have to agree where the step says so and one refusal is enough", "[engine][respond_to_run]") {
  DecisionBench bench;
  const json two{{"by", {"person", "agent:owner"}}, {"quorum", 2}};
  REQUIRE(bench.engine.perform_step(bench.step(two)).ok());
  CHECK(bench.respond(bench.agent, true)->decision == "open");
  CHECK(bench.respond(bench.person, true)->decision == "open");  // the same name once more
  Caller other = bench.caller("anna");
  other.kind = CallerKind::person;
  SECTION("agreed") {
    const auto answer = bench.respond(other, true);
    CHECK(answer->decision == "approved");
    CHECK(answer->by == std::vector<std::string>{"owner", "anna"});
    CHECK(bench.look().output["by"] == json{"owner", "anna"});
  }
  SECTION("refused") {
    CHECK(bench.respond(other, false)->decision == "rejected");
    const OwnStepEnd end = bench.look();
    REQUIRE(end.fault.has_value());
    CHECK(end.fault->error_class == ErrorClass::not_allowed);
    CHECK(end.fault->message == "rejected by anna: so");
  }
}

TEST_CASE("of several approvals the one that is decided is named", "[engine][respond_to_run]") {
  DecisionBench bench;
  REQUIRE(bench.engine.perform_step(bench.step({{"on_reject", "continue"}})).ok());
  REQUIRE(bench.engine.perform_step(bench.step(json::object(), "other")).ok());
  CHECK(bench.respond(bench.person, true).error().code == ErrorCode::ambiguous_name);
  const auto unknown = bench.respond(bench.person, true, "third");
  CHECK(unknown.error().code == ErrorCode::unknown_name);
  CHECK(unknown.error().details["candidates"] == json{"ask", "other"});
  CHECK(bench.respond(bench.person, false, "ask")->decision == "rejected");
  CHECK(bench.look().output["status"] == "rejected");
  CHECK(bench.respond(bench.person, true)->step == "other");
}

TEST_CASE("an approval whose time is over has expired and one that nobody wants is withdrawn",
          "[engine][respond_to_run]") {
  DecisionBench bench;
  json more{{"within", "1h"}};
  const char* ends_as = "timeout";
  std::string outcome = "expired", status;
  SECTION("it fails") {}
  SECTION("it counts as approved") {
    more["on_expiry"] = "approve";
    status = "approved";
  }
  SECTION("it counts as refused and fails") { more["on_expiry"] = "reject"; }
  SECTION("it counts as refused and goes on") {
    more.update({{"on_expiry", "reject"}, {"on_reject", "continue"}});
    status = "expired";
  }
  SECTION("nobody wants it any more") {
    ends_as = "cancelled";
    outcome = "withdrawn";
  }
  REQUIRE(bench.engine.perform_step(bench.step(more)).ok());
  const OwnStepEnd end = bench.give_up(more, ends_as);
  CHECK(bench.count("approval WHERE outcome = '" + outcome + "'") == 1);
  CHECK(bench.respond(bench.person, true).error().code == ErrorCode::run_not_waiting);
  if (status.empty()) {
    REQUIRE(end.fault.has_value());
    CHECK(end.fault->error_class == (outcome == "expired" ? ErrorClass::expired : ErrorClass::cancelled));
  } else {
    CHECK(end.output["status"] == status);
    CHECK(end.output["by"].empty());
  }
}
