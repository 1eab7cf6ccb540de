// Steps that Carillon performs itself: done with their row of the journal, once, and only by who leases the run.
#include "server/engine/own_steps.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct StepBench : EngineFixture {
  RunStarted run;
  Caller by = caller();

  StepBench() {
    scheduled(R"({"name":"job","when":"manual","message":"x"})");
    run = ran("job");
    start(run);
  }
  OwnStep step(pipeline::StepKind kind, const json& body) {
    return {.caller = by,
            .key = {{RunId{run.run_id}, 1, 1}, "test", "a.step", 1},
            .kind = kind,
            .body = body,
            .began_at = Instant{}};
  }
};

}  // namespace

TEST_CASE("a step of our own is performed once however often it is tried", "[engine][perform_step]") {
  StepBench bench;
  const OwnStep add = bench.step(pipeline::StepKind::state, {{"op", "increment"}, {"key", "n"}});
  const auto first = bench.engine.perform_step(add), second = bench.engine.perform_step(add);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(first->output.at("value") == 1);
  CHECK(second->output == first->output);
  CHECK(bench.count("step_journal WHERE step_path = 'a.step' AND state = 'succeeded'") == 1);

  const OwnStep tell = bench.step(pipeline::StepKind::event, {{"type", "deploy.done"}});
  CHECK(bench.engine.perform_step(tell)->output == first->output);  // the same attempt of the same step
  CHECK(bench.count("event") == 0);
}

TEST_CASE("whoever leases the run no more changes nothing", "[engine][perform_step]") {
  StepBench bench;
  OwnStep step = bench.step(pipeline::StepKind::event, {{"type", "deploy.done"}});
  SECTION("another owner") { step.key.owner = "another"; }
  SECTION("an older lease") { step.key.lease.epoch = 0; }
  SECTION("an attempt before") { step.key.lease.attempt = 2; }
  SECTION("a run that waits") { bench.wait(bench.run); }
  const auto end = bench.engine.perform_step(step);
  REQUIRE(end.ok());
  CHECK_FALSE(end->is_ours);
  CHECK(bench.count("event") == 0);
  CHECK(bench.count("step_journal") == 0);
}

TEST_CASE("what a step of our own lacks is told and changes nothing", "[engine][perform_step]") {
  StepBench bench;
  CHECK(bench.engine.perform_step(bench.step(pipeline::StepKind::event, {{"type", "a..b"}})).error().pointer ==
        "/event/type");
  const OwnStep take = bench.step(pipeline::StepKind::state, {{"op", "acquire"}, {"key", "door"}, {"ttl", "1m"}});
  REQUIRE(bench.engine.perform_step(take).ok());
  OwnStep again = take;
  again.key.path = "another";
  CHECK(bench.engine.perform_step(again).error().code == ErrorCode::conflict);
  CHECK(bench.count("step_journal") == 1);
}

TEST_CASE("steps of our own need scopes and a type that is one when they are saved", "[engine][perform_step]") {
  EngineFixture f;
  auto [step, scopes, code] = GENERATE(table<std::string, Scopes, std::optional<ErrorCode>>({
      {R"({"id":"a","event":{"type":"deploy.done"}})", {Scope::schedule, Scope::events}, std::nullopt},
      {R"({"id":"a","event":{"type":"deploy.done"}})", {Scope::schedule, Scope::state}, ErrorCode::not_allowed},
      {R"({"id":"a","event":{"type":"a..b"}})", {Scope::schedule, Scope::events}, ErrorCode::arguments_invalid},
      {R"({"id":"a","event":{"type":"${input.t}"}})", {Scope::schedule, Scope::events}, std::nullopt},
      {R"({"id":"a","state":{"op":"set","key":"k","value":1}})",
       {Scope::schedule, Scope::read},
       ErrorCode::not_allowed},
      {R"({"id":"a","state":{"op":"get","key":"k"}})", {Scope::schedule, Scope::read}, std::nullopt},
  }));
  CAPTURE(step);
  Caller caller = f.caller();
  caller.scopes = scopes;
  const auto saved = f.schedule_as(caller, R"({"name":"job","when":"manual","steps":[)" + step + "]}");
  CHECK(saved.ok() == !code.has_value());
  if (code) {
    CHECK(saved.error().code == *code);
    CHECK(saved.error().pointer.find("/steps/0/") == 0);
  }
}
