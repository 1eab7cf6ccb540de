// The hot path: claim, start evidence, lease renewal, settling and takeover of runs, each one statement with arrays.
//
// A run is in exactly one of run_ready, run_live and run_history, because every move is one statement. A lease is a
// promise with an end: a worker that misses the end has lost the run even if it is still working. Every change of a
// live run is fenced by (owner, epoch, attempt); what is not given back by a call is stale, is reported and never
// retried. Leases use the database's clock_timestamp(), due-ness the caller's DbClock. Which state follows is the
// caller's (domain/run_state.h); the statements get it as a parameter.
//
// Cross-tenant: runs as carillon_dispatch and hands the tenant on with each run. One connection, so one thread at a
// time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/run_state.h"
#include "server/domain/tool_caller.h"
#include "server/store/hot_path_connection.h"

namespace carillon {

inline constexpr int kPriorities = 9;

struct OwnedShard {
  std::int16_t shard;
  std::int64_t epoch;
  friend bool operator==(const OwnedShard&, const OwnedShard&) = default;
};

// A place in a queue; what lies before it has been seen to be gone.
struct Floor {
  Instant at = Instant::min();
  std::int64_t id = 0;
  friend auto operator<=>(const Floor&, const Floor&) = default;
};

// What a claim looks into: one queue, from the floor on. Earlier pairs are served first.
struct ClaimPair {
  OwnedShard shard;
  std::int16_t priority;
  Floor floor;
  int n;
};

struct ClaimOrder {
  std::vector<ClaimPair> pairs;
  Instant now;
  int n_max;  // over all pairs
  Duration lease;
};

// What a waking looks for: waiting runs of shards of ours.
struct WakeOrder {
  std::vector<OwnedShard> shards;
  Instant now;
  int n_max;
  Duration lease;
};

// What a live run is fenced by.
struct RunLease {
  RunId id{0};
  std::int64_t epoch = 0;
  std::int32_t attempt = 1;
};

struct LeasedRun {
  RunLease lease;
  std::int16_t shard = 0, priority = 0;
  Instant run_at{};
  TenantId tenant{""};
  TaskId task{0};
  std::int32_t task_version = 0;
  std::int64_t number = 0;
  std::int32_t retry = 1, takeovers = 0;
  std::optional<Instant> slot{};
  std::string origin, agent, correlation_id;
  bool keyed = false;  // it holds a concurrency key: its end may unblock another
  std::optional<std::string> payload{};
  std::optional<std::string> cancel{};  // the reason, when somebody has asked for its end
  bool undoes = false;                  // it ends only when what it did is undone
  std::optional<Instant> started_at{};  // of one that had waited
};

struct Claimed {
  std::vector<LeasedRun> runs{};  // by pair, then time
  std::vector<RunId> missed{};    // expired before they could start
};

// A row of the step journal that goes with a mark or a settlement.
struct JournalEntry {
  std::string step_path;
  std::int32_t attempt = 1;  // of the step
  std::string state;         // running, waiting, succeeded, failed, unknown, cancelled, retrying, skipped
  std::string tool;
  Instant started_at{};
  std::optional<Instant> finished_at{}, not_before{};
  std::optional<std::string> error_class{}, error_message{}, output{};
  std::int64_t output_bytes = 0;
  std::optional<RunId>
      reused_from{};  // the run that did it: this one took it over, and its path is an outermost step's
};

// A row of the effect journal: a downstream call that may have had an effect.
struct EffectEntry {
  std::string step_path;
  std::int32_t attempt = 1;
  std::string tool;
  Effect effect = Effect::destructive;
  std::string input;  // the arguments; only their SHA-256 is kept
  std::string idempotency_key;
  std::string outcome;  // succeeded, or an error class
  Instant started_at{};
  Duration duration{0};
  std::int64_t output_bytes = 0;
  Cost cost{};
};

enum class CallState { idle, calling };

// What became of a step, and of the outside by it.
struct StepEntry {
  std::optional<JournalEntry> journal{};
  std::optional<EffectEntry> effect{};
};

// Something durable about a run that goes on: start evidence before a call that may not be repeated, steps that ended,
// or that all of them wait. A step's attempt stands in it once.
struct RunMark {
  RunLease lease;
  CallState call_state = CallState::idle;
  std::string call_step{};
  Instant at{};
  std::vector<StepEntry> steps{};
  std::optional<Instant> wake_at{};  // the run waits until then (Instant::max(): until it is told), and is ours no more
  bool undoes = false;               // from now on it ends only when what it did is undone
};

// The end of a run, or (state queued) of an attempt.
struct Settlement {
  RunLease lease;
  RunState state = RunState::failed;
  Instant run_at{};  // of the next attempt
  std::optional<Instant> started_at{};
  Instant finished_at{};
  std::optional<std::string> error_class{}, error_message{}, reason{};
  std::optional<std::string> output{};  // JSON
  std::int64_t output_bytes = 0;        // before it was cut
  bool output_cut = false;
  Cost cost{};                        // of all calls of the run, those of earlier attempts too
  bool undoes = false;                // we knew that it was to be undone; otherwise one that is stays
  std::optional<bool> compensated{};  // whether all of it was undone; none: nothing was to be
  std::optional<JournalEntry> journal{};
  std::optional<EffectEntry> effect{};
};

// A run that changed its place, as its owner hears of it.
struct MovedRun {
  RunId id{0};
  std::int16_t shard = 0, priority = 0;
  Instant run_at{};
  RunState state = RunState::queued;
};

struct RenewedLease {
  RunId id{0};
  std::optional<std::string> cancel{};  // the reason, when somebody asked for its end
  bool undoes = false;                  // once what it did is undone
  bool is_paused = false;               // it begins no step
};

struct ExpiryRule {
  int takeovers_max = 5;  // a run that has killed so many workers is quarantined
  int n_max = 500;
};

struct DueTime {
  std::int16_t shard, priority;
  Instant at;
};

struct VersionKey {
  TenantId tenant;
  TaskId task;
  std::int32_t version;
  friend auto operator<=>(const VersionKey&, const VersionKey&) = default;
};

struct LoadedVersion {
  VersionKey key;
  std::string task_name;
  std::string definition;          // JSON
  std::optional<Scopes> scopes{};  // of whoever wrote it; none: not known
};

// Scopes as statements give them: words, or null when they are not known.
std::optional<Scopes> scopes_of_words(const std::optional<std::string>& words);

struct LoadedInput {
  RunId run{0};
  std::string input;
};

struct LoadedStep {
  RunId run{0};
  JournalEntry entry;
};

struct LoadedCost {
  RunId run{0};
  Cost cost;
};

class HotPath {
 public:
  HotPath(HotPathOptions options, std::string owner) : connection_(std::move(options)), owner_(std::move(owner)) {}

