#include "server/store/database_health.h"

#include <catch2/catch.hpp>
#include <pqxx/pqxx>

#include "server/store/connection.h"
#include "tests/support/test_database.h"

using namespace carillon;

TEST_CASE("a healthy database has a wall and its migrations and no problems", "[store][database_health]") {
  const test::TestDatabase database;
  Store store{database.urls(), {}};
  const SystemClock clock;
  const auto health = read_database_health(store, clock);
  CHECK(health.version.starts_with("1"));
  CHECK(health.second_wall == SecondWall::on);
  REQUIRE(health.migrations.size() == embedded_migrations().size());
  CHECK(health.migrations.back().state == MigrationState::applied);
  CHECK(health.hot_tables.size() == 4);
  CHECK(health.size_bytes > 1'000'000);
  CHECK(std::chrono::abs(health.clock_offset) < std::chrono::seconds{2});
  CHECK(problems_of(health).empty());
}

TEST_CASE("one login for everything means that the second wall is off and health says so", "[store][database_health]") {
  const test::TestDatabase database;
  const std::string& owner = database.urls().owner;
  Store store{{owner, owner, owner}, {}};
  const SystemClock clock;
  const auto health = read_database_health(store, clock);
  CHECK(health.second_wall == SecondWall::off);
  REQUIRE(problems_of(health).size() == 1);
  CHECK(problems_of(health)[0].find("second wall is off") != std::string::npos);
}

TEST_CASE("a clock that is wrong and a snapshot that is held are told", "[store][database_health]") {
  const test::TestDatabase database;
  Connection holder{database.urls().owner};
  pqxx::transaction<pqxx::repeatable_read> held{holder.wire};
  held.exec("SELECT 1");
  Store store{database.urls(), {}};
  const FixedClock hour_late{SystemClock{}.now() - std::chrono::hours{1}};
  auto health = read_database_health(store, hour_late);
  CHECK(health.oldest_snapshot > Duration{0});
  CHECK(health.clock_offset > std::chrono::minutes{59});
  REQUIRE(problems_of(health).size() == 1);
  CHECK(problems_of(health)[0].find("clock") != std::string::npos);
  health.clock_offset = Duration{0};
  health.oldest_snapshot = std::chrono::minutes{5};
  REQUIRE(problems_of(health).size() == 1);
  CHECK(problems_of(health)[0].find("300 s old") != std::string::npos);
}

TEST_CASE("each fact beyond its limit is a problem of its own", "[store][database_health]") {
  DatabaseHealth health;
  health.second_wall = SecondWall::on;
  CHECK(problems_of(health).empty());
  health.migrations = {{1, "first", MigrationState::pending, {}}};
  CHECK(problems_of(health).size() == 1);
  health.migrations = {{1, "first", MigrationState::edited, {}}};
  health.slot_xmin_age = 20'000'000;
  health.notify_queue_usage = 0.7;
  health.hot_tables = {{"run_ready", 1, 200'000}};
  health.rows_without_partition = 3;
  CHECK(problems_of(health).size() == 5);
}
