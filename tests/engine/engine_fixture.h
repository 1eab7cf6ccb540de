// An engine over a real database, with a fixed clock (Fri 2026-11-20 14:00 Europe/Berlin), downstream tools that the
// test names, and a worker that only notes what it is told. Each test has one of its own; the engine inside may be used
// from several threads.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "server/domain/task_draft.h"
#include "server/engine/engine.h"
#include "server/store/store.h"
#include "tests/support/test_database.h"

namespace carillon::test {

// What schedules a message.
inline std::string message_task(const std::string& name, const std::string& when) {
  return json{{"name", name}, {"when", when}, {"message", "x"}}.dump();
}

// Downstream tools by name; a server that is `away` cannot be reached, one that is `signed_out` wants a person.
class FakeTools final : public ToolCaller {
 public:
  CallId start(ToolCall, std::function<void(ToolReply)> done) override {
    done({});
    return 0;
  }
  void cancel(CallId, std::string_view) override {}
  Result<ToolFacts> describe(const TenantId&, std::string_view tool, Duration) override;

  std::map<std::string, ToolFacts> tools;
  std::string away, signed_out;
  std::map<std::string, std::vector<std::string>> hidden;  // what servers.json calls sensitive
  std::atomic<int> described = 0;
};

struct Told {
  std::vector<std::pair<std::int16_t, Instant>> ready;
  std::vector<RunId> cancels, taken, answered, told;
  std::vector<std::int16_t> schedules;
  int dispatch = 0;
};

class NotedSignals final : public WorkerSignal {
 public:
  void runs_ready(std::int16_t shard, Instant run_at) override {
    told.with([&](Told& t) { t.ready.emplace_back(shard, run_at); });
  }
  void run_told(RunId run, std::int16_t) override {
    told.with([&](Told& t) { t.told.push_back(run); });
  }
  void cancel_requested(RunId run) override {
    told.with([&](Told& t) { t.cancels.push_back(run); });
  }
  void run_taken_away(RunId run) override {
    told.with([&](Told& t) { t.taken.push_back(run); });
  }
  void schedule_changed(std::int16_t shard) override {
    told.with([&](Told& t) { t.schedules.push_back(shard); });
  }
  void dispatch_changed(const TenantId&) override {
    told.with([&](Told& t) { ++t.dispatch; });
  }
  void question_answered(RunId run) override {
    told.with([&](Told& t) { t.answered.push_back(run); });
  }
  Told take() {
    return told.with([](Told& t) { return std::exchange(t, {}); });
  }

  Guarded<Told> told;
};

struct EngineFixture {
  EngineFixture();

  Caller caller(const std::string& agent = "owner", const std::string& tenant = "default") const;
  // All scopes but one; the agent "helper".
  Caller caller_without(Scope scope) const;
  // schedule_task with these arguments (name, when, message …) as JSON text.
  Result<TaskSaved> schedule(const std::string& arguments, OnConflict on_conflict = OnConflict::error);
  Result<TaskSaved> schedule_as(const Caller& who, const std::string& arguments,
                                OnConflict on_conflict = OnConflict::error);
  TaskSaved scheduled(const std::string& arguments);
  Result<TaskSaved> update(const std::string& task, const std::string& arguments, UpdateTask command = {});
  RunStarted ran(const std::string& task);
  void set_now(const std::string& rfc3339);
  Instant at(const std::string& rfc3339) const;

  // What the worker would do: the run goes from run_ready to run_live, or from either to run_history.
  void start(const RunStarted& run, const std::string& call_state = "idle");
  void wait(const RunStarted& run);
  void finish(const RunStarted& run, const std::string& outcome, const std::string& error_class = "");

  std::int64_t count(const std::string& from) const;  // "outbox WHERE event_type = 'task.created'"

  TestDatabase database;
  Store store;
  FixedClock clock;
  FakeTools tools;
  NotedSignals worker;
  RunIdMaker ids{1};
  Engine engine;
};

}  // namespace carillon::test
