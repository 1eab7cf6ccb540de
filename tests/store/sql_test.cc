#include <catch2/catch.hpp>
#include <pqxx/pqxx>

#include "server/store/connection.h"
#include "server/store/sql.h"
#include "tests/support/test_database.h"

using namespace carillon;

TEST_CASE("every query prepares against a freshly migrated database", "[store][sql]") {
  const test::TestDatabase database;
  Connection connection{database.urls().owner};
  for (const auto& query : sql::kAll) {
    INFO(query.name);
    const std::string name{query.name};
    connection.wire.prepare(name, std::string{query.text});
    CHECK_NOTHROW(connection.wire.prepare_now(name));
  }
}

TEST_CASE("every query says in its first line what it does", "[store][sql]") {
  for (const auto& query : sql::kAll) {
    INFO(query.name);
    CHECK(query.text.starts_with("-- "));
  }
}
