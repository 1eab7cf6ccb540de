// StepStore: the journal of a run as commands see it: ends of steps that Carillon performs itself, written in the
// transaction that does what they say, and what a run takes over from an earlier one. Belongs to the transaction it was
// made with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/hot_path.h"
#include "server/store/step_key.h"
#include "server/store/store.h"

namespace carillon {

struct StepEnd {
  json output = nullptr;
  Instant started_at{};
  Instant finished_at{};
  std::optional<Instant> waits_until{};  // it has not ended; Instant::max(): for ever
  std::string error_class{}, message{};  // it has failed
};

// Where a time is moved: to an instant, or by a while.
struct Move {
  std::optional<Instant> to{};
  Duration by{};
};
struct MovedRetry {
  Instant was_at, at;
};

// A step whose calls may have changed something outside; of a run that is one call the path is empty.
struct StepEffect {
  std::string step;  // "charge", and "label[].post" for the items of a map
  std::string tool;
};

class StepStore {
 public:
  explicit StepStore(Tx& tx) : tx_(tx) {}

  // Nothing where it neither has ended nor waits; without when it began.
  std::optional<StepEnd> find_end(const TenantId& tenant, const StepKey& step);
  // False: the run is somebody else's by now, or the end is there already; then nothing was written.
  bool insert_end(const TenantId& tenant, const StepKey& step, const StepEnd& end);

  // All of it, in the order in which the steps began.
  std::vector<JournalEntry> journal(const TenantId& tenant, RunId run);
  // Rows with a `reused_from`, of a run that has just been made.
  void insert_reused(const TenantId& tenant, RunId run, const std::vector<JournalEntry>& rows);
  // Each once, in the order of the paths.
  std::vector<StepEffect> effects(const TenantId& tenant, const std::vector<RunId>& runs);

  // The next attempts of its steps that wait for one; each.
  std::vector<MovedRetry> move_retries(const TenantId& tenant, RunId run, const Move& move);

 private:
  Tx& tx_;
};

}  // namespace carillon
