// What there is to know about the database's health, for /health, get_status and doctor: facts, and which of them are
// problems. Four short queries; the caller decides how often. Stateless, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/store/migrate.h"
#include "server/store/store.h"

namespace carillon {

// Row-level security binds callers' queries (docs/adr/0004-second-wall.md); off with a single-role database.url.
enum class SecondWall { on, off };
std::string_view name_of(SecondWall wall);

struct HotTableFacts {
  std::string table;
  std::int64_t live_rows = 0, dead_rows = 0;
};

struct DatabaseHealth {
  std::string version;  // of the server
  std::vector<MigrationFacts> migrations;
  SecondWall second_wall = SecondWall::off;
  Duration oldest_snapshot{0};     // of others: it keeps vacuum from cleaning what died since
  Duration oldest_prepared{0};     // a prepared transaction that nobody ended does the same
  std::int64_t slot_xmin_age = 0;  // and a replication slot, in transactions
  double notify_queue_usage = 0;   // 0 to 1
  std::int64_t size_bytes = 0;
  std::vector<HotTableFacts> hot_tables;
  std::int64_t rows_without_partition = 0;  // in default partitions: their week was not made in time
  Duration clock_offset{0};                 // the database's clock minus this machine's
  Duration clock_uncertainty{0};            // half of the round trip that measured it
};

DatabaseHealth read_database_health(Store& store, const Clock& machine);

// In words for a person; empty when all is well.
std::vector<std::string> problems_of(const DatabaseHealth& health);

}  // namespace carillon
