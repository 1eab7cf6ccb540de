#include "server/store/hot_path.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>
#include <tuple>

#include "server/base/check.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr std::int32_t kInlineOutputMax = 2048;  // larger outputs have a row of their own (run_output)

template <class Items, class Pick>
auto each(const Items& items, Pick&& pick) {
  std::vector<std::decay_t<decltype(pick(*items.begin()))>> values;
  values.reserve(items.size());
  for (const auto& item : items) values.push_back(pick(item));
  return values;
}

void add_leases(HotParams& params, const std::vector<RunLease>& leases) {
  params.int64s(each(leases, [](const RunLease& lease) { return lease.id.number(); }))
      .int64s(each(leases, [](const RunLease& lease) { return lease.epoch; }))
      .int32s(each(leases, [](const RunLease& lease) { return lease.attempt; }));
}

void add_shards(HotParams& params, const std::vector<OwnedShard>& shards) {
  params.int16s(each(shards, [](const OwnedShard& shard) { return shard.shard; }))
      .int64s(each(shards, [](const OwnedShard& shard) { return shard.epoch; }));
}

// A member of the step (or effect) that goes with some of the items, null for the others.
template <class Items, class Part, class Pick>
auto maybe_each(const Items& items, Part&& part, Pick&& pick) {
  using Value = std::decay_t<decltype(pick(*part(*items.begin())))>;
  return each(items, [&](const auto& item) -> std::optional<Value> {
    const auto& entry = part(item);
    return entry ? std::optional<Value>{pick(*entry)} : std::nullopt;
  });
}

template <class Items>
void add_journal(HotParams& params, const Items& items) {
  const auto of = [](const auto& item) -> const std::optional<JournalEntry>& { return item.journal; };
  const auto text = [&](auto member) {
    params.texts(each(items, [&](const auto& item) -> std::optional<std::string> {
      return of(item) ? std::optional<std::string>{(*of(item)).*member} : std::nullopt;
    }));
  };
  const auto optional = [&](auto member) {
    return each(items, [&](const auto& item) {
      return of(item) ? (*of(item)).*member : std::decay_t<decltype((*of(item)).*member)>{};
    });
  };
  text(&JournalEntry::step_path);
  params.int32s(maybe_each(items, of, [](const JournalEntry& entry) { return entry.attempt; }));
  text(&JournalEntry::state);
  text(&JournalEntry::tool);
  params.instants(maybe_each(items, of, [](const JournalEntry& entry) { return entry.started_at; }))
      .instants(optional(&JournalEntry::finished_at))
      .instants(optional(&JournalEntry::not_before))
      .texts(optional(&JournalEntry::error_class))
      .texts(optional(&JournalEntry::error_message))
      .byteas(optional(&JournalEntry::output))
      .int64s(maybe_each(items, of, [](const JournalEntry& entry) { return entry.output_bytes; }));
}

// As the statements take it: millionths, and null for nothing.
std::optional<std::int64_t> priced(Cost cost) {
  return cost.is_free() ? std::nullopt : std::optional{cost.micro_dollars};
}

template <class Items>
void add_effects(HotParams& params, const Items& items) {
  const auto of = [](const auto& item) -> const std::optional<EffectEntry>& { return item.effect; };
  params.texts(maybe_each(items, of, [](const EffectEntry& entry) { return entry.step_path; }))
      .int32s(maybe_each(items, of, [](const EffectEntry& entry) { return entry.attempt; }))
      .texts(maybe_each(items, of, [](const EffectEntry& entry) { return entry.tool; }))
      .texts(maybe_each(items, of, [](const EffectEntry& entry) { return std::string{name_of(entry.effect)}; }))
      .byteas(maybe_each(items, of, [](const EffectEntry& entry) { return entry.input; }))
      .texts(maybe_each(items, of, [](const EffectEntry& entry) { return entry.idempotency_key; }))
      .texts(maybe_each(items, of, [](const EffectEntry& entry) { return entry.outcome; }))
      .instants(maybe_each(items, of, [](const EffectEntry& entry) { return entry.started_at; }))
      .intervals(maybe_each(items, of, [](const EffectEntry& entry) { return entry.duration; }))
      .int64s(maybe_each(items, of, [](const EffectEntry& entry) { return entry.output_bytes; }))
      .int64s(each(items, [&](const auto& item) { return item.effect ? priced(item.effect->cost) : std::nullopt; }));
}

