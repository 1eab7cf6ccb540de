// Folding journals anew.
#include "server/engine/step_replay.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/domain/pipeline/pipeline.h"

using namespace carillon;

namespace {

Action action_of_steps(const char* steps) {
  const auto action = read_action({{"kind", "steps"}, {"steps", json::parse(steps)}}, "");
  REQUIRE(action.ok());
  return *action;
}

Instant replay_at(int ms) { return Instant{std::chrono::seconds{1'800'000'000}} + std::chrono::milliseconds{ms}; }

// `ended` 0: it has not.
JournalEntry replay_row(const std::string& path, int begun, int ended, const std::string& state, int attempt = 1) {
  JournalEntry entry{
      .step_path = path, .attempt = attempt, .state = state, .tool = "t.x", .started_at = replay_at(begun)};
  if (ended > 0) entry.finished_at = replay_at(ended);
  if (state == "failed") entry.error_class = "timeout";
  return entry;
}

StepsRun replay_run(const Action& action) {
  return {.id = RunId{8}, .handle = {"t", 1, 1}, .action = action, .zone = "UTC", .started_at = replay_at(0)};
}

}  // namespace

TEST_CASE("a journal is told to a planner whatever the order of its rows", "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "a", "uses": "t.x", "undo": {"uses": "t.y"}}, {"id": "b", "uses": "t.x", "retry": {"max_attempts": 2}},
    {"id": "c", "uses": "t.x"}])");
  const Instant at = replay_at(0);
  const auto row = [](const std::string& path, int attempt, const std::string& state) {
    return replay_row(path, 0, 1, state, attempt);
  };
  std::vector<JournalEntry> rows{row("a!undo", 1, "succeeded"), row("c", 1, "failed"), row("b", 2, "succeeded"),
                                 row("b", 1, "retrying"), row("a", 1, "succeeded")};
  std::sort(rows.begin(), rows.end(),
            [](const auto& left, const auto& right) { return left.step_path < right.step_path; });
  do {
    pipeline::Planner planner{*action.pipeline, {}, at};
    replay(planner, rows);
    const auto plan = planner.plan(at);
    REQUIRE(plan.end.has_value());
    CHECK(plan.end->state == RunState::failed);
    CHECK(plan.end->path == "c");
    CHECK(planner.state_of("a") == pipeline::StepState::undone);
  } while (std::next_permutation(rows.begin(), rows.end(), [](const auto& left, const auto& right) {
    return std::pair{left.step_path, left.attempt} < std::pair{right.step_path, right.attempt};
  }));
}

TEST_CASE("what was under way when another step failed is undone by whoever takes the run over",
          "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "slow", "uses": "t.x", "undo": {"uses": "t.y"}},
    {"id": "list", "needs": [], "sequence": [{"id": "late", "uses": "t.x", "undo": {"uses": "t.y"}}, {"id": "never", "uses": "t.x"}]},
    {"id": "bad", "needs": [], "uses": "t.x"}])");
  pipeline::Planner planner{*action.pipeline, {}, replay_at(0)};
  // The step inside the list began while the failure was being written.
  replay(planner, {replay_row("slow", 1, 500, "succeeded"), replay_row("bad", 1, 11, "failed"),
                   replay_row("list.late", 14, 400, "succeeded")});
  auto plan = planner.plan(replay_at(600));
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "slow!undo");
  CHECK(plan.starts[0].is_undo);

  pipeline::Planner lost{*action.pipeline, {}, replay_at(0)};
  replay(lost, {replay_row("slow", 1, 500, "unknown"), replay_row("bad", 1, 11, "failed"),
                replay_row("list.late", 14, 400, "succeeded")});
  plan = lost.plan(replay_at(600));
  CHECK(plan.starts.empty());
  REQUIRE(plan.end.has_value());
  CHECK(plan.end->state == RunState::unknown);
}

