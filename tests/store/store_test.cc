#include "server/store/store.h"

#include <catch2/catch.hpp>
#include <pqxx/pqxx>
#include <thread>

#include "server/store/column.h"
#include "tests/support/test_database.h"

using namespace carillon;

namespace {

const TenantId kStoreTenant{"default"};
constexpr Instant kAskedAt{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}.time_since_epoch()};

constexpr EmbeddedText kAddTenant{"test_add_tenant", "INSERT INTO auth.tenant (tenant_id, title) VALUES ($1, $2)"};
constexpr EmbeddedText kInsertAsked{
    "test_insert_asked", "INSERT INTO carillon.last_asked (tenant_id, agent_id, asked_at) VALUES ($1, $2, $3)"};
constexpr EmbeddedText kCountAsked{"test_count_asked", "SELECT count(*) FROM carillon.last_asked"};
constexpr EmbeddedText kTouchAsked{
    "test_touch_asked", "UPDATE carillon.last_asked SET asked_at = asked_at + interval '1 s' WHERE agent_id = $1"};
constexpr EmbeddedText kMyPid{"test_my_pid", "SELECT pg_backend_pid() AS pid"};

std::int64_t count_asked(Store& store) {
  return store.in_tx(kStoreTenant, [](Tx& tx) { return tx.exec(kCountAsked)[0][0].as<std::int64_t>(); });
}

void insert_asked(Tx& tx, const std::string& agent) { tx.exec(kInsertAsked, kStoreTenant, agent, kAskedAt); }

}  // namespace

TEST_CASE("a transaction commits when its work returns and rolls back when it throws or refuses", "[store]") {
  const test::TestDatabase database;
  Store store{database.urls(), {}};

  store.in_tx(kStoreTenant, [](Tx& tx) { insert_asked(tx, "kept"); });
  CHECK(count_asked(store) == 1);

  CHECK_THROWS_AS(store.in_tx(kStoreTenant,
                              [](Tx& tx) {
                                insert_asked(tx, "thrown");
                                throw std::runtime_error("no");
                              }),
                  std::runtime_error);
  CHECK(count_asked(store) == 1);

  const auto refused = store.in_tx(kStoreTenant, [](Tx& tx) -> Result<int> {
    insert_asked(tx, "refused");
    return Error{ErrorCode::conflict, "no"};
  });
  CHECK(!refused.ok());
  CHECK(count_asked(store) == 1);

  const auto accepted = store.in_tx(kStoreTenant, [](Tx& tx) -> Result<int> {
    insert_asked(tx, "accepted");
    return 7;
  });
  CHECK(*accepted == 7);
  CHECK(count_asked(store) == 2);
  CHECK(store.app_pool().in_use == 0);
}

TEST_CASE("a tenant sees and writes its own rows only and the dispatcher sees all", "[store]") {
  const test::TestDatabase database;
  database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')");
  Store store{database.urls(), {}};
  store.in_tx(kStoreTenant, [](Tx& tx) { insert_asked(tx, "mine"); });
  const TenantId other{"other"};
  store.in_tx(other, [&](Tx& tx) { tx.exec(kInsertAsked, other, "theirs", kAskedAt); });

  CHECK(count_asked(store) == 1);
  CHECK(store.across_tenants([](Tx& tx) { return tx.exec(kCountAsked)[0][0].as<int>(); }) == 2);
  CHECK_THROWS_AS(store.in_tx(other, [](Tx& tx) { insert_asked(tx, "smuggled"); }), pqxx::insufficient_privilege);
  CHECK_THROWS_AS(store.in_tx(kStoreTenant, [](Tx& tx) { tx.exec(kAddTenant, "x", "y"); }),
                  pqxx::insufficient_privilege);
}

TEST_CASE("a partition cannot be read around the wall", "[store]") {
  const test::TestDatabase database;
  Store store{database.urls(), {}};
  constexpr EmbeddedText kAround{"test_around", "SELECT count(*) FROM carillon.run_history_default"};
  CHECK_THROWS_AS(store.in_tx(kStoreTenant, [&](Tx& tx) { tx.exec(kAround); }), pqxx::insufficient_privilege);
}

TEST_CASE("a deadlock is repeated and both sides get through", "[store]") {
  const test::TestDatabase database;
  Store store{database.urls(), {}};
  store.in_tx(kStoreTenant, [](Tx& tx) {
    insert_asked(tx, "a");
    insert_asked(tx, "b");
  });
  // Each side takes its first row, waits until the other has too, then wants the other's row. Repetitions do not wait.
  std::atomic<int> first_rows{0}, calls{0};
  const auto side = [&](const char* first, const char* second) {
    store.in_tx(kStoreTenant, [&](Tx& tx) {
      ++calls;
      tx.exec(kTouchAsked, first);
      ++first_rows;
      while (first_rows < 2) std::this_thread::yield();
      tx.exec(kTouchAsked, second);
    });
  };
  std::thread one{side, "a", "b"};
  side("b", "a");
  one.join();
  CHECK(calls >= 3);
  CHECK(database.ask("SELECT count(*) FROM carillon.last_asked WHERE asked_at = '2026-11-20T00:00:02Z'") == "2");
}

