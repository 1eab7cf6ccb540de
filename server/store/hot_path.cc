#include "server/store/hot_path.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <tuple>

#include "server/base/check.h"
#include "server/store/batch.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr std::int32_t kInlineOutputMax = 2048;  // larger outputs have a row of their own (run_output)

void add_leases(HotParams& params, const std::vector<RunLease>& leases) {
  params.int64s(each(leases, [](const RunLease& lease) { return lease.id.number(); }))
      .int64s(each(leases, [](const RunLease& lease) { return lease.epoch; }))
      .int32s(each(leases, [](const RunLease& lease) { return lease.attempt; }));
}

// The entries of a list in which each may be missing.
template <class Item, class Entry>
std::vector<const std::optional<Entry>*> entries_of(const std::vector<const Item*>& items,
                                                    std::optional<Entry> Item::*member) {
  std::vector<const std::optional<Entry>*> entries;
  entries.reserve(items.size());
  for (const Item* item : items) entries.push_back(&(item->*member));
  return entries;
}

// A member of each entry, null where there is none.
template <class Entry, class Member>
auto of_each(const std::vector<const std::optional<Entry>*>& entries, Member member) {
  using Value = std::decay_t<std::invoke_result_t<Member, const Entry&>>;
  return each(entries, [&](const std::optional<Entry>& entry) {
    return entry ? std::optional<Value>{std::invoke(member, *entry)} : std::nullopt;
  });
}

template <class Entry, class Member>
std::vector<MaybeText> texts_of(const std::vector<const std::optional<Entry>*>& entries, Member member) {
  return each(entries, [&](const std::optional<Entry>& entry) {
    return entry ? MaybeText{std::invoke(member, *entry)} : MaybeText{};
  });
}

std::vector<std::optional<Instant>> instants_of(const std::vector<const std::optional<JournalEntry>*>& entries,
                                                std::optional<Instant> JournalEntry::*member) {
  return each(entries, [&](const std::optional<JournalEntry>& entry) {
    return entry ? (*entry).*member : std::optional<Instant>{};
  });
}

void add_journal(HotParams& params, const std::vector<const std::optional<JournalEntry>*>& entries) {
  params.texts(texts_of(entries, &JournalEntry::step_path))
      .int32s(of_each(entries, &JournalEntry::attempt))
      .texts(texts_of(entries, &JournalEntry::state))
      .texts(texts_of(entries, &JournalEntry::tool))
      .instants(of_each(entries, &JournalEntry::started_at))
      .instants(instants_of(entries, &JournalEntry::finished_at))
      .instants(instants_of(entries, &JournalEntry::not_before))
      .texts(texts_of(entries, &JournalEntry::error_class))
      .texts(texts_of(entries, &JournalEntry::error_message))
      .byteas(texts_of(entries, &JournalEntry::output))
      .int64s(of_each(entries, &JournalEntry::output_bytes));
}

// As the statements take it: null where it is not so.
std::optional<bool> said(bool fact) { return fact ? std::optional{true} : std::nullopt; }

// As the statements take it: millionths, and null for nothing.
std::optional<std::int64_t> priced(Cost cost) {
  return cost.is_free() ? std::nullopt : std::optional{cost.micro_dollars};
}

void add_effects(HotParams& params, const std::vector<const std::optional<EffectEntry>*>& entries) {
  params.texts(texts_of(entries, &EffectEntry::step_path))
      .int32s(of_each(entries, &EffectEntry::attempt))
      .texts(texts_of(entries, &EffectEntry::tool))
      .texts(texts_of(entries, [](const EffectEntry& entry) { return name_of(entry.effect); }))
      .byteas(texts_of(entries, &EffectEntry::input))
      .texts(texts_of(entries, &EffectEntry::idempotency_key))
      .texts(texts_of(entries, &EffectEntry::outcome))
      .instants(of_each(entries, &EffectEntry::started_at))
      .intervals(of_each(entries, &EffectEntry::duration))
      .int64s(of_each(entries, &EffectEntry::output_bytes))
      .int64s(each(entries,
                   [](const std::optional<EffectEntry>& entry) { return entry ? priced(entry->cost) : std::nullopt; }));
}

// The journal and effect rows that go with some marks or settlements, as columns of the same list: joining two lists of
// which the planner knows nothing would compare each with each.
template <class Item>
void add_rows(HotParams& params, const std::vector<const Item*>& items) {
  add_journal(params, entries_of(items, &Item::journal));
  add_effects(params, entries_of(items, &Item::effect));
}

// A row of a mark: the first says what becomes of the run, each has a step.
struct MarkRow {
  const RunMark& mark;
  bool is_first;
  const StepEntry& step;
};

std::vector<MarkRow> rows_of(const std::vector<const RunMark*>& marks) {
  static const StepEntry kNone{};
  std::vector<MarkRow> rows;
  rows.reserve(marks.size());
  for (const RunMark* mark : marks) {
    if (mark->steps.empty()) rows.push_back({*mark, true, kNone});
    for (std::size_t i = 0; i < mark->steps.size(); ++i) rows.push_back({*mark, i == 0, mark->steps[i]});
  }
  return rows;
}

