#include "server/store/question_rows.h"

#include <catch2/catch.hpp>

#include "server/store/question_store.h"
#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

// A live run of "worker", and the rows as its worker sees them.
struct Asking : RepositoryFixture {
  const RunId run = live(task({.name = "echo"}), {.id = 1});
  HotPathConnection connection{{.url = database.urls().dispatch, .application = "test"}};
  const RunLease lease = lease_of_run();
  QuestionRows rows{connection, database.ask("SELECT owner FROM carillon.run_live")};

  RunLease lease_of_run() {
    return {run, std::stoll(database.ask("SELECT epoch FROM carillon.run_live")),
            std::stoi(database.ask("SELECT attempt FROM carillon.run_live"))};
  }
  NewQuestion question(const std::string& key) const {
    return {lease, key, "t.ask", "elicitation/create", R"({"message":"Which\u0000 city?"})", kNow, kNow + 10min};
  }
  bool answer(const std::string& key, const std::string& by) {
    return mine([&](Tx& tx) {
      return QuestionStore{tx}.answer(kMine, {run, key, json{{"action", "accept"}}, AgentId{by}, kNow + 1min});
    });
  }
  std::string outcomes() {
    return database.ask(
        "SELECT string_agg(question_key || ' ' || coalesce(outcome, 'open') || CASE WHEN answer IS NULL "
        "THEN '' ELSE '!' END, ', ' ORDER BY question_key) FROM carillon.run_question");
  }
};

}  // namespace

TEST_CASE("a question is written once and only for the lease that asks", "[store][questions]") {
  Asking f;
  CHECK(f.rows.ask(f.question("a")));
  CHECK(f.rows.ask(f.question("a")));  // a repeated statement whose commit was not known
  CHECK(f.count("run_question") == "1");
  CHECK(f.count("outbox WHERE event_type = 'task.run.asked'") == "1");
  NewQuestion late = f.question("b");
  ++late.lease.attempt;
  CHECK_FALSE(f.rows.ask(late));
  late = f.question("b");
  ++late.lease.epoch;
  CHECK_FALSE(f.rows.ask(late));
  CHECK_FALSE(QuestionRows(f.connection, "somebody else").ask(f.question("b")));
  CHECK(f.count("run_question") == "1");
}

TEST_CASE("the worker reads the answers that came and nobody else's", "[store][questions]") {
  Asking f;
  REQUIRE(f.rows.ask(f.question("a")));
  REQUIRE(f.rows.ask(f.question("b")));
  CHECK(f.rows.answers({{f.run, "a"}, {f.run, "b"}}).empty());
  REQUIRE(f.answer("b", "anna"));
  const auto answers = f.rows.answers({{f.run, "a"}, {f.run, "b"}});
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].question == QuestionId{f.run, "b"});
  CHECK(json::parse(answers[0].answer) == json{{"action", "accept"}});
  CHECK(f.rows.answers({{f.run, "a"}}).empty());
}

TEST_CASE("a question that is too late stays answered and an ended call needs no answer", "[store][questions]") {
  Asking f;
  for (const char* key : {"a", "b", "c"}) REQUIRE(f.rows.ask(f.question(key)));
  REQUIRE(f.answer("a", "anna"));
  const std::vector<QuestionId> all{{f.run, "a"}, {f.run, "b"}};
  CHECK(f.rows.close(all, Unanswered::expired, kNow + 10min) == std::vector{QuestionId{f.run, "b"}});
  CHECK(f.outcomes() == "a answered!, b expired, c open");
  CHECK_FALSE(f.answer("b", "anna"));
  const std::vector<QuestionId> rest{{f.run, "a"}, {f.run, "b"}, {f.run, "c"}};
  CHECK(f.rows.close(rest, Unanswered::call_ended, kNow + 11min) == std::vector{QuestionId{f.run, "c"}});
  CHECK(f.outcomes() == "a answered, b expired, c call_ended");
  CHECK(f.count("outbox WHERE event_type = 'task.run.unanswered'") == "2");
}

TEST_CASE("what a lost call asked is closed and answers that nobody took are erased", "[store][questions]") {
  Asking f;
  for (const char* key : {"a", "b"}) REQUIRE(f.rows.ask(f.question(key)));
  REQUIRE(f.answer("a", "anna"));
  CHECK(f.rows.close_lost(kNow, 10) == 0);
  f.database.run("UPDATE carillon.run_live SET attempt = attempt + 1");
  CHECK(f.rows.close_lost(kNow, 10) == 2);
  CHECK(f.outcomes() == "a answered, b worker_lost");
  CHECK(f.rows.close_lost(kNow, 10) == 0);
}

TEST_CASE("progress is kept for the lease that makes it", "[store][questions]") {
  Asking f;
  CHECK(f.rows.keep_progress({{f.lease, R"({"progress":1})"}}) == std::vector{f.run});
  RunLease other = f.lease;
  ++other.attempt;
  CHECK(f.rows.keep_progress({{other, R"({"progress":2})"}}).empty());
  CHECK(f.database.ask("SELECT convert_from(progress, 'UTF8') FROM carillon.run_live") == R"({"progress":1})");
}
