#include <catch2/catch.hpp>
#include <pqxx/pqxx>
#include <set>

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

// A table that a later migration adds is missed by nobody.
TEST_CASE("whoever is deleted for good leaves no row of a run behind", "[store][sql]") {
  const test::TestDatabase database;
  const std::set<std::string> kept_with_a_run{"run_slot",   // one slot, one run, ever
                                              "run_child",  // the step of the parent still names it
                                              "dedupe"};    // the key stays used for its window
  const std::set<std::string> kept_with_a_task{"run_child", "dedupe", "delivery"};  // who was to be told still is
  Connection connection{database.urls().owner};
  pqxx::nontransaction work{connection.wire};
  const auto tables = work.exec(R"(
    SELECT c.table_name::text FROM information_schema.columns c
    JOIN pg_class r ON r.relname = c.table_name AND r.relnamespace = 'carillon'::regnamespace
    WHERE c.table_schema = 'carillon' AND c.column_name = 'run_id' AND r.relkind IN ('r', 'p') AND NOT r.relispartition
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'f' AND k.confdeltype = 'c'))");
  CHECK(tables.size() > 10);
  for (const auto& row : tables) {
    const auto table = row[0].as<std::string>();
    INFO(table);
    const auto deletes = [&](const EmbeddedText& query) {
      return query.text.find("DELETE FROM carillon." + table + " ") != std::string_view::npos;
    };
    CHECK(deletes(sql::delete_run) != kept_with_a_run.contains(table));
    CHECK(deletes(sql::delete_task) != kept_with_a_task.contains(table));
  }
}