TEST_CASE("what has been undone is not undone again whatever the order", "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "a", "uses": "t.x", "undo": {"uses": "t.y"}}, {"id": "b", "needs": [], "uses": "t.x", "undo": {"uses": "t.y"}},
    {"id": "c", "needs": ["a", "b"], "uses": "t.x"}])");
  const auto row = [](const std::string& path, int ended, const std::string& state) {
    return replay_row(path, 0, ended, state);
  };
  const Instant now = Instant{std::chrono::seconds{1'800'000'100}};
  pipeline::Planner planner{*action.pipeline, {}, now};
  // b ended last, so its undo is due first; somebody has undone a.
  auto untold = replay(planner, {row("a", 1, "succeeded"), row("b", 2, "succeeded"), row("c", 3, "failed"),
                                 row("a!undo", 4, "succeeded")});
  CHECK(untold.size() == 1);
  auto plan = planner.plan(now);
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "b!undo");
  CHECK_FALSE(tell_instead(planner, plan.starts[0], untold));
  planner.apply({.path = "b!undo", .event = pipeline::StepEvent::begin, .at = now});
  planner.apply({.path = "b!undo", .event = pipeline::StepEvent::finish, .at = now});
  plan = planner.plan(now);
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "a!undo");
  CHECK(tell_instead(planner, plan.starts[0], untold));
  REQUIRE(planner.plan(now).end.has_value());
  CHECK(planner.state_of("a") == pipeline::StepState::undone);
}

TEST_CASE("undos are due by the moments of the journal and not by what was heard first", "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "a", "uses": "t.x", "undo": {"uses": "t.y"}}, {"id": "b", "needs": [], "uses": "t.x", "undo": {"uses": "t.y"}},
    {"id": "c", "needs": ["a", "b"], "uses": "t.x"}])");
  const Instant at = replay_at(0);
  pipeline::Planner planner{*action.pipeline, {}, at};
  for (const char* path : {"a", "b"}) planner.apply({.path = path, .event = pipeline::StepEvent::begin, .at = at});
  planner.apply({.path = "a", .event = pipeline::StepEvent::finish, .at = at + std::chrono::milliseconds{2}});
  planner.apply({.path = "b", .event = pipeline::StepEvent::finish, .at = at + std::chrono::milliseconds{1}});
  planner.apply({.path = "c", .event = pipeline::StepEvent::begin, .at = at});
  planner.apply({.path = "c", .event = pipeline::StepEvent::fail, .at = at + std::chrono::milliseconds{3}});
  const auto plan = planner.plan(at);
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "a!undo");
}

TEST_CASE("what was taken over stands for whole steps and says nothing about when the run began",
          "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "a", "uses": "t.x"}, {"id": "list", "sequence": [{"id": "inner", "uses": "t.x"}]},
    {"id": "maybe", "if": "`true`", "uses": "t.x"}, {"id": "b", "uses": "t.x"}])");
  const Instant before{std::chrono::seconds{1'800'000'000}}, now{std::chrono::seconds{1'800'009'000}};
  const auto taken = [&](const std::string& path, const std::string& state) {
    return JournalEntry{.step_path = path,
                        .attempt = 1,
                        .state = state,
                        .tool = "",
                        .started_at = before,
                        .finished_at = before,
                        .output = state == "succeeded" ? std::optional<std::string>{R"({"n": 1})"} : std::nullopt,
                        .reused_from = RunId{7}};
  };
  const StepsRun run{.id = RunId{8}, .handle = {"t", 1, 2}, .action = action, .zone = "UTC", .started_at = now};
  std::vector<JournalEntry> journal{taken("a", "succeeded"), taken("list", "succeeded"), taken("maybe", "skipped")};
  CHECK(began_at(run, journal) == now);
  const auto folded = fold_run(*action.pipeline, run, journal);
  CHECK(folded.untold.empty());
  const auto plan = folded.planner.plan(now);
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "b");
  CHECK(folded.planner.roots_of("b").at("now") == to_rfc3339(now));
  CHECK(folded.planner.values() == json{{"a", {{"n", 1}}}, {"list", {{"n", 1}}}});
  CHECK(folded.planner.state_of("maybe") == pipeline::StepState::skipped);
  CHECK(folded.planner.state_of("list.inner") == pipeline::StepState::pending);
  CHECK(folded.planner.end_of("list").output == json{{"n", 1}});
}