// Rows are touched in the order of their keys everywhere, so that two batches cannot wait for each other.
template <class Item>
std::vector<const Item*> sorted_by_run(const std::vector<Item>& items) {
  std::vector<const Item*> sorted;
  sorted.reserve(items.size());
  for (const Item& item : items) sorted.push_back(&item);
  std::sort(sorted.begin(), sorted.end(),
            [](const Item* left, const Item* right) { return left->lease.id < right->lease.id; });
  return sorted;
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

std::vector<DueTime> due_times_of(const HotRows& rows) {
  std::vector<DueTime> times;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    const std::int16_t shard = row.int16();
    const std::int16_t priority = row.int16();
    times.push_back({shard, priority, row.instant()});
  }
  return times;
}

std::string_view after(RunEvent event) {
  const auto state = next_state(RunState::running, event);
  CARILLON_CHECK(state.has_value());
  return name_of(*state);
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
  run.cancel = row.opt_text();
  run.undoes = row.boolean();
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

std::optional<Scopes> scopes_of_words(const std::optional<std::string>& words) {
  if (!words) return std::nullopt;
  std::istringstream stream{*words};
  return scopes_named({std::istream_iterator<std::string>{stream}, {}});
}

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
  const auto rows_to_write = rows_of(sorted_by_run(unsorted));
  std::vector<const StepEntry*> steps;
  for (const MarkRow& row : rows_to_write) steps.push_back(&row.step);
  HotParams params;
  params.text(owner_);
  add_leases(params, each(rows_to_write, [](const MarkRow& row) { return row.mark.lease; }));
  params
      .texts(each(rows_to_write,
                  [](const MarkRow& row) -> MaybeText {
                    if (!row.is_first) return std::nullopt;
                    return row.mark.call_state == CallState::calling ? "calling" : "idle";
                  }))
      .texts(each(rows_to_write, [](const MarkRow& row) -> MaybeText { return row.mark.call_step; }))
      .instants(each(rows_to_write, [](const MarkRow& row) { return row.mark.at; }));
  add_rows(params, steps);
  params.instants(each(rows_to_write, [](const MarkRow& row) { return row.mark.wake_at; }))
      .text(after(RunEvent::wait))
      .bools(each(rows_to_write, [](const MarkRow& row) { return said(row.mark.undoes); }));
  const HotRows rows = connection_.run(sql::mark_runs, params);
  std::vector<RunId> ours;
  for (int i = 0; i < rows.size(); ++i) ours.emplace_back(rows[i].int64());
  return ours;
}

std::vector<LeasedRun> HotPath::wake(const WakeOrder& order) {
  HotParams params;
  params.text(owner_);
  add_shards(params, order.shards);
  params.instant(order.now)
      .int32(order.n_max)
      .interval(order.lease)
      .text(name_of(*next_state(RunState::waiting, RunEvent::wake)));
  const HotRows rows = connection_.run(sql::wake_runs, params);
  std::vector<LeasedRun> runs;
  for (int i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    runs.push_back(leased_run(row));
    runs.back().started_at = row.opt_instant();
  }
  return runs;
}

std::vector<MovedRun> HotPath::settle(const std::vector<Settlement>& unsorted) {
  const auto ends = sorted_by_run(unsorted);
  HotParams params;
  params.text(owner_);
  add_leases(params, each(ends, [](const Settlement& end) { return end.lease; }));
  params.texts(each(ends, [](const Settlement& end) -> MaybeText { return name_of(end.state); }))
      .text(after(RunEvent::retry))
      .text(after(RunEvent::cancel))
      .instants(each(ends,
                     [](const Settlement& end) {
                       return end.state == RunState::queued ? std::optional{end.run_at} : std::nullopt;
                     }))
      .instants(each(ends, [](const Settlement& end) { return end.started_at; }))
      .instants(each(ends, [](const Settlement& end) { return end.finished_at; }))
      .texts(each(ends, [](const Settlement& end) -> MaybeText { return end.error_class; }))
      .texts(each(ends, [](const Settlement& end) -> MaybeText { return end.error_message; }))
      .texts(each(ends, [](const Settlement& end) -> MaybeText { return end.reason; }))
      .byteas(each(ends, [](const Settlement& end) -> MaybeText { return end.output; }))
      .int64s(each(ends, [](const Settlement& end) { return end.output_bytes; }))
      .bools(each(ends, [](const Settlement& end) { return said(end.output_cut); }))
      .int32(kInlineOutputMax);
  add_rows(params, ends);
  params.int64s(each(ends, [](const Settlement& end) { return priced(end.cost); }))
      .bools(each(ends, [](const Settlement& end) { return said(end.undoes); }))
      .bools(each(ends, [](const Settlement& end) { return end.compensated; }));
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
    std::optional<std::string> cancel = row.opt_text();
    const bool undoes = row.boolean();
    renewed.push_back({id, std::move(cancel), undoes, row.boolean()});
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
  return due_times_of(connection_.run(sql::due_run_times, params));
}

std::vector<DueTime> HotPath::wake_times(const std::vector<OwnedShard>& shards, Instant until) {
  HotParams params;
  params.int16s(each(shards, [](const OwnedShard& shard) { return shard.shard; })).instant(until);
  return due_times_of(connection_.run(sql::next_wakes, params));
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
    loaded.scopes = scopes_of_words(row.opt_text());
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
    if (const auto origin = row.opt_int64()) step.entry.reused_from = RunId{*origin};
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
