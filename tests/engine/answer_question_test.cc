// What the calls of runs ask, for those who look and answer: who may, who was first, and what is told of it.
#include "server/store/question_rows.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::EngineFixture;

namespace {

const json kAccepted{{"action", "accept"}, {"content", {{"city", "Chisinau"}}}};

// A run whose call asks for a city.
struct Asking : EngineFixture {
  RunStarted run;
  RunId id{0};

  explicit Asking(const std::string& task = R"({"name":"job","when":"manual","message":"x"})") {
    scheduled(task);
    run = ran("job");
    id = RunId{run.run_id};
    start(run);
    ask("ask-1-1");
  }
  void ask(const std::string& key) {
    HotPathConnection connection{{.url = database.urls().dispatch, .application = "test"}};
    REQUIRE(QuestionRows(connection, "test")
                .ask({{id, 1, 1},
                      key,
                      "t.ask",
                      "elicitation/create",
                      R"({"message":"Which city?","requestedSchema":{"type":"object","required":["city"]}})",
                      clock.now(),
                      clock.now() + 10min}));
  }
  Result<QuestionAnswered> answer(const Caller& who, const json& given = kAccepted, Answering as = Answering::caller) {
    return engine.answer_question(who, {.run = id, .key = "ask-1-1", .answer = given, .as = as});
  }
  std::string outcome() { return database.ask("SELECT coalesce(outcome, 'open') FROM carillon.run_question LIMIT 1"); }
};

}  // namespace

TEST_CASE("an answer is taken once and the worker the outbox and the audit are told", "[engine][questions]") {
  Asking f;
  REQUIRE(f.engine.open_questions(f.caller(), f.id).size() == 1);
  const auto taken = f.answer(f.caller());
  REQUIRE(taken.ok());
  CHECK(*taken == QuestionAnswered::taken);
  CHECK(f.worker.take().answered == std::vector{f.id});
  CHECK(f.engine.open_questions(f.caller(), f.id).empty());
  CHECK(f.count("outbox WHERE event_type = 'task.run.answered'") == 1);
  CHECK(f.count("audit WHERE action = 'answer_question'") == 1);
  CHECK(f.count("outbox WHERE convert_from(data, 'UTF8') LIKE '%Chisinau%'") == 0);
  CHECK(f.count("audit WHERE convert_from(after, 'UTF8') LIKE '%Chisinau%'") == 0);

  const auto second = f.answer(f.caller("bert"));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::run_not_waiting);
  CHECK(second.error().details.at("answered_by") == "owner");
  CHECK(f.worker.take().answered.empty());
}

TEST_CASE("what a host does by itself decides nothing", "[engine][questions]") {
  struct Row {
    const char* action;
    Answering as;
    QuestionAnswered becomes;
  };
  const auto row = GENERATE(values<Row>({
      {"decline", Answering::caller, QuestionAnswered::taken},
      {"decline", Answering::onlooker, QuestionAnswered::left_open},
      {"cancel", Answering::caller, QuestionAnswered::left_open},
      {"cancel", Answering::onlooker, QuestionAnswered::left_open},
  }));
  INFO(row.action);
  Asking f;
  const auto answered = f.answer(f.caller(), json{{"action", row.action}}, row.as);
  REQUIRE(answered.ok());
  CHECK(*answered == row.becomes);
  CHECK(f.outcome() == (row.becomes == QuestionAnswered::taken ? "answered" : "open"));
}

