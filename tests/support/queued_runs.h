// Runs and tasks put straight into a test's database, and the invariant that every test of the hot path ends with.
// Belongs to the test's thread.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/test_database.h"

namespace carillon::test {

struct QueuedRun {
  std::int64_t id = 1;
  int shard = 0;
  int priority = 5;
  std::string run_at = "now() - interval '1 s'";  // SQL
  std::int64_t task = 1;
  std::string key = "NULL";  // SQL
  int key_width = 1;
  std::string expires_at = "NULL";  // SQL
  int takeovers = 0;
  std::string payload = "NULL";  // SQL
};

void put_task(const TestDatabase& database, std::int64_t task, const std::string& definition);
void put_ready(const TestDatabase& database, const QueuedRun& run);
// Ids first … last of one shape, ready in the shards 0 … 15 by turns.
void put_many_ready(const TestDatabase& database, std::int64_t first, std::int64_t last, std::int64_t task);

// Ids that are in more than one of run_ready, run_live and run_history, or (of first … last) in none: "" when all is
// well.
std::string misplaced(const TestDatabase& database, std::int64_t first = 1, std::int64_t last = 0);

}  // namespace carillon::test