TEST_CASE("what began before the worker heard of an earlier end is not forgotten", "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "ask", "approval": {"message": "?"}, "needs": []},
    {"id": "slow", "uses": "t.x", "undo": {"uses": "t.y"}, "needs": []},
    {"id": "rec", "uses": "t.x", "undo": {"uses": "t.y"}, "needs": ["slow"]},
    {"id": "hold", "signal": {"event": "go"}, "needs": ["rec"]}])");
  // Somebody refused before slow had ended; the worker had begun rec, and hold, when it heard of that.
  std::vector<JournalEntry> journal{replay_row("ask", 1, 19, "failed"), replay_row("slow", 1, 20, "succeeded"),
                                    replay_row("rec", 21, 30, "succeeded")};
  const auto [hold, undone] = GENERATE(table<std::string, std::string>(
      {{"", "rec!undo"}, {"waiting", ""}, {"succeeded", "rec!undo"}, {"cancelled", "rec!undo"}}));
  CAPTURE(hold);
  if (!hold.empty()) journal.push_back(replay_row("hold", 31, hold == "waiting" ? 0 : 40, hold));
  const StepsRun run = replay_run(action);
  const auto folded = fold_run(*action.pipeline, run, journal);
  CHECK(folded.untold.empty());
  CHECK(folded.planner.state_of("rec") == pipeline::StepState::succeeded);
  const auto plan = folded.planner.plan(replay_at(50));
  REQUIRE(plan.starts.size() == (undone.empty() ? 0 : 1));
  if (!undone.empty()) CHECK(plan.starts[0].path == undone);
  CHECK(plan.waits.size() == (undone.empty() ? 1 : 0));
}

TEST_CASE("a step had begun although two older ends each left no room for it", "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "race", "join": "any", "fail_fast": true, "parallel": [
      {"id": "outer", "approval": {"message": "?"}},
      {"id": "heat", "join": "any", "fail_fast": true, "parallel": [
        {"id": "inner", "approval": {"message": "?"}},
        [{"id": "before", "signal": {"event": "go"}}, {"id": "rec", "uses": "t.x", "undo": {"uses": "t.y"}}]]}]},
    {"id": "bad", "uses": "t.x"}])");
  // The worker heard last of the two that were told first.
  const std::vector<JournalEntry> journal{
      replay_row("race.0.outer", 1, 10, "succeeded"), replay_row("race.1.heat.0.inner", 1, 11, "succeeded"),
      replay_row("race.1.heat.1.before", 1, 12, "succeeded"), replay_row("race.1.heat.1.rec", 15, 20, "succeeded"),
      replay_row("bad", 21, 30, "failed")};
  const StepsRun run = replay_run(action);
  const auto folded = fold_run(*action.pipeline, run, journal);
  CHECK(folded.untold.empty());
  const auto plan = folded.planner.plan(replay_at(50));
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "race.1.heat.1.rec!undo");
}

TEST_CASE("a row that nothing leads to keeps nobody from folding the others", "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "a", "uses": "t.x", "undo": {"uses": "t.y"}}, {"id": "maybe", "if": "`false`", "uses": "t.x"},
    {"id": "c", "uses": "t.x"}, {"id": "d", "uses": "t.x"}])");
  const Instant at = replay_at(0);
  const auto row = [](const std::string& path, int ended, const std::string& state) {
    return replay_row(path, 0, ended, state);
  };
  const StepsRun run = replay_run(action);
  const auto folded = fold_run(*action.pipeline, run,
                               {row("a", 1, "succeeded"), row("maybe", 2, "succeeded"),
                                row("lost[3].x", 2, "succeeded"), row("c", 3, "failed"), row("d", 4, "succeeded")});
  CHECK(folded.untold.size() == 3);
  const auto plan = folded.planner.plan(at);
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "a!undo");
}

TEST_CASE("a list whose time was up has failed although what it waited for was told just before",
          "[engine][step_replay]") {
  const Action action = action_of_steps(R"([
    {"id": "a", "uses": "t.x", "undo": {"uses": "t.y"}},
    {"id": "box", "timeout": "1s", "sequence": [{"id": "ask", "approval": {"message": "?"}}]},
    {"id": "next", "uses": "t.x"}])");
  const auto row = [](const std::string& path, int ended, const std::string& state) {
    return replay_row(path, 0, ended, state);
  };
  const StepsRun run = replay_run(action);
  const auto folded = fold_run(
      *action.pipeline, run, {row("a", 1, "succeeded"), row("box.ask", 1000, "succeeded"), row("box", 1002, "failed")});
  CHECK(folded.untold.empty());
  CHECK(folded.planner.state_of("box") == pipeline::StepState::failed);
  const auto plan = folded.planner.plan(replay_at(1100));
  REQUIRE(plan.starts.size() == 1);
  CHECK(plan.starts[0].path == "a!undo");
}
