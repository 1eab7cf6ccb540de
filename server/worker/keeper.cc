#include "server/worker/keeper.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/domain/shard.h"

namespace carillon {
namespace {

json numbers_of(const std::vector<OwnedShard>& shards) {
  json numbers = json::array();
  for (const auto& shard : shards) numbers.push_back(shard.shard);
  return numbers;
}

}  // namespace

bool ShardKeeper::run_once() {
  const auto before = ownership_.shards();
  auto mine = before.empty() ? before : leases_.renew(before, options_.shard_expiry);
  if (mine.size() < before.size()) {
    metrics::count("carillon_shards_lost_total", {}, static_cast<double>(before.size() - mine.size()));
    log::warn("shards were taken over by another worker", json{{"had", before.size()}, {"have", mine.size()}});
  }
  const int workers = std::max(1, leases_.count_workers());
  const auto share = static_cast<std::size_t>((kShards + workers - 1) / workers);
  if (mine.size() > share) {
    const std::vector<OwnedShard> spare{mine.begin() + static_cast<std::ptrdiff_t>(share), mine.end()};
    mine.resize(share);
    // Nothing more is claimed from them before they are given away; runs in flight keep their own leases.
    ownership_.set(mine);
    leases_.release(spare);
    log::info("shards given to other workers", json{{"shards", numbers_of(spare)}});
  }
  bool came = false;
  if (mine.size() < share) {
    const auto taken = leases_.take(static_cast<int>(share - mine.size()), options_.shard_expiry);
    came = !taken.empty();
    if (came) {
      metrics::count("carillon_shards_taken_total", {}, static_cast<double>(taken.size()));
      log::info("shards taken", json{{"shards", numbers_of(taken)}});
    }
    mine.insert(mine.end(), taken.begin(), taken.end());
  }
  std::sort(mine.begin(), mine.end(), [](const auto& left, const auto& right) { return left.shard < right.shard; });
  ownership_.set(mine);
  metrics::gauge("carillon_shards_owned", {}, static_cast<double>(mine.size()));
  return came || mine != before;
}

void ShardKeeper::release_all() {
  const auto mine = ownership_.shards();
  ownership_.set({});
  if (!mine.empty()) leases_.release(mine);
}

void LeaseKeeper::renew_once(Leases which) {
  auto runs = parts_.runs.all();
  if (which == Leases::older) std::erase_if(runs, [&](const RunPtr& run) { return is_young(*run); });
  if (runs.empty()) return;
  std::vector<RunLease> leases;
  for (const auto& run : runs) leases.push_back(run->run.lease);
  const BootTime end = BootClock::now() + options_.run_lease - kLeaseMargin;
  const auto renewed = parts_.path.renew(leases, options_.run_lease);
  std::unordered_set<RunId> ours;
  for (const auto& each : renewed) {
    ours.insert(each.id);
    if (const RunPtr run = parts_.runs.find(each.id)) run->lease_end = end;
    parts_.executor.pause(each.id, each.is_paused ? Pause::yes : Pause::no);
    if (each.cancel)
      parts_.executor.cancel(each.id, *each.cancel,
                             each.undoes ? pipeline::Cancel::compensate : pipeline::Cancel::stop);
  }
  for (const auto& run : runs) {
    // Runs that have just been settled are not in run_live any more; only what still works has been lost.
    if (ours.contains(run->run.lease.id) || run->phase == RunPhase::ended) continue;
    metrics::count("carillon_leases_lost_total", {{"noticed", "renewal"}});
    log::warn("a run was taken away from this worker", json{{"run", run->run.lease.id.number()}});
    parts_.executor.drop(run);
  }
}

bool LeaseKeeper::is_young(const RunInFlight& run) const {
  const Duration left = run.lease_end.load() - BootClock::now();
  return left > options_.run_lease - kLeaseMargin - options_.renew_every / 2 && left > 2 * options_.renew_every;
}

std::size_t LeaseKeeper::expire_once() {
  const auto shards = parts_.ownership.shards();
  if (shards.empty()) return 0;
  const auto taken = parts_.path.expire(shards, {options_.takeovers_max, 500});
  for (const auto& run : taken) {
    metrics::count("carillon_run_takeovers_total", {{"became", name_of(run.state)}});
    log::warn("a run's lease had ended", json{{"run", run.id.number()}, {"became", name_of(run.state)}});
    if (run.state == RunState::queued)
      parts_.board.due_at(run.shard, run.priority, run.run_at);
    else
      parts_.run_ended(run.id);
    parts_.board.unblocked(run.shard, parts_.clock.now());
  }
  return taken.size();
}

}  // namespace carillon
