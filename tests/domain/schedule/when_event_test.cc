// Triggers that wait for something to happen: what their phrases mean, what is refused and where.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/domain/schedule/schedule.h"
#include "tests/domain/friday.h"

using namespace carillon;
using carillon::test::kNow;

namespace {

Result<Schedule> parse(const std::string& text) { return parse_when(text, {kNow, "Europe/Berlin"}); }

Schedule parsed_event(const std::string& text) {
  const auto schedule = parse(text);
  INFO(text << ": " << (schedule.ok() ? "" : to_answer(schedule.error()).dump()));
  REQUIRE(schedule.ok());
  return *schedule;
}

template <class Body>
Body only(const std::string& text) {
  const Schedule schedule = parsed_event(text);
  REQUIRE(schedule.triggers.size() == 1);
  const auto* body = std::get_if<Body>(&schedule.triggers.front().body);
  REQUIRE(body != nullptr);
  return *body;
}

}  // namespace

TEST_CASE("a phrase that waits has its kind and source and reads as itself", "[domain][schedule][when]") {
  struct Row {
    std::string text, kind, source, reading;
  };
  const auto row = GENERATE(values<Row>({
      {"on event deploy.finished", "event", "event", "on event deploy.finished"},
      {"ON EVENT Deploy.*", "event", "event", "on event Deploy.*"},
      {"on event deploy.# where payload.env == 'prod'", "event", "event",
       "on event deploy.# where payload.env == 'prod'"},
      {"on event a where payload.text == 'this or that'", "event", "event",
       "on event a where payload.text == 'this or that'"},
      {"on event a where contains(payload.s, 'x (cron y)')", "event", "event",
       "on event a where contains(payload.s, 'x (cron y)')"},
      {"on webhook", "webhook", "webhook", "on webhook"},
      {"after nightly-etl succeeds", "chain", "chain", "after nightly-etl succeeds"},
      {"after nightly-etl Failed", "chain", "chain", "after nightly-etl fails"},
      {"after nightly etl finishes", "chain", "chain", "after \"nightly etl\" finishes"},
      {"after etl fails fails", "chain", "chain", "after \"etl fails\" fails"},
      {"after \"this or \\\"that\\\"\" ends", "chain", "chain", "after \"this or \\\"that\\\"\" finishes"},
      {"2h before task etl", "chain", "task_slot", "2 hours before task etl"},
      {"1d, 2h before task team/etl", "chain", "task_slot", "1 day, 2 hours before task team/etl"},
      {"1 month and 2 days before task \"the report\"", "chain", "task_slot",
       "1 month and 2 days before task \"the report\""},
      {"when weather.current changes, every 5m", "condition", "condition",
       "when weather.current changes, every 5 minutes, starting 20 November 2026 at 14:05"},
      {"when weather.current changes every 5m", "condition", "condition",
       "when weather.current changes, every 5 minutes, starting 20 November 2026 at 14:05"},
      {"when w.now with {\"city\": \"Berlin, or so\", \"a\": [1]} where temperature > `30`, every 10m between 08:00 "
       "and "
       "18:00 on weekdays, level",
       "condition", "condition",
       "when w.now with {\"a\":[1],\"city\":\"Berlin, or so\"} where temperature > `30`, every 10 minutes between "
       "08:00 "
       "and 18:00 on weekdays, while it holds"},
      {"when w.now where [a, b] == `[1, 2]`, every 1h, edge", "condition", "condition",
       "when w.now where [a, b] == `[1, 2]`, every hour, starting 20 November 2026 at 15:00"},
      {"15m after each run", "interval", "run_end", "15 minutes after each run, starting 20 November 2026 at 14:15"},
      {"manual", "manual", "hand", "manual"},
      {"weekdays at 09:00 or on event deploy.finished or after etl fails", "calendar", "clock",
       "weekdays at 09:00 or on event deploy.finished or after etl fails"},
  }));
  const Schedule schedule = parsed_event(row.text);
  CHECK(name_of(schedule.kind()) == row.kind);
  CHECK(name_of(schedule.triggers.front().source()) == row.source);
  CHECK(reads(schedule) == row.reading);
  CHECK(is_open_ended(schedule));
  const Schedule again = parsed_event(reads(schedule));
  const auto stored = schedule_from_json(json::parse(to_json(schedule).dump()));
  REQUIRE(stored.ok());
  CHECK(to_json(*stored) == to_json(schedule));
  CHECK(to_json(again).at("triggers") == to_json(schedule).at("triggers"));
  CHECK(schedule_warnings(schedule, kNow).empty());
}

