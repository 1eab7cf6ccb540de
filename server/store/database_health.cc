#include "server/store/database_health.h"

#include <algorithm>
#include <chrono>
#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

using std::chrono::steady_clock;

constexpr Duration kSnapshotTooOld = std::chrono::seconds{60};
constexpr Duration kClockTooFar = std::chrono::seconds{2};
constexpr std::int64_t kDeadRowsMany = 100'000;
constexpr std::int64_t kSlotAgeMany = 10'000'000;
constexpr double kNotifyQueueFull = 0.5;

void read_facts(Tx& tx, const Clock& machine, DatabaseHealth& health) {
  const auto sent = steady_clock::now();
  const auto row = tx.exec(sql::database_facts)[0];
  const Instant received = machine.now();
  health.clock_uncertainty = std::chrono::duration_cast<Duration>(steady_clock::now() - sent) / 2;
  health.clock_offset = column<Instant>(row["now"]) - (received - health.clock_uncertainty);
  health.version = column<std::string>(row["version"]);
  health.oldest_snapshot = column<Duration>(row["oldest_snapshot_micros"]);
  health.oldest_prepared = column<Duration>(row["oldest_prepared_micros"]);
  health.slot_xmin_age = column<std::int64_t>(row["slot_xmin_age"]);
  health.notify_queue_usage = column<double>(row["notify_queue_usage"]);
  health.size_bytes = column<std::int64_t>(row["size_bytes"]);
  for (const auto& table : tx.exec(sql::hot_table_facts)) {
    if (column<bool>(table["is_default"]))
      health.rows_without_partition += column<std::int64_t>(table["live_rows"]);
    else
      health.hot_tables.push_back({column<std::string>(table["table_name"]), column<std::int64_t>(table["live_rows"]),
                                   column<std::int64_t>(table["dead_rows"])});
  }
}

std::string seconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

std::string_view name_of(SecondWall wall) { return wall == SecondWall::on ? "on" : "off"; }

DatabaseHealth read_database_health(Store& store, const Clock& machine) {
  DatabaseHealth health;
  // As a caller's transaction: whether the wall stands can only be seen from there. No tenant has the empty name.
  store.in_tx(TenantId{""}, [&](Tx& tx) {
    health.second_wall = tx.exec(sql::second_wall)[0]["active"].as<bool>() ? SecondWall::on : SecondWall::off;
    health.migrations = migration_facts(tx, embedded_migrations());
  });
  store.across_tenants([&](Tx& tx) {
    health.hot_tables.clear();
    health.rows_without_partition = 0;
    read_facts(tx, machine, health);
  });
  return health;
}

std::vector<std::string> problems_of(const DatabaseHealth& health) {
  std::vector<std::string> problems;
  if (const auto fits = refuse_misfits(health.migrations); !fits) problems.push_back(fits.error().message);
  if (std::any_of(health.migrations.begin(), health.migrations.end(),
                  [](const auto& m) { return m.state == MigrationState::pending; }))
    problems.push_back("the database has not been migrated to this version: carillon migrate up");
  if (health.second_wall == SecondWall::off)
    problems.push_back(
        "the second wall is off: the database login owns the tables, so only the queries keep tenants apart");
  if (std::max(health.oldest_snapshot, health.oldest_prepared) > kSnapshotTooOld)
    problems.push_back("a transaction is " + seconds_text(std::max(health.oldest_snapshot, health.oldest_prepared)) +
                       " old and keeps the database from cleaning up");
  if (health.slot_xmin_age > kSlotAgeMany)
    problems.push_back("a replication slot keeps the database from cleaning up what the last " +
                       std::to_string(health.slot_xmin_age) + " transactions left");
  if (health.notify_queue_usage > kNotifyQueueFull)
    problems.push_back("the notification queue is more than half full: some listener does not read");
  for (const auto& table : health.hot_tables)
    if (table.dead_rows > kDeadRowsMany)
      problems.push_back("carillon." + table.table + " has " + std::to_string(table.dead_rows) + " dead rows");
  if (health.rows_without_partition > 0)
    problems.push_back(std::to_string(health.rows_without_partition) +
                       " rows of runs have no weekly partition yet; the next sweep makes it");
  if (std::chrono::abs(health.clock_offset) > kClockTooFar + health.clock_uncertainty)
    problems.push_back("this machine's clock is " + seconds_text(std::chrono::abs(health.clock_offset)) +
                       " away from the database's; the database's counts");
  return problems;
}

}  // namespace carillon
