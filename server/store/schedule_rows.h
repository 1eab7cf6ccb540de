// Schedule rows for the scheduler: which are due, and firing them, in blocks, one statement each.
//
// Firing compares and swaps the row (last slot, next time, version, task state) and in the same statement reserves
// the slot (run_slot), queues the run, writes the rows of slots that did not run, ends the task whose schedule has
// ended, asks earlier runs to stop, takes away the cues that it answers, and tells it all in the outbox. A row that was
// changed meanwhile fires nothing: the scheduler looks again. What is to happen is decided outside (worker/firing.h).
//
// Cross-tenant: runs as carillon_dispatch. Belongs to its connection's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/run_state.h"
#include "server/domain/schedule/overlap.h"
#include "server/store/hot_path.h"

namespace carillon {

struct DueSchedule {
  TenantId tenant{""};
  TaskId task{0};
  std::string task_name;
  OwnedShard shard{};
  std::int32_t version = 0;
  Instant last_slot{};
  std::optional<Instant> next_fire_at{};  // none: no slot is known ahead
  std::int64_t fired_count = 0;
  std::string task_state;  // active, paused, done
  std::optional<Instant> paused_until{};
  std::string pause_reason;
  std::string agent;
  std::string definition;          // JSON
  std::optional<Scopes> scopes{};  // of whoever wrote it
  std::int32_t revision = 0;       // of what was said about single slots
  bool overridden = false;         // something was said about a slot that is due: ask overrides()
};

struct SlotChange {
  TaskId task{0};
  TenantId tenant{""};
  Instant slot{};
  std::optional<Instant> moved_to{};  // none: skipped
  std::string reason;
};

struct TaskBusy {
  TenantId tenant{""};
  TaskId task{0};
  Busy busy{};
};

// Something that has happened and that a task's schedule has to answer (docs/adr/0022-cues.md).
struct Cue {
  std::int64_t id = 0;
  TenantId tenant{""};
  TaskId task{0};
  std::string source;   // chain, run_end, task_slot, condition, event
  std::string anchor;   // the name of the task whose run ended, or whose slots are others now; an event's type
  std::string outcome;  // how it ended
  std::string cause;    // run:123, event:456
  std::string told;     // the same for people: etl#12, deploy.finished d-81
  Instant due_at{};
  int depth = 1;  // how many runs have caused one another, the one to come included
  std::string correlation_id;
};

// A slot that becomes a run (queued) or a row that says why it did not (missed, skipped).
struct FiredSlot {
  RunId id{0};
  RunState state = RunState::queued;
  Instant slot{};
  std::optional<Instant> slot_until{};  // of a folded range
  std::int32_t folded = 0;              // slots beyond the first
  std::string reason{};
  Instant run_at{};
  std::optional<Instant> expires_at{};
  std::string correlation_id{};
  // Of a slot that answers a cue; it counts only when the cue was still there.
  std::optional<std::int64_t> cue{};
  std::string cause{};
  int depth = 0;
};

enum class Earlier { leave, cancel };

struct Firing {
  DueSchedule due;  // as it was read: what is compared
  Instant last_slot{};
  std::optional<Instant> next_fire_at{};
  bool ended = false;  // nothing will ever start the task again: it is done
  std::int32_t fired = 0;
  std::int16_t priority = 5;
  std::optional<std::string> concurrency_key{};
  std::int16_t key_width = 1;  // so many runs with this key may be live at once
  std::optional<std::string> dedupe_key{};
  Duration dedupe_window{0};
  Earlier earlier_runs = Earlier::leave;
  std::vector<FiredSlot> slots{};
  std::vector<std::int64_t> cues{};  // that are answered by this, with a slot or without
};

struct FiredBlock {
  std::vector<MovedRun> runs{};           // what was queued, missed or skipped
  std::vector<RunId> cancel_requested{};  // live runs that were asked to stop
};

// So many begin at once, the others one after the other; the last of very many after the longest wait.
struct StartPace {
  int at_once;
  Duration between, longest;
};

class ScheduleRows {
 public:
  ScheduleRows(HotPathConnection& connection, std::string owner) : connection_(connection), owner_(std::move(owner)) {}

  // Earliest first, at most n_max, of the shards that are really ours.
  std::vector<DueSchedule> due(const std::vector<OwnedShard>& shards, Instant now, int n_max);
  // Those that have cues which are due, the earliest cues first, at most n_max.
  std::vector<DueSchedule> cued(const std::vector<OwnedShard>& shards, Instant now, int n_max);
  // The cues of those schedules that are due, the oldest first, at most n_max of each.
  std::vector<Cue> cues(const std::vector<DueSchedule>& cued, Instant now, int n_max);
  // Of a living task that others stand ahead of.
  struct Named {
    TenantId tenant;
    std::string name;
  };
  std::vector<DueSchedule> anchors(const std::vector<Named>& named);
  // Whether any task waits for something else than the clock: only then do cues come.
  bool any_awaits();
  // The next times at which schedules of the shards become due, until `until`.
  std::vector<Instant> due_times(const std::vector<OwnedShard>& shards, Instant until);
  std::vector<SlotChange> overrides(const std::vector<DueSchedule>& due, Instant until);
  // What the tasks' earlier runs are doing; tasks without any are not in the answer.
  std::vector<TaskBusy> busy(const std::vector<DueSchedule>& due);
  FiredBlock fire(const std::vector<Firing>& firings, Instant now);
  // Queued runs that were put off, so that their reason ends with one text, begin from now on at a pace and their
  // reason ends with the other.
  struct EndOfWait {
    std::string_view until_now, from_now_on;
    StartPace pace;
  };
  struct Start {
    std::int16_t shard, priority;
    Instant run_at;
  };
  std::vector<Start> end_wait(const std::vector<OwnedShard>& shards, const EndOfWait& wait, Instant now);

 private:
  HotPathConnection& connection_;
  std::string owner_;
};

}  // namespace carillon
