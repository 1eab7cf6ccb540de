#include "server/engine/answers_json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;

namespace {

const Instant kAt = *parse_rfc3339("2026-11-20T13:00:00.123456Z");

template <class Answer>
void check_round_trip(const Answer& answer) {
  const json stored = json::parse(to_json(answer).dump());
  CHECK(to_json(answer_from_json<Answer>(stored)) == stored);
}

}  // namespace

TEST_CASE("an answer is given again word for word", "[engine][answers_json]") {
  TaskSaved saved;
  saved.task = "brief";
  saved.next = {{kAt, "note"}};
  saved.changed = {{"when", json("a"), json(nullptr)}};
  saved.similar = {{"other", "same"}};
  saved.warnings = {"w"};
  saved.action = {{"kind", "message"}};
  saved.at = kAt;
  check_round_trip(saved);
  CHECK(answer_from_json<TaskSaved>(to_json(saved)).next[0].at == kAt);

  TaskStateSet set;
  set.tasks = {{.task = "a",
                .was = "active",
                .state = "paused",
                .next = kAt,
                .zone = "UTC",
                .left_out = 3,
                .left_out_counted = false}};
  set.until = kAt;
  set.dispatch_paused = true;
  check_round_trip(set);
  CHECK(answer_from_json<TaskStateSet>(to_json(set)).tasks[0].next == kAt);

  Snoozed snoozed;
  snoozed.skipped = {kAt, kAt};
  snoozed.next = kAt;
  check_round_trip(snoozed);
  CHECK_FALSE(answer_from_json<Snoozed>(to_json(snoozed)).was_next.has_value());

  ItemDeleted deleted;
  deleted.still_refers = {"run"};
  deleted.restorable_until = kAt;
  check_round_trip(deleted);

  RunStarted started;
  started.run = "a#1";
  started.run_id = (1LL << 62);
  check_round_trip(started);
  CHECK(answer_from_json<RunStarted>(to_json(started)).run_id == (1LL << 62));

  RunCancelled cancelled;
  cancelled.requested = true;
  check_round_trip(cancelled);
}
