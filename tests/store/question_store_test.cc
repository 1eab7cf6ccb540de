#include "server/store/question_store.h"

#include <catch2/catch.hpp>

#include "server/store/question_rows.h"
#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct QuestionAsked : RepositoryFixture {
  const RunId run = live(task({.name = "echo"}), {.id = 1});

  QuestionAsked() { ask("a"); }
  void ask(const std::string& key) {
    HotPathConnection connection{{.url = database.urls().dispatch, .application = "test"}};
    QuestionRows rows{connection, database.ask("SELECT owner FROM carillon.run_live")};
    const RunLease lease{run, std::stoll(database.ask("SELECT epoch FROM carillon.run_live")), 1};
    REQUIRE(rows.ask({lease, key, "t.ask", "elicitation/create", R"({"message":"Well?"})", kNow, kNow + 10min}));
  }
  bool answer(const std::string& by) {
    return mine([&](Tx& tx) {
      return QuestionStore{tx}.answer(kMine, {run, "a", json{{"action", "accept"}}, AgentId{by}, kNow});
    });
  }
  std::optional<QuestionRecord> find() {
    return mine([&](Tx& tx) { return QuestionStore{tx}.find(kMine, run, "a"); });
  }
  std::size_t open() {
    return mine([&](Tx& tx) { return QuestionStore{tx}.open(kMine, {run}).size(); });
  }
};

}  // namespace

TEST_CASE("the first answer to a question wins", "[store][questions]") {
  QuestionAsked f;
  CHECK(f.find()->open);
  CHECK(f.answer("anna"));
  CHECK_FALSE(f.answer("bert"));
  CHECK(f.find()->answered_by == AgentId{"anna"});
  CHECK(f.find()->outcome == "answered");
  CHECK_FALSE(f.find()->open);
  CHECK(f.open() == 0);
}

TEST_CASE("a question is as it was asked and ends with the attempt that asked", "[store][questions]") {
  QuestionAsked f;
  f.ask("b");
  const auto open = f.mine([&](Tx& tx) { return QuestionStore{tx}.open(kMine, {f.run, RunId{5}}); });
  REQUIRE(open.size() == 2);
  CHECK(open[0].key == "a");
  CHECK(open[0].tool == "t.ask");
  CHECK(open[0].method == "elicitation/create");
  CHECK(open[0].params == json{{"message", "Well?"}});
  CHECK(open[0].answer_until == kNow + 10min);
  f.database.run("UPDATE carillon.run_live SET attempt = 2");
  CHECK(f.open() == 0);
  CHECK_FALSE(f.find()->open);
  CHECK_FALSE(f.answer("anna"));
}

TEST_CASE("nobody sees or answers a question of another tenant", "[store][questions]") {
  QuestionAsked f;
  CHECK(f.only_for_its_owner(
      [&](Tx& tx, const TenantId& tenant) { return QuestionStore{tx}.find(tenant, f.run, "a").has_value(); }));
  CHECK(f.only_for_its_owner(
      [&](Tx& tx, const TenantId& tenant) { return !QuestionStore{tx}.open(tenant, {f.run}).empty(); }));
  CHECK(f.only_for_its_owner([&](Tx& tx, const TenantId& tenant) {
    return QuestionStore{tx}.answer(tenant, {f.run, "a", json::object(), AgentId{"x"}, kNow});
  }));
}

TEST_CASE("whoever waits for runs is told what they ask and how far they are", "[store][questions]") {
  QuestionAsked f;
  const RunId silent = f.live(f.task({.name = "other"}), {.id = 2});
  const auto news = [&] {
    return f.store.across_tenants([&](Tx& tx) { return QuestionStore{tx}.news({f.run, silent}); });
  };
  REQUIRE(news().size() == 1);
  CHECK(news()[0].run == f.run);
  CHECK(news()[0].asks);
  CHECK(news()[0].progress.is_null());
  REQUIRE(f.answer("anna"));
  CHECK(news().empty());
  f.database.run("UPDATE carillon.run_live SET progress = convert_to('{\"progress\":1}', 'UTF8') WHERE id = " +
                 std::to_string(silent.number()));
  REQUIRE(news().size() == 1);
  CHECK(news()[0].progress == json{{"progress", 1}});
  CHECK_FALSE(news()[0].asks);
}
