#include "server/worker/late_starts.h"

#include <catch2/catch.hpp>

#include "tests/worker/scheduler.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

const Instant kNow = *parse_rfc3339("2026-11-20T09:10:00Z");

std::optional<TaskDefinition> task_with(const Action& action) {
  TaskDefinition definition;
  definition.action = action;
  return definition;
}

Firing queued(Instant run_at, std::optional<std::string> key = std::nullopt) {
  Firing firing;
  firing.concurrency_key = std::move(key);
  FiredSlot slot;
  slot.slot = slot.run_at = run_at;
  firing.slots.push_back(slot);
  return firing;
}

bool stays_here(std::string_view tool) { return tool.starts_with("here."); }

// A gate as after a start, where there is a network or none.
struct Starts {
  explicit Starts(bool has_network) : network(has_network) { gate.shut(std::chrono::steady_clock::now()); }

  FiredSlot start(Firing firing, const Action& action, Instant now = kNow) {
    starts.ease_in(firing, task_with(action), now);
    return firing.slots.back();
  }

  bool network;
  NetworkGate gate{[this] { return network; }, 30min};
  LateStarts starts{gate, stays_here};
};

}  // namespace

TEST_CASE("late runs begin one after the other and what is on time at once", "[worker][late_starts]") {
  Starts late{true};
  std::vector<Instant> starts;
  for (int i = 0; i < 1000; ++i)
    starts.push_back(std::max(late.start(queued(kNow - 2h), tool_action("t.read")).run_at, kNow));
  CHECK(std::count(starts.begin(), starts.end(), kNow) == 10);
  CHECK(std::count_if(starts.begin(), starts.end(), [](Instant at) { return at <= kNow + 10s; }) == 110);
  CHECK(starts.back() == kNow + 1min);
  CHECK(late.start(queued(kNow - 30s), tool_action("t.read")).run_at == kNow - 30s);
}

TEST_CASE("without a network only late runs wait that may need one", "[worker][late_starts]") {
  const auto [action, slot, waits] = GENERATE(table<Action, Instant, bool>({
      {tool_action("t.read"), kNow - 2h, true},
      {steps_action({step("a", "here.echo"), step("b", "t.read")}), kNow - 2h, true},
      {steps_action({step("a", "here.echo")}), kNow - 2h, false},
      {tool_action("here.echo"), kNow - 2h, false},
      {Action{}, kNow - 2h, false},  // a message
      {tool_action("t.read"), kNow - 30s, false},
  }));
  Starts late{false};
  const FiredSlot started = late.start(queued(slot), action);
  CHECK((started.run_at == kNow + 30min) == waits);
  CHECK((started.reason == kWaitsForNetwork) == waits);
}

TEST_CASE("what waits for the network keeps the reason that it had", "[worker][late_starts]") {
  Starts late{false};
  Firing firing = queued(kNow - 2h);
  firing.slots[0].reason = "snoozed";
  CHECK(late.start(firing, tool_action("t.read")).reason == "snoozed; late; waits until there is a network");
}

TEST_CASE("later slots of a concurrency key stay behind those that were put off", "[worker][late_starts]") {
  Starts late{true};
  for (int i = 0; i < 110; ++i) late.start(queued(kNow - 2h), tool_action("t.read"));
  const Instant first = late.start(queued(kNow - 2h, "task:1"), tool_action("t.read")).run_at;
  CHECK(first > kNow + 10s);
  CHECK(late.start(queued(kNow + 1s, "task:1"), tool_action("t.read"), kNow + 1s).run_at >= first);
  CHECK(late.start(queued(kNow + 1s, "task:2"), tool_action("t.read"), kNow + 1s).run_at == kNow + 1s);
  CHECK(late.start(queued(kNow + 1min, "task:1"), tool_action("t.read"), kNow + 1min).run_at == kNow + 1min);
}

TEST_CASE("what is on time waits for the network behind an earlier run of its key", "[worker][late_starts]") {
  Starts late{false};
  late.start(queued(kNow - 2h, "lock:db"), tool_action("t.read"));
  const FiredSlot behind = late.start(queued(kNow + 1s, "lock:db"), tool_action("here.echo"), kNow + 1s);
  CHECK(behind.run_at == kNow + 30min);
  CHECK(behind.reason == kWaitsForNetwork);
  late.network = true;
  CHECK(late.gate.look(std::chrono::steady_clock::now()));
  late.starts.network_wait_ended(kNow + 5s);
  CHECK(late.start(queued(kNow + 2s, "lock:db"), tool_action("t.read"), kNow + 2s).run_at >= kNow + 5s);
  CHECK(late.start(queued(kNow + 6s, "lock:db"), tool_action("t.read"), kNow + 6s).run_at == kNow + 6s);
}

TEST_CASE("what waits for the network begins one after the other when there is one", "[worker][late_starts]") {
  const TestDatabase database;
  bool network = false;
  Scheduler one{database, "one", {}, [&] { return network; }};
  one.own_all();
  one.gate.shut(std::chrono::steady_clock::now());
  for (int task = 1; task <= 12; ++task) {
    put_task(database, task, definition_of(tool_action("t.read"), "cron 0 * * * *", [](TaskDefinition& definition) {
               definition.options.misfire = Misfire::once;
               definition.options.grace = std::chrono::hours{9};
             }));
    put_schedule(database, task, "date_trunc('hour', now()) - interval '3 h'",
                 "date_trunc('hour', now()) - interval '2 h'");
  }
  CHECK(one.tick.run_once() > 0);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_ready WHERE run_at > now() + interval '29 min'") == "12");
  CHECK(one.tick.end_network_wait() == 0);  // the gate is shut
  network = true;
  CHECK(one.gate.look(std::chrono::steady_clock::now()));
  CHECK(one.tick.end_network_wait() == 12);
  CHECK(database.ask("SELECT DISTINCT reason FROM carillon.run_ready") == kWaitedForNetwork);
  CHECK(
      database.ask(
          "SELECT count(*) FROM carillon.run_ready r WHERE r.run_at = (SELECT min(run_at) FROM carillon.run_ready)") ==
      "10");
  CHECK(database.ask("SELECT max(run_at) - min(run_at) FROM carillon.run_ready") == "00:00:00.2");
  CHECK(one.tick.end_network_wait() == 0);
}
