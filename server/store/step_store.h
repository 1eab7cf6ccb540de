// StepStore: the journal of a run as commands see it: ends of steps that Carillon performs itself, written in the
// transaction that does what they say, steps that wait to be told something, and what a run takes over from an earlier
// one. Belongs to the transaction it was made with.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/hot_path.h"
#include "server/store/store.h"

namespace carillon {

// An attempt of a step, and by what lease its run is performed.
struct StepKey {
  RunLease lease;
  std::string owner;
  std::string path;
  int attempt = 1;
};

struct StepEnd {
  json output = nullptr;
  Instant started_at{};
  Instant finished_at{};
  std::optional<Instant> waits_until{};  // it has not ended; Instant::max(): for ever
  std::string error_class{}, message{};  // it has failed
};

// What a step waits for.
struct StepWait {
  Instant until{};                             // Instant::max(): for ever
  std::string waits_for;                       // for people
  std::optional<std::string> event_pattern{};  // none: something else than an event ends it
  std::string condition{};                     // JMESPath; empty: any
  json roots = json::object();
};

// A step of a live run that waits.
struct WaitingStep {
  RunId run{0};
  std::string path;
  int attempt = 1;
  std::string condition{};
  json roots = nullptr;
  std::string task{};  // of whose run, for people
  std::int64_t number = 0;
  int retry = 1;
};

// How a wait ended without the step's having been told anything.
struct WaitEnd {
  std::string state;  // failed, cancelled
  std::string error_class, message;
  Instant at{};
};

// What a step that waits is told: its output, or how it has failed.
struct StepTold {
  json output = nullptr;
  std::string error_class{}, message{};
  Instant at{};
};

// Where a time is moved: to an instant, or by a while.
struct Move {
  std::optional<Instant> to{};
  Duration by{};
};
struct MovedRetry {
  Instant was_at, at;
};

// Where the run stands whose step was told.
struct ToldPlace {
  std::int16_t shard = 0, priority = 0;
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

  // False: as of insert_end, or it waits already.
  bool insert_wait(const TenantId& tenant, const StepKey& step, Instant began_at, const StepWait& wait);
  std::vector<std::string> patterns(const TenantId& tenant);
  std::vector<WaitingStep> waiting(const TenantId& tenant, const std::vector<std::string>& patterns);
  // What the steps of these runs wait to be told, for people.
  std::map<std::int64_t, std::vector<std::string>> waits(const TenantId& tenant, const std::vector<RunId>& runs);
  // Ends its wait and wakes its run; nothing: it waits no more.
  std::optional<ToldPlace> tell(const TenantId& tenant, const WaitingStep& step, const StepTold& told);
  // The next attempts of its steps that wait for one; each.
  std::vector<MovedRetry> move_retries(const TenantId& tenant, RunId run, const Move& move);
  // False: the run is somebody else's, or the step was told.
  bool end_wait(const TenantId& tenant, const StepKey& step, const WaitEnd& end);

 private:
  Tx& tx_;
};

}  // namespace carillon
