// Approvals as forms of a host: who is asked, what decides and what does not.
#include "server/engine/own_steps.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct FormBench : EngineFixture {
  RunStarted run;
  RunId id{0};
  Caller host = caller();

  FormBench() {
    scheduled(R"({"name":"job","when":"manual","message":"x"})");
    run = ran("job");
    id = RunId{run.run_id};
    start(run);
  }
  void ask(const json& more = json::object()) {
    json body{{"message", "Deploy?"}, {"arguments", {{"tag", "v9"}}}};
    body.update(more);
    const OwnStep step{.caller = host,
                       .key = {{id, 1, 1}, "test", "ask", 1},
                       .kind = pipeline::StepKind::approval,
                       .body = body,
                       .began_at = clock.now()};
    REQUIRE(engine.perform_step(step)->waits_until.has_value());
  }
  Result<QuestionAnswered> answer(const json& said) { return answer_as(host, said); }
  Result<QuestionAnswered> answer_as(const Caller& who, const json& said) {
    return engine.answer_question(who, {.run = id, .key = "approval:1:ask", .answer = said, .as = Answering::caller});
  }
};

json form(const char* decision) {
  return {{"action", "accept"}, {"content", {{"decision", decision}, {"comment", "so"}}}};
}

}  // namespace

TEST_CASE("a host that may approve is asked for what a person decides", "[engine][approval_forms]") {
  FormBench bench;
  bool heard = false;
  bench.engine.watch().watch(bench.id, {.ended = [] {}, .asks = [&] { heard = true; }});
  bench.ask();
  CHECK(heard);
  const auto asked = bench.engine.open_questions(bench.host, bench.id);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].method == "elicitation/create");
  CHECK(asked[0].params["requestedSchema"]["required"] == json{"decision"});
  const std::string message = asked[0].params["message"];
  CHECK(message.starts_with("job#1 asks: Deploy?\n\n{\n  \"tag\": \"v9\"\n}\n\nDigest of the arguments (SHA-256): "));
  CHECK(bench.engine.open_questions(bench.caller_without(Scope::approve), bench.id).empty());
}

TEST_CASE("what no person decides and what a form cannot show is not asked", "[engine][approval_forms]") {
  FormBench bench;
  SECTION("an agent's") { bench.ask({{"by", {"agent:owner"}}}); }
  SECTION("long arguments") { bench.ask({{"arguments", {{"text", std::string(5'000, 'x')}}}}); }
  CHECK(bench.engine.open_questions(bench.host, bench.id).empty());
}

TEST_CASE("only a form that was filled in decides", "[engine][approval_forms]") {
  FormBench bench;
  bench.ask();
  for (const char* action : {"decline", "cancel"})
    CHECK(*bench.answer({{"action", action}}) == QuestionAnswered::left_open);
  CHECK(bench.answer({{"action", "accept"}}).error().code == ErrorCode::arguments_invalid);
  CHECK(bench.answer(form("perhaps")).error().pointer == "/content/decision");
  CHECK(bench.answer_as(bench.caller_without(Scope::approve), form("approve")).error().code == ErrorCode::not_allowed);
  CHECK(bench.count("approval WHERE outcome IS NULL") == 1);
  bench.worker.take();
  SECTION("approved") {
    CHECK(*bench.answer(form("approve")) == QuestionAnswered::taken);
    CHECK(bench.count("approval WHERE outcome = 'approved' AND decided_by = '{person via owner}'") == 1);
    CHECK(bench.count("approval_vote WHERE voter_kind = 'person' AND comment = 'so'") == 1);
  }
  SECTION("rejected") {
    CHECK(*bench.answer(form("reject")) == QuestionAnswered::taken);
    CHECK(bench.count("approval WHERE outcome = 'rejected'") == 1);
  }
  CHECK(bench.worker.take().told == std::vector<RunId>{bench.id});
  CHECK(bench.count("audit WHERE action = 'decide_by_form'") == 1);
  CHECK(bench.answer(form("approve")).error().code == ErrorCode::run_not_waiting);
}

TEST_CASE("who watches from elsewhere hears that a step asks", "[engine][approval_forms]") {
  FormBench bench;
  int heard = 0;
  bench.ask();
  bench.engine.watch().watch(bench.id, {.ended = [] {}, .asks = [&] { ++heard; }});
  bench.engine.check_watched_runs();
  CHECK(heard == 1);
}

TEST_CASE("a followed call asks what its run asks to be approved", "[engine][approval_forms]") {
  const std::string call(32, 'c');
  FormBench bench;
  bench.engine.follow_call(bench.host, {.id = call, .tool = "run_now", .run = bench.id});
  const std::string before = bench.engine.followed_call_states({{TenantId{"default"}, call}}).at(0).asks;
  bench.ask();
  CHECK(bench.engine.find_followed_call(bench.host, call)->questions.size() == 1);
  CHECK(bench.engine.followed_call_states({{TenantId{"default"}, call}}).at(0).asks != before);
}
