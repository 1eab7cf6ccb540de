// What the database can answer at the wrong moment: each is thrown to the two places that answer machine failures,
// only deadlocks and serialisation failures are repeated, and the Store works afterwards.
#include <catch2/catch.hpp>
#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/store.h"
#include "tests/support/test_database.h"

using namespace carillon;

namespace {

const TenantId kFailingTenant{"default"};
constexpr EmbeddedText kRaise{"test_raise", "SELECT public.test_raise($1)"};
constexpr EmbeddedText kPidOfSession{"test_my_pid", "SELECT pg_backend_pid() AS pid"};

void make_raise(const test::TestDatabase& database) {
  database.run(
      "CREATE FUNCTION public.test_raise(state text) RETURNS void LANGUAGE plpgsql AS "
      "$$ BEGIN RAISE EXCEPTION 'made for a test' USING ERRCODE = state; END $$");
}

std::string my_pid(Store& store) {
  return store.in_tx(kFailingTenant, [](Tx& tx) { return column<std::string>(tx.exec(kPidOfSession)[0]["pid"]); });
}

}  // namespace

TEST_CASE("every class of failure is thrown once and leaves the store usable", "[store]") {
  const test::TestDatabase database;
  make_raise(database);
  Store store{database.urls(), {}};
  for (const char* state : {"08006", "22P02", "23505", "25006", "26000", "42P01", "53100", "53200", "53300", "55P03",
                            "57014", "57P01", "57P02", "57P03", "58030", "XX000"}) {
    INFO(state);
    int calls = 0;
    CHECK_THROWS_AS(store.in_tx(kFailingTenant,
                                [&](Tx& tx) {
                                  ++calls;
                                  tx.exec(kRaise, state);
                                }),
                    pqxx::failure);
    CHECK(calls == 1);
    CHECK_FALSE(my_pid(store).empty());
    CHECK(store.app_pool().in_use == 0);
  }
}

TEST_CASE("a transaction that lost against another is repeated a bounded number of times", "[store]") {
  const test::TestDatabase database;
  make_raise(database);
  PoolOptions options;
  options.tries_max = 4;
  Store store{database.urls(), options};
  for (const char* state : {"40001", "40P01"}) {
    INFO(state);
    int calls = 0;
    CHECK_THROWS_AS(store.in_tx(kFailingTenant,
                                [&](Tx& tx) {
                                  ++calls;
                                  tx.exec(kRaise, state);
                                }),
                    pqxx::transaction_rollback);
    CHECK(calls == 4);
    calls = 0;
    const int answer = store.in_tx(kFailingTenant, [&](Tx& tx) {
      if (++calls < 3) tx.exec(kRaise, state);
      return calls;
    });
    CHECK(answer == 3);
  }
}

TEST_CASE("connections to a server that became a standby are given up", "[store]") {
  const test::TestDatabase database;
  make_raise(database);
  Store store{database.urls(), {}};
  const std::string before = my_pid(store);
  CHECK_THROWS_AS(store.in_tx(kFailingTenant, [](Tx& tx) { tx.exec(kRaise, "25006"); }), pqxx::sql_error);
  CHECK(store.app_pool().open == 0);
  CHECK(my_pid(store) != before);
}

TEST_CASE("a server that takes no writes is not connected to until it does again", "[store]") {
  const test::TestDatabase database, elsewhere{test::Contents::empty};
  const std::string alter = "ALTER DATABASE " + database.ask("SELECT current_database()");
  Store store{database.urls(), {}};
  elsewhere.run(alter + " SET default_transaction_read_only = on");
  CHECK_THROWS_AS(my_pid(store), pqxx::broken_connection);
  elsewhere.run(alter + " RESET default_transaction_read_only");
  CHECK_FALSE(my_pid(store).empty());
}

TEST_CASE("a statement that takes too long is given up within its limit", "[store]") {
  const test::TestDatabase database;
  PoolOptions options;
  options.statement_timeout = std::chrono::milliseconds{50};
  Store store{database.urls(), options};
  constexpr EmbeddedText kSleep{"test_sleep", "SELECT pg_sleep(600)"};
  CHECK_THROWS_AS(store.in_tx(kFailingTenant, [&](Tx& tx) { tx.exec(kSleep); }), pqxx::sql_error);
  CHECK_FALSE(my_pid(store).empty());
}
