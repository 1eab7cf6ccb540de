// Work of agents: asked for once, held by one at a time, answered once, and found by whom it waits for.
#include "server/engine/awaited_runs.h"
#include "server/engine/own_steps.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct WorkBench : EngineFixture {
  RunStarted run;
  Caller scout = caller("scout"), other = caller("other"), person = caller("anna");

  WorkBench() {
    person.kind = CallerKind::person;
    scheduled(R"({"name":"review","when":"manual","message":"x"})");
    run = ran("review");
    start(run);
  }
  OwnStep step(const json& more = json::object(), const char* path = "check") {
    json body{{"prompt", "Review it"}, {"data", {{"diff", "+1"}}}};
    body.update(more);
    return {.caller = scout,
            .key = {{RunId{run.run_id}, 1, 1}, "test", path, 1},
            .kind = pipeline::StepKind::agent,
            .body = body,
            .began_at = Instant{}};
  }
  Result<WorkResponded> respond(const Caller& by, WorkResponse response, const json& answer = nullptr,
                                const std::string& path = "") {
    return engine.respond_to_work(by, {.run = run.run, .step = path, .response = response, .answer = answer});
  }
  OwnStepEnd look() {
    OwnStep looking = step();
    looking.looks = true;
    return *engine.perform_step(looking);
  }
  std::int64_t waiting_for(const Caller& who, const std::string& whom) {
    return engine.list_runs(who, {.waiting_for = whom})->total;
  }
};

const json kGood{{"ok", true}};

}  // namespace

TEST_CASE("work is asked for once and only the agent that is named takes it", "[engine][respond_to_work]") {
  WorkBench bench;
  CHECK(bench.respond(bench.scout, WorkResponse::claim).error().code == ErrorCode::run_not_waiting);
  const OwnStep step = bench.step({{"name", "scout"}});
  REQUIRE(bench.engine.perform_step(step)->waits_until == Instant::max());
  REQUIRE(bench.engine.perform_step(step)->waits_until == Instant::max());
  CHECK(bench.count("work_item") == 1);
  CHECK(bench.respond(bench.other, WorkResponse::claim).error().code == ErrorCode::not_allowed);
  CHECK(bench.respond(bench.other, WorkResponse::answer, kGood).error().code == ErrorCode::not_allowed);

  const auto claimed = bench.respond(bench.scout, WorkResponse::claim);
  REQUIRE(claimed.ok());
  CHECK(claimed->until == bench.clock.now() + 15min);
  CHECK(claimed->prompt == "Review it");
  CHECK(claimed->data["diff"] == "+1");
  bench.worker.take();
  CHECK(bench.respond(bench.scout, WorkResponse::answer, kGood)->state == "answered");
  CHECK(bench.worker.take().told == std::vector<RunId>{RunId{bench.run.run_id}});
  CHECK(bench.look().output == kGood);
  CHECK(bench.respond(bench.scout, WorkResponse::answer, kGood).error().code == ErrorCode::run_not_waiting);
  CHECK(bench.count("audit WHERE action = 'respond_to_run'") == 2);
}

TEST_CASE("a claim keeps the work until its end and the late answer of who held it is refused",
          "[engine][respond_to_work]") {
  WorkBench bench;
  REQUIRE(bench.engine.perform_step(bench.step()).ok());
  REQUIRE(bench.respond(bench.scout, WorkResponse::claim).ok());
  for (const auto response : {WorkResponse::claim, WorkResponse::answer, WorkResponse::release}) {
    const auto refused = bench.respond(bench.other, response, response == WorkResponse::answer ? kGood : json(nullptr));
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().details["holder"] == "scout");
  }
  bench.clock.advance(14min);
  CHECK(bench.respond(bench.scout, WorkResponse::claim)->until == bench.clock.now() + 15min);  // longer
  bench.clock.advance(15min);
  CHECK(bench.respond(bench.other, WorkResponse::claim).ok());
  const auto late = bench.respond(bench.scout, WorkResponse::answer, kGood);
  CHECK(late.error().code == ErrorCode::conflict);
  CHECK(late.error().details["holder"] == "other");
  CHECK(bench.look().waits_until == Instant::max());
  CHECK(bench.respond(bench.other, WorkResponse::release).ok());
  CHECK(bench.respond(bench.person, WorkResponse::answer, kGood).ok());
  CHECK(bench.look().output == kGood);
}