TEST_CASE("the parts of a phrase that waits are as typed", "[domain][schedule][when]") {
  const auto event = only<EventTrigger>("on event Deploy.Finished  where  payload.env == 'Prod' ");
  CHECK(event.pattern == "Deploy.Finished");
  CHECK(event.where == "payload.env == 'Prod'");
  const auto chain = only<ChainTrigger>("after Nightly-ETL succeeds");
  CHECK(chain.task == "Nightly-ETL");
  CHECK(chain.on == ChainTrigger::On::succeeds);
  const auto condition = only<ConditionTrigger>("when GitHub.list_Issues where length(@) > `0`, every 90s, level");
  CHECK(condition.tool == "GitHub.list_Issues");
  CHECK(condition.arguments == "{}");
  CHECK(condition.looks.every == std::chrono::seconds{90});
  CHECK(condition.fires == ConditionTrigger::Fires::level);
  const auto reminder = only<ReminderTrigger>("1d and 2h, 30m before task Etl");
  CHECK(reminder.task == "Etl");
  CHECK(reminder.before == std::vector<TimeSpan>{{0, 1, 7200}, {0, 0, 1800}});
}

TEST_CASE("a phrase that waits is refused at the right place", "[domain][schedule][when]") {
  const auto [text, code, position] = GENERATE(table<std::string, std::string, int>({
      {"on event", "arguments_invalid", 8},
      {"on event deploy..finished", "arguments_invalid", 16},
      {"on event deploy.fin*", "arguments_invalid", 16},
      {"on event deploy.finished if x", "arguments_invalid", 25},
      {"on event deploy.finished where", "arguments_invalid", 30},
      {"on event deploy.finished where payload.", "arguments_invalid", 39},
      {"weekdays at 09:00 or on event a where nope(@)", "arguments_invalid", 38},
      {"on webhook please", "arguments_invalid", 11},
      {"after", "arguments_invalid", 5},
      {"after etl", "when_ambiguous", 9},
      {"after succeeds", "arguments_invalid", 6},
      {"after each run", "arguments_invalid", 6},
      {"after \"etl", "arguments_invalid", 6},
      {"after \"etl\" explodes", "arguments_invalid", 12},
      {"after etl#4 fails", "arguments_invalid", 6},
      {"2h before task", "arguments_invalid", 14},
      {"2h before task \"a\" b", "arguments_invalid", 19},
      {"when", "arguments_invalid", 4},
      {"when x > 5, every 5m", "arguments_invalid", 5},
      {"when weather.current", "arguments_invalid", 20},
      {"when weather.current is > 5, every 5m", "arguments_invalid", 21},
      {"when weather.current with [1] changes, every 5m", "arguments_invalid", 26},
      {"when weather.current with {\"a\": } changes, every 5m", "arguments_invalid", 26},
      {"when weather.current where a >, every 5m", "arguments_invalid", 30},
      {"when weather.current changes", "when_ambiguous", 28},
      {"when weather.current changes, weekly", "arguments_invalid", 30},
      {"when weather.current changes, every day at 09:00", "arguments_invalid", 30},
      {"when weather.current changes, every 5m until 2027-01-01", "arguments_invalid", 30},
      {"when weather.current changes, every 5m, while it holds", "arguments_invalid", 40},
      {"when weather.current changes, every 5 bananas", "arguments_invalid", 36},
  }));
  const auto schedule = parse(text);
  INFO(text);
  REQUIRE_FALSE(schedule.ok());
  const json answer = to_answer(schedule.error());
  INFO(answer.dump());
  CHECK(answer.at("error") == code);
  CHECK(answer.at("position") == position);
  CHECK(answer.at("pointer") == "/when");
}

TEST_CASE("a fixed delay counts from the end of each run", "[domain][schedule]") {
  Schedule schedule = parsed_event("15m after each run until 2026-11-20 18:00");
  CHECK(next_slots(schedule, kNow, 5).size() == 1);
  const Instant finished = kNow + std::chrono::minutes{40};
  CHECK(slot_after_run(schedule, finished)->at == finished + std::chrono::minutes{15});
  CHECK_FALSE(slot_after_run(schedule, kNow + std::chrono::hours{4}));
  schedule.until = kNow + std::chrono::minutes{50};
  CHECK_FALSE(slot_after_run(schedule, finished));
  schedule.start = kNow + std::chrono::hours{1};
  schedule.until.reset();
  CHECK(slot_after_run(schedule, kNow)->at == *schedule.start);
  CHECK_FALSE(slot_after_run(parsed_event("every 15m"), kNow));
}
