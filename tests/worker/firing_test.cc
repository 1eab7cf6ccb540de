#include "server/worker/firing.h"

#include <catch2/catch.hpp>

#include "tests/worker/noon.h"
#include "tests/worker/rig.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::kNoon;

namespace {

// A Friday.

FiringFacts hourly(Instant last_slot, const std::function<void(TaskDefinition&)>& change = {}) {
  FiringFacts facts;
  facts.due.tenant = TenantId{"default"};
  facts.due.task = TaskId{1};
  facts.due.task_state = "active";
  facts.due.last_slot = last_slot;
  facts.due.next_fire_at = last_slot + 1h;
  TaskDefinition definition;
  definition.schedule = *parse_when("cron 0 * * * *", WhenContext{kNoon - 240h, "UTC"});
  definition.action = test::tool_action("t.read");
  if (change) change(definition);
  facts.definition = definition;
  return facts;
}

Firing decide(const FiringFacts& facts, Instant now) {
  std::int64_t id = 0;
  return decide_firing(facts, FiringTools{now, [&] { return RunId{++id}; }, [] { return std::string{"trace"}; }});
}

}  // namespace

TEST_CASE("a slot that is due becomes a run and the next one comes from the schedule", "[worker][firing]") {
  const Firing firing = decide(hourly(kNoon - 1h), kNoon + 5ms);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::queued);
  CHECK(firing.slots[0].slot == kNoon);
  CHECK(firing.slots[0].run_at == kNoon);
  CHECK(firing.last_slot == kNoon);
  CHECK(firing.next_fire_at == kNoon + 1h);
  CHECK(firing.fired == 1);
  CHECK_FALSE(firing.concurrency_key);
}

TEST_CASE("slots that passed while nobody was there leave rows that say so", "[worker][firing]") {
  const Firing firing =
      decide(hourly(kNoon - 5h, [](TaskDefinition& task) { task.options.misfire = Misfire::once; }), kNoon + 1s);
  std::int64_t slots = 0, queued = 0;
  for (const auto& slot : firing.slots) {
    slots += 1 + slot.folded;
    queued += slot.state == RunState::queued ? 1 : 0;
    if (slot.state == RunState::missed) CHECK_FALSE(slot.reason.empty());
  }
  CHECK(slots == 5);
  CHECK(queued == 1);
  CHECK(firing.last_slot == kNoon);
  CHECK(firing.next_fire_at == kNoon + 1h);
}

TEST_CASE("a slot that comes while the run before it goes on follows the overlap policy", "[worker][firing]") {
  const auto [policy, state, keyed, cancels] = GENERATE(table<Overlap, RunState, bool, bool>({
      {Overlap::skip, RunState::skipped, false, false},
      {Overlap::queue, RunState::queued, true, false},
      {Overlap::queue_all, RunState::queued, true, false},
      {Overlap::cancel, RunState::queued, true, true},
      {Overlap::allow, RunState::queued, false, false},
  }));
  FiringFacts facts = hourly(kNoon - 1h, [&, wanted = policy](TaskDefinition& task) { task.options.overlap = wanted; });
  facts.busy.running = 1;
  const Firing firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == state);
  CHECK(firing.concurrency_key.has_value() == keyed);
  CHECK((firing.earlier_runs == Earlier::cancel) == cancels);
}

TEST_CASE("a slot of a paused task is skipped with the reason of the pause", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 3h);
  facts.due.task_state = "paused";
  facts.due.pause_reason = "holidays";
  const Firing firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::skipped);
  CHECK(firing.slots[0].reason == "paused: holidays");
  CHECK(firing.slots[0].folded == 2);
  CHECK(firing.slots[0].slot_until == kNoon);
  CHECK(firing.next_fire_at == kNoon + 1h);
}

TEST_CASE("a slot after the end of a pause runs though nobody has resumed the task yet", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 2h);
  facts.due.task_state = "paused";
  facts.due.paused_until = kNoon - 30min;
  const Firing firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 2);
  CHECK(firing.slots[0].state == RunState::skipped);
  CHECK(firing.slots[1].state == RunState::queued);
  CHECK(firing.slots[1].slot == kNoon);
}

TEST_CASE("a snoozed slot runs at its new time and a skipped one does not run", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 1h);
  SlotChange said;
  said.slot = kNoon;
  said.moved_to = kNoon + 20min;
  said.reason = "later";
  facts.overrides = {said};
  Firing firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::queued);
  CHECK(firing.slots[0].run_at == kNoon + 20min);
  CHECK(firing.slots[0].slot == kNoon);
  CHECK(firing.next_fire_at == kNoon + 1h);

  facts.overrides[0].moved_to.reset();
  firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::skipped);
  CHECK(firing.slots[0].reason == "snoozed: later");
}

TEST_CASE("the last run that is allowed ends the schedule", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 1h, [](TaskDefinition& task) { task.options.max_runs = 3; });
  facts.due.fired_count = 2;
  const Firing firing = decide(facts, kNoon);
  CHECK(firing.slots.size() == 1);
  CHECK_FALSE(firing.next_fire_at.has_value());
}

TEST_CASE("a lock is the key of every run of the task", "[worker][firing]") {
  const Firing firing = decide(hourly(kNoon - 1h, [](TaskDefinition& task) { task.lock = "reports"; }), kNoon);
  CHECK(firing.concurrency_key == "lock:reports");
}

