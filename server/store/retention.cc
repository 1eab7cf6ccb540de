#include "server/store/retention.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <pqxx/pqxx>

#include "server/base/log.h"
#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

constexpr char kLockNotAvailable[] = "55P03";
// What nobody took by then would be told as news that is none; get_status has it all the same.
constexpr Duration kDeliveryWaitMax = std::chrono::hours{24};

// Of a task that is gone; another one answers its cues within a second of being able to.
constexpr Duration kCueWaitMax = std::chrono::hours{1};

// More than the clocks of two daemons can be apart, so that no lease goes that one of them still thinks in force.
constexpr Duration kEndedStateKept = std::chrono::hours{1};

// History first: what belongs to a run goes only after it.
constexpr std::array<const char*, 4> kKeptWithRecords{"run_history", "step_journal", "effect_journal", "run_input"};

// Locks the default partitions against readers for a moment.
int ensure_partitions(Tx& tx, Instant now) {
  return column<int>(tx.exec(sql::ensure_partitions, now, kWeeksAhead)[0]["made"]);
}

}  // namespace

template <class Work>
void Retention::batch(Work work, Swept& swept) {
  try {
    const std::int64_t rows = store_.across_tenants([&](Tx& tx) {
      const pqxx::result limited = tx.exec(sql::set_sweep_limits);
      return work(tx);
    });
    swept.rows += rows;
    swept.more = swept.more || rows >= options_.batch_rows;
  } catch (const pqxx::sql_error& error) {
    if (error.sqlstate() != kLockNotAvailable) throw;
    log::debug("a sweep gave way to others", json{{"reason", error.what()}});
    swept.more = true;
  }
}

int Retention::make_partitions(Instant now) {
  return store_.across_tenants([&](Tx& tx) { return ensure_partitions(tx, now); });
}

Swept Retention::sweep(Instant now) {
  Swept swept;
  batch(
      [&](Tx& tx) {
        ensure_partitions(tx, now);
        return std::int64_t{0};
      },
      swept);
  const int rows_max = options_.batch_rows;
  const auto pruned_by = [&](const EmbeddedText& query, auto... values) {
    batch([&](Tx& tx) { return static_cast<std::int64_t>(tx.exec(query, values...).affected_rows()); }, swept);
  };
  // Of a statement that deletes in more than one table, and says how much of the first.
  const auto counted_by = [&](const EmbeddedText& query, auto... values) {
    batch([&](Tx& tx) { return column<std::int64_t>(tx.exec(query, values...).at(0)["pruned"]); }, swept);
  };
  pruned_by(sql::prune_idempotency, now - options_.idempotency, rows_max);
  pruned_by(sql::expire_deliveries, now - kDeliveryWaitMax, now, rows_max);
  pruned_by(sql::prune_deleted_tasks, now - options_.deleted_items, rows_max);
  pruned_by(sql::prune_followed_calls, now, rows_max);
  pruned_by(sql::close_lost_questions, now, rows_max);
  pruned_by(sql::prune_step_waits, rows_max);
  pruned_by(sql::prune_cues, now - kCueWaitMax, rows_max);
  pruned_by(sql::prune_events, now - options_.events, rows_max);
  pruned_by(sql::prune_state_versions, now, rows_max);
  counted_by(sql::prune_state_entries, now - kEndedStateKept, rows_max);

  const Horizons longest = read_horizons();
  drop("run_output", now - longest.outputs, swept);
  pruned_by(sql::prune_outputs, now, options_.outputs, rows_max, longest.outputs > options_.outputs);
  for (const char* table : kKeptWithRecords) drop(table, now - longest.records, swept);
  drop("run_output", now - longest.records, swept);
  const bool some_keep_more = longest.records > options_.records;
  counted_by(sql::prune_records, now, options_.records, rows_max, some_keep_more);
  pruned_by(sql::prune_slots, now - longest.records, rows_max);
  pruned_by(sql::prune_causes, now - longest.records, rows_max);
  pruned_by(sql::prune_child_runs, now - longest.records, rows_max);
  pruned_by(sql::prune_deliveries, now - longest.records, rows_max);
  pruned_by(sql::prune_questions, now - longest.records, rows_max);
  pruned_by(sql::prune_approvals, now - longest.records, rows_max);
  pruned_by(sql::prune_work, now - longest.records, rows_max);
  pruned_by(sql::prune_outages, now - longest.records, rows_max);
  return swept;
}

Retention::Horizons Retention::read_horizons() {
  return store_.across_tenants([&](Tx& tx) {
    const pqxx::result rows = tx.exec(sql::longest_keep);
    const auto records = column<std::optional<Duration>>(rows[0]["records_micros"]);
    const auto outputs = column<std::optional<Duration>>(rows[0]["outputs_micros"]);
    return Horizons{std::max(options_.records, records.value_or(Duration{0})),
                    std::max(options_.outputs, outputs.value_or(Duration{0}))};
  });
}

void Retention::drop(const char* table, Instant before, Swept& swept) {
  int dropped = 0;
  batch(
      [&](Tx& tx) {
        dropped = column<int>(tx.exec(sql::drop_partitions, table, before)[0]["dropped"]);
        return std::int64_t{0};
      },
      swept);
  swept.partitions += dropped;
}

}  // namespace carillon