  // Moves due runs from run_ready to run_live, those whose own expiry has passed to run_history as missed. Paused
  // tenants and busy concurrency keys are left out. Never more than order.n_max, whatever plan the database takes.
  Claimed claim(const ClaimOrder& order);
  // Waiting runs whose time has come run again, with one attempt more.
  std::vector<LeasedRun> wake(const WakeOrder& order);
  // Both give the runs that were still ours.
  std::vector<RunId> mark(const std::vector<RunMark>& marks);
  std::vector<MovedRun> settle(const std::vector<Settlement>& settlements);
  // Claimed and not started: back to run_ready, the attempt is not counted.
  std::vector<MovedRun> hand_back(const std::vector<RunLease>& leases);
  // Gives those that are still ours; whatever is missing has been lost.
  std::vector<RenewedLease> renew(const std::vector<RunLease>& leases, Duration lease);
  // Takes over runs in our shards whose lease has ended: cut off inside a call that may not be repeated → unknown,
  // cancel asked → cancelled, too many workers dead → failed (quarantine), else queued again; one that is to be undone
  // is neither cancelled nor, when an undo was cut off, unknown.
  std::vector<MovedRun> expire(const std::vector<OwnedShard>& shards, const ExpiryRule& rule);

  // Times at which runs become due until `until`, the earliest few of each pair, from each pair's floor on.
  std::vector<DueTime> due_times(const std::vector<ClaimPair>& pairs, Instant until);
  // When waiting runs go on until `until`, the earliest few.
  std::vector<DueTime> wake_times(const std::vector<OwnedShard>& shards, Instant until);
  // How many runs wait in the shards, due or not.
  std::int64_t count_ready(const std::vector<OwnedShard>& shards);
  std::vector<LoadedVersion> load_versions(const std::vector<VersionKey>& keys);
  std::vector<LoadedInput> load_inputs(const std::vector<RunId>& runs);
  std::vector<LoadedStep> load_journal(const std::vector<RunId>& runs);
  // What their calls have cost so far; runs that cost nothing are left out.
  std::vector<LoadedCost> load_spent(const std::vector<RunId>& runs);

  HotPathConnection& connection() { return connection_; }
  const std::string& owner() const { return owner_; }

 private:
  HotPathConnection connection_;
  std::string owner_;
};

}  // namespace carillon
