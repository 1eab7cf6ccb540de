#include "server/store/sealing_key.h"

#include <catch2/catch.hpp>
#include <pqxx/pqxx>

#include "server/store/migrate.h"
#include "tests/support/test_database.h"

using namespace carillon;

TEST_CASE("all processes of a database read the same key and no caller can", "[store][sealing_key]") {
  const test::TestDatabase database;
  Store one{database.urls(), {}}, other{database.urls(), {}};
  const std::string key = read_sealing_key(one, kRequestStateKey);
  CHECK(key.size() == 32);
  CHECK(read_sealing_key(other, kRequestStateKey) == key);
  constexpr EmbeddedText kLook{"test_look", "SELECT key FROM carillon.sealing_key"};
  CHECK_THROWS_AS(one.in_tx(TenantId{"default"}, [&](Tx& tx) { tx.exec(kLook); }), pqxx::insufficient_privilege);
}

TEST_CASE("each database has a key of its own and a missing one is told", "[store][sealing_key]") {
  const test::TestDatabase first{test::Contents::empty}, second{test::Contents::empty};
  const auto key_of = [](const test::TestDatabase& database) {
    REQUIRE(Migrator{database.urls().owner}.up().ok());
    Store store{database.urls(), {}};
    return read_sealing_key(store, kRequestStateKey);
  };
  CHECK(key_of(first) != key_of(second));
  first.run("DELETE FROM carillon.sealing_key");
  Store store{first.urls(), {}};
  CHECK_THROWS_WITH(read_sealing_key(store, kRequestStateKey), Catch::Contains("sealing_key"));
}
