// A run that this process has claimed and not yet settled, and the register of them all.
//
// The executor's events about one run (started, marked, answered) take turns, so the plan below belongs to whoever
// handles one. What others look at or change meanwhile (the end of the lease, a cancel, the calls that are under way)
// is atomic or guarded. RunsInFlight is thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/base/guarded.h"
#include "server/domain/run_payload.h"
#include "server/domain/task.h"
#include "server/domain/tool_caller.h"
#include "server/store/db_clock.h"
#include "server/store/hot_path.h"

namespace carillon {

struct StepsUnderWay;

// What a version of a task says, read once and shared by its runs.
struct KnownTask {
  std::string name;
  std::optional<TaskDefinition> definition;  // none: it cannot be read, `problem` says why
  std::string problem;
  std::optional<Scopes> scopes{};  // of whoever wrote the version; its runs call with them. None: not known
};

struct RunPlan {
  Action action;
  std::vector<JournalEntry> journal{};  // what was done before this worker took over
  Cost spent{};                         // by the calls so far, those of earlier attempts too
  json can_answer = json::object();     // what the client that asked for the run can be asked
  json event = nullptr;                 // that started it
  std::optional<ParentRun> parent{};    // whose step has started it
};

struct CallUnderWay {
  std::string tool;
  json arguments;
  std::string path{};        // of its step; empty: the call is all that the run does
  std::int32_t attempt = 1;  // of the step, or of the run
  Instant begun_at{};        // when its step began; it may have waited for the server since
  std::optional<Duration> wanted_timeout{};
  std::optional<RetryPolicy> retry{};
  std::string expect{};                  // JMESPath of a good result; empty: any
  std::vector<std::string> sensitive{};  // JSON pointers of its step and its tool
  bool is_undo = false;                  // of a step that succeeded: the run's deadline does not bind it
  Effect effect = Effect::destructive;
  Cost cost{};
  std::optional<CallId> call{};
  Instant started_at{};
  Duration timeout{};
  BootTime overdue_at = BootTime::max();
  int questions = 0;                 // that are open: the call's time stands still
  std::vector<std::string> asked{};  // keys of all its questions
};

// By their numbers: what answers to a number that is not there comes too late.
using CallsUnderWay = std::map<std::uint64_t, CallUnderWay>;

enum class RunPhase {
  queued,  // waits in our own queue and may be handed back
  begun,
  ended,  // its end is on its way to the database, or it is lost: whatever still comes is ignored
};

struct RunInFlight {
  explicit RunInFlight(LeasedRun leased);
  ~RunInFlight();

  const LeasedRun run;
  std::shared_ptr<const KnownTask> task;
  std::string input;  // its payload, when that was too large for the queue's row
  Instant started_at{};
  RunPlan plan;
  std::unique_ptr<StepsUnderWay> steps;              // of a run of steps, once it has begun
  std::mutex turn;                                   // held by the event that is handled
  std::atomic<BootTime> lease_end{BootTime::min()};  // reckoned from before the statement that leased it
  std::atomic<bool> cancelled{false};
  std::atomic<bool> undoes{false};  // its row says that it ends only when what it did is undone
  std::atomic<bool> paused{false};  // it begins no step
  std::atomic<bool> told{false};    // a step that waited was told something since the run was taken up
  std::atomic<int> questions{0};    // asked so far
  std::atomic<RunPhase> phase{RunPhase::queued};
  Guarded<CallsUnderWay> calls;
  std::uint64_t calls_made = 0;
  Guarded<std::string> cancel_reason;
};
using RunPtr = std::shared_ptr<RunInFlight>;

class RunsInFlight {
 public:
  // Gives those that were here under the same ids and are not any more.
  std::vector<RunPtr> add(const std::vector<RunPtr>& some) {
    return runs_.with([&](auto& runs) {
      std::vector<RunPtr> displaced;
      for (const auto& run : some)
        if (RunPtr before = std::exchange(runs[run->run.lease.id], run)) displaced.push_back(std::move(before));
      return displaced;
    });
  }
  // False: it was gone already. Who has taken the same run up again by now stays: once its row says that it rests or is
  // queued, it may be here anew before we have heard that the row was written.
  bool remove(const RunPtr& run) {
    return runs_.with([&](auto& runs) {
      const auto found = runs.find(run->run.lease.id);
      if (found == runs.end() || found->second != run) return false;
      runs.erase(found);
      return true;
    });
  }
  // Removes those whose end was on its way to the database and gives those that were there. The others stay, as above.
  std::vector<RunPtr> take_ended(const std::vector<RunId>& ids) {
    return runs_.with([&](auto& runs) {
      std::vector<RunPtr> taken;
      taken.reserve(ids.size());
      for (const RunId id : ids) {
        const auto found = runs.find(id);
        if (found == runs.end() || found->second->phase != RunPhase::ended) continue;
        taken.push_back(std::move(found->second));
        runs.erase(found);
      }
      return taken;
    });
  }
  RunPtr find(RunId id) const {
    return runs_.with([&](const auto& runs) {
      const auto found = runs.find(id);
      return found == runs.end() ? nullptr : found->second;
    });
  }
  std::vector<RunPtr> all() const {
    return runs_.with([](const auto& runs) {
      std::vector<RunPtr> all;
      all.reserve(runs.size());
      for (const auto& [id, run] : runs) all.push_back(run);
      return all;
    });
  }
  std::size_t size() const {
    return runs_.with([](const auto& runs) { return runs.size(); });
  }

 private:
  Guarded<std::unordered_map<RunId, RunPtr>> runs_;
};

}  // namespace carillon
