// What the row of a task says to those who are reminded of it.
#include "server/domain/anchor.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::kNow;

namespace {

struct Meeting {
  explicit Meeting(const std::string& when = "every day at 09:00") {
    definition.schedule = *parse_when(when, WhenContext{kNow, "UTC"});
  }

  // The reminders two hours ahead that are still to come, as day and hour.
  std::string reminders(bool changed = false) const {
    const AnchorFacts facts{definition, state, paused_until, last_slot, fired, changes};
    auto said = *parse_when("2h before task meeting", WhenContext{kNow, "UTC"});
    said = with_anchors(said, {{"meeting", changed ? anchor_after_change(facts) : anchor_of(facts)}});
    std::string told;
    for (const auto& slot : next_slots(said, kNow, 3)) told += to_rfc3339(slot.at).substr(8, 5) + " ";
    return told;
  }

  TaskDefinition definition;
  TaskState state = TaskState::active;
  std::optional<Instant> paused_until;
  Instant last_slot = kNow - 4h;
  std::int64_t fired = 0;
  std::vector<Anchor::Change> changes;
};

}  // namespace

TEST_CASE("reminders follow the slots that their task will run", "[domain][anchor]") {
  Meeting meeting;
  CHECK(meeting.reminders() == "21T07 22T07 23T07 ");
  meeting.definition.options.max_runs = 5;
  meeting.fired = 3;
  CHECK(meeting.reminders() == "21T07 22T07 ");
  meeting.fired = 5;
  CHECK(meeting.reminders().empty());
}

TEST_CASE("a pause leaves out the reminders of the slots in it", "[domain][anchor]") {
  Meeting meeting;
  meeting.state = TaskState::paused;
  CHECK(meeting.reminders().empty());
  meeting.paused_until = kNow + 36h;
  CHECK(meeting.reminders() == "22T07 23T07 24T07 ");
  meeting.state = TaskState::done;
  CHECK(meeting.reminders().empty());
}

TEST_CASE("a slot that was moved or skipped takes its reminder with it", "[domain][anchor]") {
  Meeting meeting;
  const Instant tomorrow = *parse_rfc3339("2026-11-21T09:00:00Z");
  meeting.changes = {{tomorrow, tomorrow + 5h}};
  CHECK(meeting.reminders() == "21T12 22T07 23T07 ");
  meeting.changes = {{tomorrow, std::nullopt}};
  CHECK(meeting.reminders() == "22T07 23T07 24T07 ");
  // Fired at its old time, running at its new one: the reminder is still to come.
  meeting.changes = {{kNow - 4h, kNow + 4h}};
  CHECK(meeting.reminders() == "20T15 21T07 22T07 ");
}

TEST_CASE("only slots of the clock can be reminded of", "[domain][anchor]") {
  CHECK(Meeting{"after etl succeeds or every day at 09:00"}.reminders() == "21T07 22T07 23T07 ");
  CHECK(Meeting{"after etl succeeds"}.reminders().empty());
  CHECK(Meeting{"3h after each run"}.reminders().empty());
  CHECK_FALSE(can_be_reminded_of(*parse_when("2h before task x", WhenContext{kNow, "UTC"})));
}

TEST_CASE("after a change the slots that the task has left behind are not reminded of", "[domain][anchor]") {
  Meeting meeting{"every day at 14:30"};  // its reminder was due at 12:30
  const AnchorFacts facts{meeting.definition, meeting.state, {}, kNow + 2h, 0};
  auto said = *parse_when("2h before task meeting", WhenContext{kNow, "UTC"});
  said = with_anchors(said, {{"meeting", anchor_after_change(facts)}});
  CHECK(next_slots(said, kNow - 24h, 1).front().at == *parse_rfc3339("2026-11-21T12:30:00Z"));
  said = with_anchors(said, {{"meeting", anchor_of(facts)}});
  CHECK(next_slots(said, kNow - 24h, 1).front().at == *parse_rfc3339("2026-11-20T12:30:00Z"));
}