TEST_CASE("an answer is an object that the step expects or changes nothing", "[engine][respond_to_work]") {
  WorkBench bench;
  OwnStep step = bench.step();
  step.expect = "ok";
  REQUIRE(bench.engine.perform_step(step).ok());
  CHECK(bench.respond(bench.scout, WorkResponse::claim)->expect == "ok");
  CHECK(bench.respond(bench.scout, WorkResponse::claim, kGood).error().pointer == "/answer");
  CHECK(bench.respond(bench.scout, WorkResponse::answer).error().pointer == "/answer");
  CHECK(bench.respond(bench.scout, WorkResponse::answer, "yes").error().pointer == "/answer");
  const auto unfit = bench.respond(bench.scout, WorkResponse::answer, {{"ok", false}});
  CHECK(unfit.error().pointer == "/answer");
  CHECK(unfit.error().message.find("expects ok") != std::string::npos);
  const json large{{"ok", std::string(1'000'001, 'x')}};
  CHECK(bench.respond(bench.scout, WorkResponse::answer, large).error().code == ErrorCode::too_large);
  CHECK(bench.look().waits_until == Instant::max());
  CHECK(bench.respond(bench.scout, WorkResponse::answer, kGood).ok());
}

TEST_CASE("work whose time is over has expired and what nobody wants is withdrawn", "[engine][respond_to_work]") {
  WorkBench bench;
  OwnStep step = bench.step({{"within", "10m"}});
  REQUIRE(bench.engine.perform_step(step)->waits_until == bench.clock.now() + 10min);
  CHECK(bench.respond(bench.scout, WorkResponse::claim)->until == bench.clock.now() + 10min);
  bench.clock.advance(10min);
  CHECK(bench.respond(bench.scout, WorkResponse::answer, kGood).error().code == ErrorCode::run_not_waiting);
  const bool is_late = GENERATE(true, false);
  step.give_up = WaitEnd{.state = is_late ? "failed" : "cancelled",
                         .error_class = is_late ? "timeout" : "cancelled",
                         .message = "over",
                         .at = bench.clock.now()};
  SECTION("of a worker that has lost the run it changes nothing") {
    step.key.lease.epoch = 9;
    CHECK_FALSE(bench.engine.perform_step(step)->is_ours);
    CHECK(bench.count("work_item WHERE outcome IS NULL") == 1);
  }
  SECTION("it ends once") {
    const auto end = bench.engine.perform_step(step);
    REQUIRE(end->fault.has_value());
    CHECK(end->fault->error_class == (is_late ? ErrorClass::expired : ErrorClass::cancelled));
    CHECK(bench.count(std::string{"work_item WHERE outcome = '"} + (is_late ? "expired'" : "withdrawn'")) == 1);
    CHECK(bench.respond(bench.scout, WorkResponse::claim).error().code == ErrorCode::run_not_waiting);
  }
}

TEST_CASE("runs are found by whom they wait for and say since when and who has claimed them",
          "[engine][respond_to_work]") {
  WorkBench bench;
  REQUIRE(bench.engine.perform_step(bench.step({{"name", "scout"}})).ok());
  bench.wait(bench.run);
  CHECK(bench.waiting_for(bench.scout, "me") == 1);
  CHECK(bench.waiting_for(bench.other, "me") == 0);
  CHECK(bench.waiting_for(bench.other, "agent:scout") == 1);
  CHECK(bench.waiting_for(bench.other, "agent") == 1);
  for (const char* whom : {"person", "approval", "event"}) CHECK(bench.waiting_for(bench.scout, whom) == 0);
  CHECK(bench.engine.list_runs(bench.scout, {.waiting_for = "nobody"}).error().pointer == "/waiting_for");
  CHECK(bench.engine.get_status(bench.scout)->awaiting_caller == 1);
  CHECK(bench.engine.get_status(bench.other)->awaiting_caller == 0);
  CHECK(bench.engine.list_runs(bench.scout, {})->runs.at(0).waits_for == "agent scout: Review it");
  REQUIRE(bench.respond(bench.scout, WorkResponse::claim).ok());
  const auto detail = bench.engine.get_run(bench.scout, {.run = bench.run.run});
  REQUIRE(detail->work.size() == 1);
  CHECK(detail->waits_for.at(0).find("agent scout: Review it, since ") != std::string::npos);
  CHECK(detail->waits_for.at(0).find("claimed by scout until ") != std::string::npos);
  CHECK(awaited_by(bench.person).deciders == std::vector<std::string>{"person"});
}

TEST_CASE("of several items of work the one that is meant is named", "[engine][respond_to_work]") {
  WorkBench bench;
  REQUIRE(bench.engine.perform_step(bench.step()).ok());
  REQUIRE(bench.engine.perform_step(bench.step(json::object(), "other")).ok());
  CHECK(bench.respond(bench.scout, WorkResponse::claim).error().code == ErrorCode::ambiguous_name);
  const auto unknown = bench.respond(bench.scout, WorkResponse::claim, nullptr, "third");
  CHECK(unknown.error().details["candidates"] == json{"check", "other"});
  CHECK(bench.respond(bench.scout, WorkResponse::answer, kGood, "other")->step == "other");
  CHECK(bench.respond(bench.scout, WorkResponse::claim)->step == "check");
}
