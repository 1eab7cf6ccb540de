#include "server/worker/cue_answers.h"

#include <catch2/catch.hpp>

#include "tests/worker/noon.h"
#include "tests/worker/rig.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::kNoon;

namespace {

using Verdict = CueAnswer::Verdict;

struct Asked {
  explicit Asked(const std::string& when = "after etl succeeds") {
    due.task_state = "active";
    definition.schedule = *parse_when(when, WhenContext{kNoon - 240h, "UTC"});
  }

  void happened(Duration ago, const std::string& outcome = "succeeded", int depth = 1) {
    Cue cue;
    cue.id = static_cast<std::int64_t>(cues.size()) + 1;
    cue.source = "chain";
    cue.anchor = "etl";
    cue.outcome = outcome;
    cue.told = "etl#12";
    cue.due_at = kNoon - ago;
    cue.depth = depth;
    cues.push_back(cue);
  }

  CueAnswer answer() {
    happened(1s);
    return answers().at(0);
  }
  std::vector<CueAnswer> answers() const { return answer_cues({due, definition, cues, kNoon, 16}); }

  DueSchedule due;
  TaskDefinition definition;
  std::vector<Cue> cues;
};

}  // namespace

TEST_CASE("an end that is waited for starts a run that says which end it was", "[worker][cue_answers]") {
  const auto answer = Asked{}.answer();
  CHECK(answer.verdict == Verdict::start);
  CHECK(answer.reason == "after etl#12 succeeded");
}

TEST_CASE("an end that the schedule does not wait for or outside its bounds is no slot", "[worker][cue_answers]") {
  CHECK(Asked{"after etl fails"}.answer().verdict == Verdict::pass_over);
  CHECK(Asked{"after load succeeds"}.answer().verdict == Verdict::pass_over);
  CHECK(Asked{"every 15m"}.answer().verdict == Verdict::pass_over);
  Asked early;
  early.definition.schedule.start = kNoon;
  CHECK(early.answer().verdict == Verdict::pass_over);
  Asked over;
  over.definition.schedule.until = kNoon - 2s;
  CHECK(over.answer().verdict == Verdict::pass_over);
}

TEST_CASE("what happens to a paused task leaves a row with the reason of the pause", "[worker][cue_answers]") {
  Asked paused;
  paused.due.task_state = "paused";
  paused.due.pause_reason = "holiday";
  const auto answer = paused.answer();
  CHECK(answer.verdict == Verdict::leave_out);
  CHECK(answer.state == RunState::skipped);
  CHECK(answer.reason == "paused: holiday (after etl#12)");
  paused.due.paused_until = kNoon - 1s;
  CHECK(paused.answers().at(0).verdict == Verdict::start);
}

TEST_CASE("a circle that only the runs show is cut with a row that says so", "[worker][cue_answers]") {
  Asked asked;
  asked.happened(1s, "succeeded", 16);
  asked.happened(1s, "succeeded", 17);
  const auto answers = asked.answers();
  CHECK(answers[0].verdict == Verdict::start);
  CHECK(answers[1].verdict == Verdict::leave_out);
  CHECK(answers[1].state == RunState::skipped);
  CHECK_THAT(answers[1].reason, Catch::Contains("16 runs have caused one another"));
}

TEST_CASE("ends that nobody could answer in time follow the misfire policy", "[worker][cue_answers]") {
  Asked asked;
  for (const Duration ago : {Duration{200h}, Duration{20h}, Duration{1h}, Duration{1s}}) asked.happened(ago);
  const auto verdicts = [&] {
    std::string told;
    for (const auto& answer : asked.answers()) {
      told += answer.verdict == Verdict::start ? 'S' : 'M';
      if (answer.verdict == Verdict::leave_out) CHECK(answer.state == RunState::missed);
    }
    return told;
  };
  CHECK(verdicts() == "MSSS");  // 200 hours are more than a week
  asked.definition.options.grace = 2h;
  CHECK(verdicts() == "MMSS");
  asked.definition.options.misfire = Misfire::skip;
  CHECK(verdicts() == "MMMS");
  asked.definition.options.grace = std::nullopt;
  asked.definition.options.misfire = Misfire::once;
  CHECK(verdicts() == "MMSS");
}

TEST_CASE("an end on a day that the calendars leave out is skipped with a row", "[worker][cue_answers]") {
  Asked asked;
  const auto today = static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(kNoon).time_since_epoch().count());
  asked.definition.schedule.calendars = {{CalendarDays::Use::exclude, "holidays", {today}}};
  const auto answer = asked.answer();
  CHECK(answer.verdict == Verdict::leave_out);
  CHECK(answer.state == RunState::skipped);
  CHECK(answer.reason == "its calendars leave this day out (after etl#12)");
  asked.definition.schedule.calendars = {{CalendarDays::Use::only, "trading", {today}}};
  CHECK(asked.answers().at(0).verdict == Verdict::start);
}

TEST_CASE("with hold what is late after a long outage waits for a decision", "[worker][cue_answers]") {
  Asked asked;
  asked.definition.options.misfire = Misfire::hold;
  asked.happened(20min);
  asked.happened(1s);
  CHECK(asked.answers().at(0).verdict == Verdict::start);
  asked.cues.clear();
  for (const Duration ago : {Duration{2h}, Duration{20min}, Duration{1s}}) asked.happened(ago);
  const auto answers = asked.answers();
  CHECK(answers[0].verdict == Verdict::hold);
  CHECK(answers[1].verdict == Verdict::hold);
  CHECK(answers[2].verdict == Verdict::start);
}

TEST_CASE("an event starts the task whose pattern fits its type and says which event it was", "[worker][cue_answers]") {
  const auto answer = [](const std::string& when, const std::string& outcome = "matches", int depth = 1) {
    Asked asked{when};
    asked.happened(1s, outcome, depth);
    asked.cues[0].source = "event";
    asked.cues[0].anchor = "deploy.finished";
    asked.cues[0].told = "event deploy.finished d-81";
    return asked.answers().at(0);
  };
  CHECK(answer("on event deploy.*").verdict == Verdict::start);
  CHECK(answer("on event deploy.*").reason == "event deploy.finished d-81");
  // What stands behind `where` was decided when the event was told: its payload is not here.
  CHECK(answer("on event deploy.* where payload.env == 'prod'").verdict == Verdict::start);
  CHECK(answer("on event build.*").verdict == Verdict::pass_over);
  CHECK(answer("every 15m").verdict == Verdict::pass_over);
  const auto cut = answer("on event deploy.*", "matches", 17);
  CHECK(cut.state == RunState::skipped);
  CHECK_THAT(cut.reason, Catch::StartsWith("cut off: 16 runs") && Catch::EndsWith("(event deploy.finished d-81)"));
  const auto failing = answer("on event deploy.*", "failing");
  CHECK(failing.verdict == Verdict::leave_out);
  CHECK(failing.state == RunState::skipped);
  CHECK(failing.reason == "its where could not be evaluated: event deploy.finished d-81");
}

TEST_CASE("a delivery starts the task that waits for its address and no other", "[worker][cue_answers]") {
  const auto verdict = [](const std::string& when) {
    Asked asked{when};
    asked.happened(1s, "matches");
    asked.cues[0].source = "webhook";
    asked.cues[0].anchor = "webhook.7";
    return asked.answers().at(0).verdict;
  };
  CHECK(verdict("on webhook") == Verdict::start);
  CHECK(verdict("on event webhook.#") == Verdict::pass_over);
  CHECK(verdict("manual") == Verdict::pass_over);
}