// The journal and effect rows that go with some marks or settlements, as columns of the same list: joining two lists of
// which the planner knows nothing would compare each with each.
template <class Items>
void add_rows(HotParams& params, const Items& items) {
  add_journal(params, items);
  add_effects(params, items);
}

// Rows are touched in the order of their keys everywhere, so that two batches cannot wait for each other.
template <class Item>
std::vector<Item> sorted_by_run(std::vector<Item> items) {
  std::sort(items.begin(), items.end(),
            [](const Item& left, const Item& right) { return left.lease.id < right.lease.id; });
  return items;
}

std::vector<RunLease> sorted(std::vector<RunLease> leases) {
  std::sort(leases.begin(), leases.end(),
            [](const RunLease& left, const RunLease& right) { return left.id < right.id; });
  return leases;
}

std::vector<MovedRun> moved_runs(const HotRows& rows) {
  std::vector<MovedRun> runs;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    MovedRun run;
    run.id = RunId{row.int64()};
    run.shard = row.int16();
    run.priority = row.int16();
    run.run_at = row.instant();
    const auto state = run_state_named(row.text());
    CARILLON_CHECK(state.has_value());
    run.state = *state;
    runs.push_back(run);
  }
  return runs;
}

std::string_view after(RunEvent event) {
  const auto state = next_state(RunState::running, event);
  CARILLON_CHECK(state.has_value());
  return name_of(*state);
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream words{text};
  return {std::istream_iterator<std::string>{words}, {}};
}

LeasedRun leased_run(HotRows::Row& row) {
  LeasedRun run;
  run.lease.id = RunId{row.int64()};
  run.lease.epoch = row.int64();
  run.lease.attempt = row.int32();
  run.shard = row.int16();
  run.priority = row.int16();
  run.run_at = row.instant();
  run.tenant = TenantId{row.text()};
  run.task = TaskId{row.int64()};
  run.task_version = row.int32();
  run.number = row.int64();
  run.retry = row.int32();
  run.takeovers = row.int32();
  run.slot = row.opt_instant();
  run.origin = row.text();
  run.agent = row.text();
  run.correlation_id = row.text();
  run.keyed = row.boolean();
  run.payload = row.opt_text();
  return run;
}

// In the order of the pairs, then of time: the statement gives them as they lay on the disk.
void sort_as_ordered(std::vector<LeasedRun>& runs, const ClaimOrder& order) {
  std::map<std::pair<std::int16_t, std::int16_t>, std::size_t> place;
  for (std::size_t i = 0; i < order.pairs.size(); ++i)
    place.emplace(std::pair{order.pairs[i].shard.shard, order.pairs[i].priority}, i);
  const auto key = [&](const LeasedRun& run) {
    return std::tuple{place[{run.shard, run.priority}], run.run_at, run.lease.id};
  };
  std::sort(runs.begin(), runs.end(),
            [&](const LeasedRun& left, const LeasedRun& right) { return key(left) < key(right); });
}

}  // namespace

