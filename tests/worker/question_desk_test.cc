// What the calls of a worker's runs ask: written, answered from elsewhere, too late, or lost with their call.
#include "server/worker/question_desk.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/worker/rig.h"

using namespace carillon;
using namespace carillon::test;

namespace {

constexpr const char* kAsked = R"(convert_to('{"can_answer":{"elicitation":{"form":{}}}}', 'UTF8'))";

std::string ask(const TestDatabase& database, const std::string& what, const std::string& from) {
  return database.ask("SELECT " + what + " FROM carillon." + from);
}

// A run of a tool that asks, made by a client that can be asked.
void put_asking(const TestDatabase& database, const std::string& tool, std::int64_t run = 1) {
  put_task(database, run, definition_of(tool_action(tool)));
  put_ready(database, {.id = run, .task = run, .payload = kAsked});
}

// What answer_question.sql does.
void answer(const TestDatabase& database, const std::string& answer) {
  database.run("UPDATE carillon.run_question SET answer = convert_to('" + answer +
               "', 'UTF8'), answered_by = 'anna', closed_at = now(), outcome = 'answered' WHERE closed_at IS NULL");
}

json output(const TestDatabase& database) {
  return json::parse(ask(database, "convert_from(output, 'UTF8')", "run_history")).at("structured");
}

}  // namespace

TEST_CASE("a call that asks waits without a thread and goes on with the answer", "[worker][questions]") {
  const TestDatabase database;
  put_asking(database, "t.asking.destructive");
  Rig rig{database};
  REQUIRE(rig.wait_asks(1));
  CHECK(ask(database, "state || ' ' || call_state", "run_live") == "running calling");
  CHECK(ask(database, "question_key || ' ' || tool || ' ' || method", "run_question") ==
        "ask-1-1 t.asking.destructive elicitation/create");
  // Others run meanwhile, more than there are threads.
  for (std::int64_t run = 2; run <= 6; ++run) {
    put_task(database, run, definition_of(tool_action("t.read")));
    put_ready(database, {.id = run, .task = run});
  }
  rig.bell.runs_ready(0, rig.clock.now());
  REQUIRE(rig.wait_ended(5));
  answer(database, R"({"action":"accept","content":{"city":"Chisinau"}})");
  rig.bell.question_answered(RunId{1});
  REQUIRE(rig.wait_ended(6));
  CHECK(ask(database, "outcome", "run_history WHERE id = 1") == "succeeded");
  CHECK(json::parse(ask(database, "convert_from(output, 'UTF8')", "run_history WHERE id = 1"))
            .at("structured")
            .at("heard")
            .at("content") == json{{"city", "Chisinau"}});
}

TEST_CASE("an answer without a hint is found by looking and then erased", "[worker][questions]") {
  const TestDatabase database;
  put_asking(database, "t.asking.read");
  {
    Rig rig{database};
    REQUIRE(rig.wait_asks(1));
    answer(database, R"({"action":"decline"})");
    REQUIRE(rig.wait_ended(1));
    CHECK(output(database) == json::parse(R"({"heard": {"action": "decline"}})"));
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (ask(database, "answer IS NULL", "run_question") != "t" && std::chrono::steady_clock::now() < patience)
      std::this_thread::yield();
  }
  CHECK(ask(database, "outcome || ' ' || answered_by || ' ' || (answer IS NULL)", "run_question") ==
        "answered anna true");
}

TEST_CASE("what nobody answers in time is closed as expired and the tool ends by itself", "[worker][questions]") {
  const TestDatabase database;
  put_asking(database, "t.asking.read");
  auto options = quick_options();
  options.executor.answer_within = std::chrono::milliseconds{1};
  Rig rig{database, options};
  REQUIRE(rig.wait_ended(1));
  CHECK(ask(database, "outcome", "run_history") == "succeeded");
  CHECK(output(database) == json::parse(R"({"heard": {"action": "cancel"}})"));
  CHECK(ask(database, "outcome", "run_question") == "expired");
}

TEST_CASE("a run that no client asked for asks nobody", "[worker][questions]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.asking.read")));
  put_ready(database, {.id = 1});
  Rig rig{database};
  REQUIRE(rig.wait_ended(1));
  CHECK(ask(database, "outcome", "run_history") == "failed");
  CHECK(ask(database, "count(*)", "run_question") == "0");
}

TEST_CASE("a cancelled run closes what its call asked", "[worker][questions]") {
  const TestDatabase database;
  put_asking(database, "t.asking.read");
  {
    Rig rig{database};
    REQUIRE(rig.wait_asks(1));
    database.run("UPDATE carillon.run_live SET cancel_requested_at = now(), cancel_reason = 'enough'");
    rig.bell.cancel_requested(RunId{1});
    REQUIRE(rig.wait_ended(1));
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (ask(database, "closed_at IS NULL", "run_question") == "t" && std::chrono::steady_clock::now() < patience)
      std::this_thread::yield();
  }
  CHECK(ask(database, "outcome", "run_history") == "cancelled");
  CHECK(ask(database, "outcome", "run_question") == "call_ended");
}

TEST_CASE("a question beyond the limit of open ones is refused at once", "[worker][questions]") {
  const TestDatabase database;
  put_asking(database, "t.asking.read");
  auto options = quick_options();
  options.questions.open_max = 0;
  Rig rig{database, options};
  REQUIRE(rig.wait_ended(1));
  CHECK(ask(database, "outcome", "run_history") == "failed");
  CHECK(ask(database, "count(*)", "run_question") == "0");
}

TEST_CASE("a run that asks and asks is told that it asked too often", "[worker][questions]") {
  const TestDatabase database;
  put_asking(database, "t.asking.read");
  auto options = quick_options();
  options.executor.questions_max = 0;
  Rig rig{database, options};
  REQUIRE(rig.wait_ended(1));
  CHECK(ask(database, "outcome", "run_history") == "failed");
  CHECK(ask(database, "count(*)", "run_question") == "0");
}

TEST_CASE("one that waits for a person holds up no other run that was taken over", "[worker][questions]") {
  const TestDatabase database;
  put_asking(database, "t.asking.read");
  database.run("UPDATE carillon.run_ready SET takeovers = 1");
  put_task(database, 2, definition_of(tool_action("t.read")));
  Rig rig{database};
  REQUIRE(rig.wait_asks(1));
  put_ready(database, {.id = 2, .task = 2, .takeovers = 1});
  rig.bell.runs_ready(0, rig.clock.now());
  REQUIRE(rig.wait_ended(1));
  CHECK(rig.ended().at(0) == RunId{2});
  answer(database, R"({"action":"cancel"})");
  REQUIRE(rig.wait_ended(2));
}

TEST_CASE("progress is heard at once and kept for others", "[worker][questions]") {
  const TestDatabase database;
  put_task(database, 1, definition_of(tool_action("t.halfway.read")));
  put_ready(database, {.id = 1});
  Rig rig{database};
  rig.tools.wait_held(1);
  const auto kept = [&] { return ask(database, "coalesce(convert_from(progress, 'UTF8'), '')", "run_live"); };
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (kept().empty() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  CHECK(rig.progress() == std::vector{0.1, 0.2, 3 * 0.1});
  while (json::parse(kept()).at("progress") < 0.25 && std::chrono::steady_clock::now() < patience)
    std::this_thread::yield();
  CHECK(json::parse(kept()).at("message") == "step");
  rig.tools.release();
  REQUIRE(rig.wait_ended(1));
}
