// Who is told of an approval: the targets of its task and its own, once, with a link where that may be; and somebody
// else when nobody has decided for a while.
#include "server/engine/own_steps.h"
#include "server/engine/post.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct NoticeBench : EngineFixture {
  RunStarted run;
  Caller agent = caller();
  int made = 0;
  Post post{store, clock, engine, [this](const std::string& target) -> std::optional<MadeLink> {
              if (target != "desktop") return std::nullopt;
              ++made;
              return MadeLink{"http://here/approve/" + std::to_string(made), "hash" + std::to_string(made)};
            }};

  explicit NoticeBench(const std::string& notify = R"(["desktop","email:anna@example.com","session"])",
                       const std::string& on = "failure") {
    scheduled(R"({"name":"job","when":"manual","message":"x","notify":)" + notify + R"(,"notify_on":")" + on + "\"}");
    run = ran("job");
    start(run);
  }
  void ask(const json& more = json::object(), const char* path = "ask") {
    json body{{"message", "Deploy?"}, {"arguments", {{"tag", "v9"}}}};
    body.update(more);
    const OwnStep step{.caller = agent,
                       .key = {{RunId{run.run_id}, 1, 1}, "test", path, 1},
                       .kind = pipeline::StepKind::approval,
                       .body = body,
                       .began_at = clock.now()};
    REQUIRE(engine.perform_step(step)->waits_until.has_value());
    REQUIRE(engine.perform_step(step)->waits_until.has_value());  // once more, as after a kill
  }
  std::optional<DueLetter> take(const char* kind) { return post.take({.kind = kind, .lasts = 30s}); }
  std::string rows() {
    return database.ask("SELECT string_agg(target || ' ' || state, ', ' ORDER BY target) FROM carillon.delivery");
  }
  Result<RunResponded> decide(bool approves) {
    Caller person = caller();
    person.kind = CallerKind::person;
    return engine.respond_to_run(person, {.run = run.run, .approves = approves});
  }
};

}  // namespace

TEST_CASE("an approval is told once to the targets of its task and to its own", "[engine][approval_notices]") {
  NoticeBench bench;
  bench.ask({{"notify", {"webhook:https://example.com/x", "desktop"}}});
  CHECK(bench.rows() == "desktop pending, email:anna@example.com pending, webhook:https://example.com/x pending");
  const auto letter = bench.take("desktop");
  REQUIRE(letter.has_value());
  REQUIRE(letter->approval.has_value());
  CHECK(letter->approval->asked.run == bench.run.run);
  CHECK(letter->approval->asked.approval.message == "Deploy?");
  CHECK(letter->approval->link == "http://here/approve/1");
  CHECK(letter->scopes.has_value());
  CHECK(bench.engine.find_approval_link("hash1")->holder == "desktop");
  bench.post.sent(*letter);
  CHECK_FALSE(bench.take("desktop").has_value());
  const auto mail = bench.take("email");
  REQUIRE(mail.has_value());
  CHECK(mail->approval->link.empty());
  CHECK(bench.count("approval_link") == 1);
  const auto detail = bench.engine.get_run(bench.agent, {.run = bench.run.run});
  REQUIRE(detail->deliveries.size() == 3);
  CHECK(detail->deliveries[0].about == "approval");
  CHECK(detail->deliveries[0].state == "sent");
}

TEST_CASE("each attempt to tell has a link of its own", "[engine][approval_notices]") {
  NoticeBench bench;
  bench.ask();
  auto letter = bench.take("desktop");
  bench.post.put_off(*letter, {.after = 10s, .why = "nobody there"});
  CHECK_FALSE(bench.take("desktop").has_value());
  bench.clock.advance(10s);
  letter = bench.take("desktop");
  REQUIRE(letter.has_value());
  CHECK(letter->approval->link == "http://here/approve/2");
  CHECK(bench.engine.find_approval_link("hash1").has_value());
  CHECK(bench.engine.get_status(bench.agent)->undelivered.at(0).run == bench.run.run);
}

TEST_CASE("what was decided is not told any more", "[engine][approval_notices]") {
  NoticeBench bench;
  bench.ask();
  SECTION("decided") {
    REQUIRE(bench.decide(true).ok());
    CHECK(bench.rows().empty());
  }
  SECTION("expired or ended without a word") {
    bench.finish(bench.run, "cancelled");
    bench.database.run("DELETE FROM carillon.delivery WHERE about = 'end'");
  }
  CHECK_FALSE(bench.take("desktop").has_value());
  CHECK(bench.rows().empty());
}

TEST_CASE("a task that tells nobody of its ends tells nobody of its approvals", "[engine][approval_notices]") {
  NoticeBench bench{R"(["desktop"])", "never"};
  bench.ask();
  CHECK(bench.rows().empty());
  bench.ask({{"notify", {"desktop"}}}, "other");
  CHECK(bench.rows() == "desktop pending");
}

TEST_CASE("an approval that nobody decides is told to another once", "[engine][approval_notices]") {
  NoticeBench bench{"[]"};
  bench.ask({{"within", "5d"}, {"escalate", {{"after", "2d"}, {"to", "desktop"}}}});
  CHECK_FALSE(bench.take("desktop").has_value());
  bench.clock.advance(48h);
  SECTION("nobody decided") {
    const auto letter = bench.take("desktop");
    REQUIRE(letter.has_value());
    CHECK(letter->approval->link == "http://here/approve/1");
    bench.post.sent(*letter);
    CHECK_FALSE(bench.take("desktop").has_value());
  }
  SECTION("somebody did before") {
    REQUIRE(bench.decide(false).ok());
    CHECK_FALSE(bench.take("desktop").has_value());
  }
}

TEST_CASE("an agent's approval is told without a link", "[engine][approval_notices]") {
  NoticeBench bench;
  bench.ask({{"by", {"agent:owner"}}});
  const auto letter = bench.take("desktop");
  REQUIRE(letter.has_value());
  CHECK(letter->approval->link.empty());
  CHECK(bench.made == 0);
}

TEST_CASE("approvals and ends that had to wait are not told in one", "[engine][approval_notices]") {
  NoticeBench bench{R"(["desktop"])", "always"};
  bench.ask();
  bench.ask(json::object(), "other");
  bench.scheduled(R"({"name":"other","when":"manual","message":"x","notify":["desktop"],"notify_on":"always"})");
  const RunStarted next = bench.ran("other");
  bench.start(next);
  bench.finish(next, "succeeded");
  REQUIRE(bench.count("delivery") == 3);
  bench.database.run("UPDATE carillon.delivery SET held = true, due_at = '2026-11-20T12:00:00Z'");
  int approvals = 0;
  for (int i = 0; i < 3; ++i) {
    const auto letter = bench.take("desktop");
    REQUIRE(letter.has_value());
    CHECK(letter->taken.runs.size() == 1);
    approvals += letter->approval ? 1 : 0;
    bench.post.sent(*letter);
  }
  CHECK(approvals == 2);
  CHECK_FALSE(bench.take("desktop").has_value());
}