Claimed HotPath::claim(const ClaimOrder& order) {
  HotParams params;
  params.text(owner_)
      .int16s(each(order.pairs, [](const ClaimPair& pair) { return pair.shard.shard; }))
      .int64s(each(order.pairs, [](const ClaimPair& pair) { return pair.shard.epoch; }))
      .int16s(each(order.pairs, [](const ClaimPair& pair) { return pair.priority; }))
      .instants(each(order.pairs, [](const ClaimPair& pair) { return pair.floor.at; }))
      .int32s(each(order.pairs, [](const ClaimPair& pair) { return pair.n; }))
      .instant(order.now)
      .int32(order.n_max)
      .interval(order.lease)
      .text(name_of(*next_state(RunState::queued, RunEvent::lease)))
      .text(name_of(*next_state(RunState::queued, RunEvent::too_late)))
      .int64s(each(order.pairs, [](const ClaimPair& pair) { return pair.floor.id; }));
  const HotRows rows = connection_.run(sql::claim_runs, params);
  Claimed claimed;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    LeasedRun run = leased_run(row);
    if (row.boolean())
      claimed.missed.push_back(run.lease.id);
    else
      claimed.runs.push_back(std::move(run));
  }
  CARILLON_CHECK(rows.size() <= order.n_max);
  sort_as_ordered(claimed.runs, order);
  return claimed;
}

std::vector<RunId> HotPath::mark(const std::vector<RunMark>& unsorted) {
  const auto marks = sorted_by_run(unsorted);
  HotParams params;
  params.text(owner_);
  add_leases(params, each(marks, [](const RunMark& mark) { return mark.lease; }));
  params
      .texts(each(
          marks,
          [](const RunMark& mark) { return std::string{mark.call_state == CallState::calling ? "calling" : "idle"}; }))
      .texts(each(marks, [](const RunMark& mark) { return mark.call_step; }))
      .instants(each(marks, [](const RunMark& mark) { return mark.at; }));
  add_rows(params, marks);
  const HotRows rows = connection_.run(sql::mark_runs, params);
  std::vector<RunId> ours;
  for (int i = 0; i < rows.size(); ++i) ours.emplace_back(rows[i].int64());
  return ours;
}

std::vector<MovedRun> HotPath::settle(const std::vector<Settlement>& unsorted) {
  const auto ends = sorted_by_run(unsorted);
  HotParams params;
  params.text(owner_);
  add_leases(params, each(ends, [](const Settlement& end) { return end.lease; }));
  params.texts(each(ends, [](const Settlement& end) { return std::string{name_of(end.state)}; }))
      .text(after(RunEvent::retry))
      .text(after(RunEvent::cancel))
      .instants(each(ends, [](const Settlement& end) { return end.run_at; }))
      .instants(each(ends, [](const Settlement& end) { return end.started_at; }))
      .instants(each(ends, [](const Settlement& end) { return end.finished_at; }))
      .texts(each(ends, [](const Settlement& end) { return end.error_class; }))
      .texts(each(ends, [](const Settlement& end) { return end.error_message; }))
      .texts(each(ends, [](const Settlement& end) { return end.reason; }))
      .byteas(each(ends, [](const Settlement& end) { return end.output; }))
      .int64s(each(ends, [](const Settlement& end) { return end.output_bytes; }))
      .bools(each(ends, [](const Settlement& end) { return end.output_cut; }))
      .int32(kInlineOutputMax);
  add_rows(params, ends);
  params.int64s(each(ends, [](const Settlement& end) { return priced(end.cost); }));
  return moved_runs(connection_.run(sql::settle_runs, params));
}

std::vector<MovedRun> HotPath::hand_back(const std::vector<RunLease>& leases) {
  HotParams params;
  params.text(owner_);
  add_leases(params, sorted(leases));
  params.text(after(RunEvent::hand_back));
  return moved_runs(connection_.run(sql::hand_back_runs, params));
}

std::vector<RenewedLease> HotPath::renew(const std::vector<RunLease>& leases, Duration lease) {
  HotParams params;
  params.text(owner_);
  add_leases(params, sorted(leases));
  params.interval(lease);
  const HotRows rows = connection_.run(sql::renew_leases, params);
  std::vector<RenewedLease> renewed;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const RunId id{row.int64()};
    renewed.push_back({id, row.opt_text()});
  }
  return renewed;
}

