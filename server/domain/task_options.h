// Task options: how a task's runs behave when nobody is looking. Each option has an effect in the scheduler, the worker
// or the sweeper; a name that is not here is refused, never ignored.
//
// Stored as given (JSON object, durations as text). Absent means the default of the schedule's kind or of the tool.
// Values; thread-safe as such.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/retry.h"
#include "server/domain/schedule/misfire.h"
#include "server/domain/schedule/overlap.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

// How long what a task did is kept, where it differs from the configuration.
struct Keep {
  std::optional<Duration> records{};  // rows of run_history
  std::optional<Duration> outputs{};  // outputs that are too large for the row
};

// Hours in which no slot's run starts, and what becomes of those that fall into them.
enum class QuietPolicy { defer, skip };
std::string_view name_of(QuietPolicy policy);
struct Quiet {
  std::string during{};  // schedule/quiet_hours.h, in the task's zone; checked when the task is saved
  QuietPolicy policy = QuietPolicy::defer;
};

// Named calendars: on whose days nothing is due, or on whose days alone something is.
struct CalendarUse {
  std::vector<std::string> exclude{}, only{};
};

struct TaskOptions {
  std::optional<Duration> timeout{};           // of one attempt of a call; default: the tool's, else 30 s
  std::optional<RetryPolicy> retries{};        // default: default_retry(effect)
  std::optional<Overlap> overlap{};            // default skip
  std::optional<std::int64_t> max_parallel{};  // runs of the task that may be live at once, whoever asked for them
  std::optional<Misfire> misfire{};            // default_misfire(schedule)
  std::optional<Duration> grace{};
  std::optional<std::int64_t> max_catch_up{};
  std::optional<Duration> jitter{};    // a slot's run starts up to so much later (jittered() in task.h)
  std::optional<std::string> start{};  // bounds as typed; resolved in Schedule::start and ::until
  std::optional<std::string> until{};
  std::optional<std::int64_t> max_runs{};  // slots fired in all; then the task is done
  std::optional<Duration> expires{};       // not started so long after its slot: missed
  std::optional<DstGap> dst_gap{};
  std::optional<DstOverlap> dst_overlap{};
  std::optional<Quiet> quiet_hours{};
  std::optional<CalendarUse> calendars{};  // resolved in Schedule::calendars
  std::optional<Keep> keep{};
};

json to_json(const TaskOptions& options);
// Every member is checked. Errors: arguments_invalid with a pointer below `pointer` and the nearest names.
Result<TaskOptions> read_options(const json& value, std::string_view pointer);

// The names that schedule_task accepts in `options`, in the order of the documentation.
extern const std::array<std::string_view, 17> kOptionNames;

}  // namespace carillon
