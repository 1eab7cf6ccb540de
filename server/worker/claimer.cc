#include "server/worker/claimer.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "server/base/failpoint.h"
#include "server/base/metrics.h"

namespace carillon {
namespace {

// A queue's floor stays so far behind the present, for rows that others put in with a clock or a commit that is slow.
constexpr Duration kFloorMargin = std::chrono::seconds{10};

}  // namespace

DueBoard::Room Claimer::room() const {
  const auto most = static_cast<std::size_t>(options_.batches.runs_in_flight);
  return parts_.runs.size() < most ? DueBoard::Room::some : DueBoard::Room::none;
}

void Claimer::wakes_at(std::int16_t shard, std::int16_t priority, Instant at) {
  at = std::max(at, Instant{});  // what resumes at once may be due since for ever, which no clock can wait until
  next_wake_.with([&](Instant& next) { next = std::min(next, at); });
  parts_.board.due_at(shard, priority, at);
}

// Those that wait longer are found again by looking ahead.
std::size_t Claimer::wake_due() {
  const Instant now = parts_.clock.now();
  const bool is_due = next_wake_.with([&](Instant& next) {
    if (next > now) return false;
    next = Instant::max();
    return true;
  });
  const int free = options_.batches.runs_in_flight - static_cast<int>(parts_.runs.size());
  if (!is_due || free <= 0) return 0;
  WakeOrder order{.shards = parts_.ownership.shards(),
                  .now = now,
                  .n_max = std::min(free, options_.batches.claim_max),
                  .lease = options_.leases.run_lease};
  const BootTime lease_end = BootClock::now() + order.lease - kLeaseMargin;
  auto woken = parts_.path.wake(order);
  metrics::count("carillon_runs_woken_total", {}, static_cast<double>(woken.size()));
  if (static_cast<int>(woken.size()) >= order.n_max) next_wake_.with([&](Instant& next) { next = now; });
  return start(std::move(woken), lease_end);
}

std::size_t Claimer::run_once() { return wake_due() + claim_due(); }

std::size_t Claimer::claim_due() {
  const int free = options_.batches.runs_in_flight - static_cast<int>(parts_.runs.size());
  if (free <= 0) return 0;
  ClaimOrder order;
  order.now = parts_.clock.now();
  order.n_max = std::min(free, options_.batches.claim_max);
  order.lease = options_.leases.run_lease;
  const auto shards = parts_.ownership.shards();
  for (const auto& queue : parts_.board.take_due(order.now)) {
    const auto owned =
        std::find_if(shards.begin(), shards.end(), [&](const OwnedShard& shard) { return shard.shard == queue.shard; });
    if (owned != shards.end()) order.pairs.push_back({*owned, queue.priority, queue.floor, 0});
  }
  if (order.pairs.empty()) return 0;
  // Queues of one priority share what there is room for; the statement serves them in the order in which they stand
  // here.
  std::map<std::int16_t, int> of_priority;
  for (const auto& pair : order.pairs) ++of_priority[pair.priority];
  for (auto& pair : order.pairs)
    pair.n = std::min(order.n_max, std::max(options_.batches.claim_min, order.n_max / of_priority[pair.priority]));

  const BootTime lease_end = BootClock::now() + order.lease - kLeaseMargin;
  Claimed claimed = parts_.path.claim(order);
  failpoint("after_claim");
  note_claimed(order, claimed);
  for (const RunId id : claimed.missed) parts_.missed(id);
  return start(std::move(claimed.runs), lease_end);
}

std::size_t Claimer::start(std::vector<LeasedRun> leased, BootTime lease_end) {
  const auto tasks = parts_.known.of(parts_.path, leased);
  std::vector<RunPtr> runs;
  runs.reserve(leased.size());
  for (std::size_t i = 0; i < leased.size(); ++i) {
    auto run = std::make_shared<RunInFlight>(std::move(leased[i]));
    run->task = tasks[i];
    run->lease_end = lease_end;
    run->undoes = run->run.undoes;
    if (run->run.cancel) {
      run->cancelled = true;
      run->cancel_reason.with([&](std::string& reason) { reason = *run->run.cancel; });
    }
    runs.push_back(std::move(run));
  }
  claim_inputs_and_journals(runs);
  for (const auto& lost : parts_.runs.add(runs)) parts_.abandon(lost);
  parts_.start(runs);
  return runs.size();
}

void Claimer::claim_inputs_and_journals(const std::vector<RunPtr>& runs) {
  std::vector<RunId> with_input, with_journal;
  std::unordered_map<RunId, RunPtr> by_id;
  for (const auto& run : runs) {
    const RunId id = run->run.lease.id;
    by_id.emplace(id, run);
    if (run->run.payload && run->run.payload->empty()) with_input.push_back(id);
    // A first attempt has done nothing yet, unless it takes over what an earlier run did.
    if (run->run.lease.attempt > 1 || run->run.retry > 1) with_journal.push_back(id);
  }
  if (!with_input.empty())
    for (auto& input : parts_.path.load_inputs(with_input)) by_id.at(input.run)->input = std::move(input.input);
  if (with_journal.empty()) return;
  for (auto& step : parts_.path.load_journal(with_journal))
    by_id.at(step.run)->plan.journal.push_back(std::move(step.entry));
  for (const auto& spent : parts_.path.load_spent(with_journal)) by_id.at(spent.run)->plan.spent = spent.cost;
}

// A queue that gave all it was asked for, and one that was not reached at all, are due at once again.
void Claimer::note_claimed(const ClaimOrder& order, const Claimed& claimed) {
  metrics::observe("carillon_claim_rows", {}, static_cast<double>(claimed.runs.size()));
  metrics::count("carillon_runs_claimed_total", {}, static_cast<double>(claimed.runs.size()));
  struct Seen {
    int rows = 0;
    Floor last;
  };
  std::map<std::pair<std::int16_t, std::int16_t>, Seen> seen;
  std::vector<double> lateness;
  lateness.reserve(claimed.runs.size());
  for (const auto& run : claimed.runs) {
    auto& queue = seen[{run.shard, run.priority}];
    ++queue.rows;
    queue.last = std::max(queue.last, Floor{run.run_at, run.lease.id.number() + 1});
    lateness.push_back(std::chrono::duration<double>(order.now - run.run_at).count());
  }
  metrics::observe("carillon_run_lateness_seconds", {}, lateness);
  const bool batch_full = static_cast<int>(claimed.runs.size() + claimed.missed.size()) >= order.n_max;
  for (const auto& pair : order.pairs) {
    const auto found = seen.find({pair.shard.shard, pair.priority});
    const int rows = found == seen.end() ? 0 : found->second.rows;
    if (batch_full || rows >= pair.n || !claimed.missed.empty())
      parts_.board.due_at(pair.shard.shard, pair.priority, order.now);
    if (rows >= pair.n) parts_.board.raise_floor(pair.shard.shard, pair.priority, found->second.last);
  }
}

void Claimer::look_ahead() {
  const auto machine_now = std::chrono::steady_clock::now();
  const double share = std::uniform_real_distribution<>{0.8, 1.2}(random_);
  next_look_ = machine_now + std::chrono::duration_cast<Duration>(options_.poll_every * share);
  const auto shards = parts_.ownership.shards();
  if (shards.empty()) return;
  auto floors = DueBoard::Floors::keep;
  if (machine_now >= next_full_scan_) {
    next_full_scan_ = machine_now + options_.full_scan_every;
    floors = DueBoard::Floors::ignore;
    metrics::gauge("carillon_runs_queued", {}, static_cast<double>(parts_.path.count_ready(shards)));
  }
  const Instant now = parts_.clock.now();
  std::vector<ClaimPair> pairs;
  for (const auto& queue : parts_.board.all(shards, floors))
    pairs.push_back({OwnedShard{queue.shard, 0}, queue.priority, queue.floor, 0});
  std::map<std::pair<std::int16_t, std::int16_t>, Instant> first;
  Instant oldest = now;
  for (const auto& time : parts_.path.due_times(pairs, now + options_.look_ahead)) {
    const auto added = first.emplace(std::pair{time.shard, time.priority}, time.at);
    if (!added.second) added.first->second = std::min(added.first->second, time.at);
    oldest = std::min(oldest, time.at);
    parts_.board.due_at(time.shard, time.priority, time.at);
  }
  for (const auto& time : parts_.path.wake_times(shards, now + options_.look_ahead))
    wakes_at(time.shard, time.priority, time.at);
  for (const auto& pair : pairs) {
    const auto found = first.find({pair.shard.shard, pair.priority});
    const Instant floor = found == first.end() ? now - kFloorMargin : std::min(found->second, now - kFloorMargin);
    parts_.board.raise_floor(pair.shard.shard, pair.priority, {floor, 0});
  }
  metrics::gauge("carillon_oldest_due_seconds", {}, std::chrono::duration<double>(now - oldest).count());
  metrics::gauge("carillon_runs_in_flight", {}, static_cast<double>(parts_.runs.size()));
}

}  // namespace carillon
