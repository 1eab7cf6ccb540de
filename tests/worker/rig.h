// What the worker's tests stand on: tools that do as they are told, a worker on a test's database with short leases,
// and waiting for what the worker signals (never for time). The fake tools record each call, in a file too when another
// process is to count them.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/domain/task.h"
#include "server/domain/tool_caller.h"
#include "server/worker/membership.h"
#include "server/worker/worker.h"
#include "tests/support/queued_runs.h"
#include "tests/support/test_database.h"

namespace carillon {
class Engine;
}

namespace carillon::test {

// Tools are named by what they do: "t.read", "t.idempotent" and "t.destructive" answer at once and differ in their
// effect; "t.failing" answers with an error; "t.down" cannot be reached; what begins with "t.dear." costs 10 cents a
// call and "t.guarded.read" needs the scope admin; "t.lost.read" and "t.lost.destructive" time out; whatever begins
// with "t.held." answers when release() is called, or cancelled. "t.asking.…" asks `arguments` as a form, if anybody
// can be asked, and gives the answer as its result; "t.halfway.read" reports progress and is held.
class FakeTools final : public ToolCaller {
 public:
  explicit FakeTools(std::string log_file = "") : log_file_(std::move(log_file)) {}

  CallId start(ToolCall call, std::function<void(ToolReply)> done) override;
  void cancel(CallId call, std::string_view reason) override;
  Result<ToolFacts> describe(const TenantId& tenant, std::string_view tool, Duration wait) override;

  // Waits until n calls are held, then answers them all.
  void wait_held(std::size_t n);
  void wait_calls(std::size_t n);  // until so many have been made, ever
  void release();
  std::vector<ToolCall> calls() const;
  std::size_t most_at_once() const;
  // What "t.read" gives as structured content, by tool name; default {"said": arguments}.
  std::map<std::string, json> answers;

 private:
  struct Held {
    ToolCall call;
    std::function<void(ToolReply)> done;
  };
  // Ends a held call; nothing where it has ended.
  std::function<void(ToolReply)> take_held(CallId call);

  const std::string log_file_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ToolCall> calls_;
  std::map<CallId, Held> held_;
  std::size_t most_at_once_ = 0;
  CallId next_ = 1;
};

WorkerOptions quick_options();

// The runs that ended, as one worker or several tell it.
class Ends {
 public:
  void add(RunId run);
  // Until n of them; false: not within a generous limit.
  bool wait(std::size_t n);
  std::vector<RunId> all() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RunId> runs_;
};

// A worker in this process, from construction to stop() or destruction.
class Rig {
 public:
  explicit Rig(const TestDatabase& database, const WorkerOptions& options = quick_options(),
               const std::string& name = "worker", const std::string& log_file = "");
  Rig(const TestDatabase& database, Ends& ends, const WorkerOptions& options);
  ~Rig();

  // Waits until n runs have reached a final state since the beginning; false: not within a generous limit.
  bool wait_ended(std::size_t n) { return ends_.wait(n); }
  bool wait_asks(std::size_t n) { return asks_.wait(n); }
  std::vector<double> progress() const {
    return progress_.with([](const auto& heard) { return heard; });
  }
  std::vector<RunId> ended() const { return ends_.all(); }
  Engine& engine();  // which performs steps

  DbClock clock;
  FakeTools tools;
  Membership membership;
  WorkerBell bell;

 private:
  Rig(const TestDatabase& database, Ends* ends, const WorkerOptions& options, const std::string& name,
      const std::string& log_file);
  struct OwnSteps;  // an engine that performs them
  std::unique_ptr<OwnSteps> own_steps_;
  Ends own_, asks_;
  Ends& ends_;
  Guarded<std::vector<double>> progress_;

 public:
  Worker worker;
};

// Definitions as the database keeps them.
std::string definition_of(const Action& action, const std::string& when = "manual",
                          const std::function<void(TaskDefinition&)>& change = {});
Action tool_action(const std::string& tool, const json& arguments = json::object());
json step(const std::string& id, const std::string& uses, const json& with = json::object(),
          const std::string& save_as = "");
Action steps_action(const std::vector<json>& steps, const json& input = json::object());

}  // namespace carillon::test