TEST_CASE("max_parallel is the width of the key of every run of the task", "[worker][firing]") {
  const auto [policy, most, width] = GENERATE(table<Overlap, std::optional<std::int64_t>, int>({
      {Overlap::allow, 3, 3},
      {Overlap::skip, 1, 1},
      {Overlap::queue_all, 2, 2},
      {Overlap::queue_all, std::nullopt, 1},
  }));
  const Firing firing = decide(hourly(kNoon - 1h,
                                      [&, wanted = policy, at_once = most](TaskDefinition& task) {
                                        task.options.overlap = wanted;
                                        task.options.max_parallel = at_once;
                                      }),
                               kNoon);
  CHECK(firing.concurrency_key == "task:1");
  CHECK(firing.key_width == width);
}

TEST_CASE("a slot in quiet hours waits for their end and keeps its slot", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 1h, [](TaskDefinition& task) {
    task.options.quiet_hours = Quiet{"11:30-13:30"};
    task.options.expires = 10min;
  });
  facts.quiet = own_quiet_hours(*facts.definition);
  Firing firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::queued);
  CHECK(firing.slots[0].slot == kNoon);
  CHECK(firing.slots[0].run_at == kNoon + 90min);
  CHECK(firing.slots[0].expires_at == kNoon + 100min);
  CHECK(firing.slots[0].reason == "deferred by quiet hours 11:30-13:30");
  CHECK(firing.next_fire_at == kNoon + 1h);

  // The slot after it finds it waiting.
  facts.due.last_slot = kNoon;
  facts.busy.queued = 1;
  firing = decide(facts, kNoon + 1h);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::skipped);
  CHECK(firing.slots[0].reason == "quiet hours 11:30-13:30: an earlier run waits for their end, or goes on");
}

TEST_CASE("quiet hours that say skip leave a row with the reason", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 1h, [](TaskDefinition& task) {
    task.options.quiet_hours = Quiet{"11:30-13:30", QuietPolicy::skip};
  });
  facts.quiet = own_quiet_hours(*facts.definition);
  const Firing at_noon = decide(facts, kNoon);
  REQUIRE(at_noon.slots.size() == 1);
  CHECK(at_noon.slots[0].state == RunState::skipped);
  CHECK(at_noon.slots[0].reason == "quiet hours 11:30-13:30");
}

TEST_CASE("a run that is made up for in quiet hours waits as well and a snoozed one does not", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 1h, [](TaskDefinition& task) {
    task.options.quiet_hours = Quiet{"12:10-13:30"};
    task.options.misfire = Misfire::once;
    task.options.grace = 1h;
  });
  facts.quiet = own_quiet_hours(*facts.definition);
  Firing firing = decide(facts, kNoon + 20min);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].run_at == kNoon + 90min);

  SlotChange said;
  said.slot = kNoon;
  said.moved_to = kNoon + 30min;
  facts.overrides = {said};
  firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].run_at == kNoon + 30min);
}

namespace {

// A task after an end of another one that came at noon.
FiringFacts after_an_end(const std::function<void(TaskDefinition&)>& change) {
  FiringFacts facts = hourly(kNoon - 5h, [&](TaskDefinition& task) {
    task.schedule = *parse_when("after etl succeeds", WhenContext{kNoon - 240h, "UTC"});
    change(task);
  });
  facts.due.next_fire_at.reset();
  facts.quiet = own_quiet_hours(*facts.definition);
  Cue cue;
  cue.id = 7;
  cue.source = "chain";
  cue.anchor = "etl";
  cue.outcome = "succeeded";
  cue.told = "etl#3";
  cue.cause = "run:3";
  cue.due_at = kNoon;
  facts.cues = {cue};
  return facts;
}

}  // namespace

TEST_CASE("what another task sets off waits for the end of quiet hours and takes its place of a width",
          "[worker][firing]") {
  const auto policies = [](TaskDefinition& task) {
    task.options.quiet_hours = Quiet{"11:30-13:30"};
    task.options.max_parallel = 2;
    task.options.overlap = Overlap::allow;
  };
  Firing firing = decide(after_an_end(policies), kNoon + 1s);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].run_at == kNoon + 90min);
  CHECK(firing.slots[0].reason == "deferred by quiet hours 11:30-13:30");
  CHECK(firing.slots[0].cause == "run:3");
  CHECK(firing.key_width == 2);
  firing = decide(after_an_end([&](TaskDefinition& task) {
                    task.options.quiet_hours = Quiet{"11:30-13:30", QuietPolicy::skip};
                  }),
                  kNoon + 1s);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::skipped);
  CHECK(firing.slots[0].cue == 7);
}

TEST_CASE("what another task set off before a long outage is held with its cause", "[worker][firing]") {
  const Firing firing =
      decide(after_an_end([](TaskDefinition& task) { task.options.misfire = Misfire::hold; }), kNoon + 2h);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::queued);
  CHECK(firing.slots[0].run_at == kHeldUntil);
  CHECK(firing.slots[0].cause == "run:3");
  CHECK(firing.cues == std::vector<std::int64_t>{7});
}

TEST_CASE("a schedule that cannot be read still gives its slot a run that will say so", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 1h);
  facts.definition.reset();
  const Firing firing = decide(facts, kNoon);
  REQUIRE(firing.slots.size() == 1);
  CHECK(firing.slots[0].state == RunState::queued);
  CHECK_FALSE(firing.next_fire_at.has_value());
}

TEST_CASE("what still comes for a task that is done is answered and starts nothing", "[worker][firing]") {
  FiringFacts facts = hourly(kNoon - 5h, [](TaskDefinition& task) { task.options.max_runs = 1; });
  facts.due.task_state = "done";
  facts.due.fired_count = 1;
  facts.due.next_fire_at.reset();
  facts.cues.push_back({});
  facts.cues.back().id = 7;
  const Firing firing = decide(facts, kNoon);
  CHECK(firing.slots.empty());
  CHECK(firing.cues == std::vector<std::int64_t>{7});
  CHECK_FALSE(firing.ended);
  CHECK(firing.last_slot == kNoon - 5h);
}