std::vector<MovedRun> HotPath::expire(const std::vector<OwnedShard>& shards, const ExpiryRule& rule) {
  HotParams params;
  params.text(owner_);
  add_shards(params, shards);
  params.int32(rule.takeovers_max)
      .int32(rule.n_max)
      .text(after(RunEvent::expire_mid_call))
      .text(after(RunEvent::cancel))
      .text(after(RunEvent::quarantine))
      .text(after(RunEvent::expire));
  return moved_runs(connection_.run(sql::expire_leases, params));
}

std::vector<DueTime> HotPath::due_times(const std::vector<ClaimPair>& pairs, Instant until) {
  HotParams params;
  params.int16s(each(pairs, [](const ClaimPair& pair) { return pair.shard.shard; }))
      .int16s(each(pairs, [](const ClaimPair& pair) { return pair.priority; }))
      .instants(each(pairs, [](const ClaimPair& pair) { return pair.floor.at; }))
      .instant(until)
      .int64s(each(pairs, [](const ClaimPair& pair) { return pair.floor.id; }));
  const HotRows rows = connection_.run(sql::due_run_times, params);
  std::vector<DueTime> times;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const std::int16_t shard = row.int16();
    const std::int16_t priority = row.int16();
    times.push_back({shard, priority, row.instant()});
  }
  return times;
}

std::int64_t HotPath::count_ready(const std::vector<OwnedShard>& shards) {
  const auto numbers = each(shards, [](const OwnedShard& shard) { return shard.shard; });
  return connection_.run(sql::count_ready_runs, HotParams{}.int16s(numbers))[0].int64();
}

std::vector<LoadedVersion> HotPath::load_versions(const std::vector<VersionKey>& keys) {
  HotParams params;
  params.texts(each(keys, [](const VersionKey& key) { return key.tenant.str(); }))
      .int64s(each(keys, [](const VersionKey& key) { return key.task.number(); }))
      .int32s(each(keys, [](const VersionKey& key) { return key.version; }));
  const HotRows rows = connection_.run(sql::load_versions, params);
  std::vector<LoadedVersion> versions;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    TenantId tenant{row.text()};
    const TaskId task{row.int64()};
    const std::int32_t version = row.int32();
    std::string name = row.text();
    std::string definition = row.text();
    LoadedVersion loaded{{std::move(tenant), task, version}, std::move(name), std::move(definition)};
    if (const auto scopes = row.opt_text()) loaded.scopes = scopes_named(words_of(*scopes));
    versions.push_back(std::move(loaded));
  }
  return versions;
}

std::vector<LoadedInput> HotPath::load_inputs(const std::vector<RunId>& runs) {
  HotParams params;
  params.int64s(each(runs, [](RunId run) { return run.number(); }));
  const HotRows rows = connection_.run(sql::load_run_inputs, params);
  std::vector<LoadedInput> inputs;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const RunId run{row.int64()};
    inputs.push_back({run, row.text()});
  }
  return inputs;
}

std::vector<LoadedStep> HotPath::load_journal(const std::vector<RunId>& runs) {
  HotParams params;
  params.int64s(each(runs, [](RunId run) { return run.number(); }));
  const HotRows rows = connection_.run(sql::load_step_journal, params);
  std::vector<LoadedStep> steps;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    LoadedStep step;
    step.run = RunId{row.int64()};
    step.entry.step_path = row.text();
    step.entry.attempt = row.int32();
    step.entry.state = row.text();
    step.entry.tool = row.text();
    step.entry.started_at = row.instant();
    step.entry.finished_at = row.opt_instant();
    step.entry.not_before = row.opt_instant();
    step.entry.error_class = row.opt_text();
    step.entry.error_message = row.opt_text();
    step.entry.output = row.opt_text();
    step.entry.output_bytes = row.int64();
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<LoadedCost> HotPath::load_spent(const std::vector<RunId>& runs) {
  HotParams params;
  params.int64s(each(runs, [](RunId run) { return run.number(); }));
  const HotRows rows = connection_.run(sql::load_spent, params);
  std::vector<LoadedCost> spent;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const RunId run{row.int64()};
    spent.push_back({run, Cost{row.int64()}});
  }
  return spent;
}

}  // namespace carillon