TEST_CASE("an answer that does not fit is refused and the question stays open", "[engine][questions]") {
  Asking f;
  const auto refused = f.answer(f.caller(), json{{"action", "accept"}, {"content", json::object()}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::arguments_invalid);
  CHECK(refused.error().pointer == "/content");
  CHECK(f.outcome() == "open");
  const auto other = f.engine.answer_question(f.caller(), {.run = f.id, .key = "ask-9-9", .answer = kAccepted});
  CHECK(other.error().code == ErrorCode::unknown_name);
}

TEST_CASE("only who may run the run answers for it and no other tenant knows of it", "[engine][questions]") {
  Asking f;
  CHECK(f.engine.open_questions(f.caller_without(Scope::run), f.id).empty());
  CHECK(f.answer(f.caller_without(Scope::run)).error().code == ErrorCode::not_allowed);
  CHECK(f.engine.open_questions(f.caller("owner", "other"), f.id).empty());
  CHECK(f.answer(f.caller("owner", "other")).error().code == ErrorCode::unknown_name);
  CHECK(f.outcome() == "open");
  // Whoever called a tool answers for that call, with the scope that the call needed.
  Caller calling = f.caller_without(Scope::run);
  f.database.run("UPDATE carillon.run_live SET origin = 'call', agent_id = '" + calling.agent.str() + "'");
  CHECK(f.engine.open_questions(calling, f.id).size() == 1);
  CHECK(f.answer(calling).ok());
}

TEST_CASE("a question is over with the call that asked", "[engine][questions]") {
  Asking f;
  f.finish(f.run, "unknown", "unknown_outcome");
  CHECK(f.engine.open_questions(f.caller(), f.id).empty());
  const auto late = f.answer(f.caller());
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == ErrorCode::run_not_waiting);
  CHECK(late.error().message.find("job#1 is unknown") != std::string::npos);
}

TEST_CASE("a question that was too late says until when it could be answered", "[engine][questions]") {
  Asking f;
  HotPathConnection connection{{.url = f.database.urls().dispatch, .application = "test"}};
  QuestionRows(connection, "test").close({{f.id, "ask-1-1"}}, Unanswered::expired, f.clock.now());
  const auto late = f.answer(f.caller());
  CHECK(late.error().code == ErrorCode::run_not_waiting);
  CHECK(late.error().message.find("until 2026-") != std::string::npos);
}

TEST_CASE("a run says what it asks wherever it is shown", "[engine][questions]") {
  Asking f;
  const auto detail = f.engine.get_run(f.caller(), {.run = "job#1"});
  REQUIRE(detail.ok());
  REQUIRE(detail->questions.size() == 1);
  CHECK(detail->row.asks == "Which city?");
  REQUIRE(detail->waits_for.size() == 1);
  CHECK(detail->waits_for[0].find("an answer to what t.ask asks: Which city? (until ") == 0);
  CHECK(f.engine.list_runs(f.caller(), {})->runs.at(0).asks == "Which city?");
  f.engine.follow_call(f.caller(), {.id = std::string(32, 'a'), .tool = "run_now", .run = f.id});
  const auto followed = f.engine.find_followed_call(f.caller(), std::string(32, 'a'));
  REQUIRE(followed.ok());
  CHECK(followed->questions.size() == 1);
  CHECK(f.engine.followed_call_states({{f.caller().tenant, std::string(32, 'a')}}).at(0).asks == "ask-1-1");
  REQUIRE(f.answer(f.caller()).ok());
  CHECK(f.engine.list_runs(f.caller(), {})->runs.at(0).asks.empty());
  CHECK(f.engine.followed_call_states({{f.caller().tenant, std::string(32, 'a')}}).at(0).asks.empty());
}

TEST_CASE("who waits for a run of another process hears that it asks and how far it is", "[engine][questions]") {
  Asking f;
  int asked = 0;
  std::vector<double> heard;
  f.engine.watch().watch(f.id, RunListener{.ended = [] {},
                                           .asks = [&] { ++asked; },
                                           .progressed = [&](const ToolProgress& p) { heard.push_back(p.progress); }});
  f.engine.check_watched_runs();
  CHECK(asked == 1);
  CHECK(heard.empty());
  f.database.run("UPDATE carillon.run_live SET progress = convert_to('{\"progress\":0.5}', 'UTF8')");
  f.engine.check_watched_runs();
  CHECK(heard == std::vector{0.5});
}

TEST_CASE("a run takes along what its client can be asked and a retry what its own can", "[engine][questions]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const json forms{{"elicitation", {{"form", json::object()}}}};
  const auto payload = [&] {
    return f.database.ask("SELECT coalesce(convert_from(payload, 'UTF8'), '') FROM carillon.run_ready");
  };
  const auto run = f.engine.run_now(f.caller(), {.task = "job", .can_answer = forms});
  REQUIRE(run.ok());
  CHECK(json::parse(payload()) == json{{"can_answer", forms}});
  f.finish(*run, "failed", "timeout");
  REQUIRE(f.engine.retry_run(f.caller(), {.run = "job#1"}).ok());
  CHECK(payload().empty());
}