TEST_CASE("an idle connection that the server dropped is replaced without the caller noticing", "[store]") {
  const test::TestDatabase database;
  Store store{database.urls(), {}};
  const auto pid = [&] {
    return store.in_tx(kStoreTenant, [](Tx& tx) { return tx.exec(kMyPid)[0]["pid"].as<std::string>(); });
  };
  const std::string before = pid();
  CHECK(pid() == before);
  database.run("SELECT pg_terminate_backend(" + before + ", 5000)");
  CHECK(pid() != before);
  CHECK(store.app_pool().open == 1);
}

TEST_CASE("a connection lost inside a transaction ends it and nothing of it stays", "[store]") {
  const test::TestDatabase database;
  Store store{database.urls(), {}};
  int calls = 0;
  CHECK_THROWS_AS(store.in_tx(kStoreTenant,
                              [&](Tx& tx) {
                                ++calls;
                                insert_asked(tx, "lost");
                                database.run("SELECT pg_terminate_backend(" +
                                             tx.exec(kMyPid)[0]["pid"].as<std::string>() + ", 5000)");
                                insert_asked(tx, "lost too");
                              }),
                  pqxx::failure);
  CHECK(calls == 1);
  CHECK(count_asked(store) == 0);
}

TEST_CASE("a caller who finds every connection busy is told so in time and the dispatcher is not held up", "[store]") {
  const test::TestDatabase database;
  PoolOptions options;
  options.app_connections = 1;
  options.wait_max = std::chrono::milliseconds{30};
  Store store{database.urls(), options};
  store.in_tx(kStoreTenant, [&](Tx&) {
    CHECK_THROWS_AS(count_asked(store), PoolExhausted);
    CHECK(store.across_tenants([](Tx& tx) { return tx.exec(kCountAsked)[0][0].as<int>(); }) == 0);
  });
  CHECK(count_asked(store) == 0);
}

TEST_CASE("a server that cannot be reached is revived once before giving up", "[store]") {
  const test::TestDatabase database;
  int revived = 0;
  Store store{{"", "host=/nowhere dbname=x", "host=/nowhere dbname=x"}, {}, [&] { ++revived; }};
  CHECK_THROWS_AS(count_asked(store), pqxx::broken_connection);
  CHECK(revived == 1);
  CHECK(store.app_pool().in_use == 0);
}

TEST_CASE("values come back as they went in", "[store][param]") {
  const test::TestDatabase database;
  Store store{database.urls(), {}};
  constexpr EmbeddedText kEcho{
      "test_echo",
      "SELECT $1::bytea AS bytes, $2::timestamptz AS at, $3::text[] AS names, $4::text AS text,"
      " $5::bigint[] AS numbers, $6::timestamptz AS never, $7::float8 AS half,"
      " (extract(epoch FROM $8::interval) * 1000000)::bigint AS micros, $9::boolean AS yes"};
  const std::string all_bytes = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
  }();
  const std::vector<std::string> names{"plain",   "",       "comma, and \"quotes\"", "back\\slash", "NULL",
                                       "{brace}", "ünïcode"};
  for (const auto prepared : {PreparedStatements::on, PreparedStatements::off}) {
    PoolOptions options;
    options.prepared_statements = prepared;
    Store either{database.urls(), options};
    either.in_tx(kStoreTenant, [&](Tx& tx) {
      const Instant at = kAskedAt + std::chrono::microseconds{123456};
      const auto row =
          tx.exec(kEcho, Bytes{all_bytes}, at, names, std::optional<std::string>{},
                  std::vector<std::int64_t>{1, -5'000'000'000}, Instant::max(), 0.5, Duration{90'000'001}, true)[0];
      CHECK(column<Bytes>(row["bytes"]).data == all_bytes);
      CHECK(column<Instant>(row["at"]) == at);
      CHECK(column<std::vector<std::string>>(row["names"]) == names);
      CHECK(column<std::optional<std::string>>(row["text"]) == std::nullopt);
      CHECK_THROWS_AS(column<std::string>(row["text"]), std::runtime_error);
      CHECK(column<std::string>(row["numbers"]) == "{1,-5000000000}");
      CHECK(column<Instant>(row["never"]) == Instant::max());
      CHECK(column<double>(row["half"]) == 0.5);
      CHECK(column<Duration>(row["micros"]) == Duration{90'000'001});
      CHECK(column<bool>(row["yes"]));
    });
  }
  CHECK_THROWS_AS(Param(std::string("a\0b", 3)), std::invalid_argument);
}
